"""The prices of another day: every catalogue that the hub has run with is kept, and costs can be asked for with it."""

from edgeprof_hub.cost.billed_tokens import measured_billing
from edgeprof_hub.cost.catalogue.loader import load_catalogue
from edgeprof_hub.cost.catalogue.packed import packed, unpacked
from edgeprof_hub.cost.price_moment import Prices, moment_s
from edgeprof_hub.failures import not_found
from edgeprof_hub.store import catalogues
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.thread import WriterThread


def keep_current(writer: WriterThread, now_s: float) -> None:
    """Keep the catalogue that this hub runs with. Once for each hash; waits until it is on disk."""
    catalogue = load_catalogue()
    record = catalogues.KeptCatalogue(catalogue.sha256, str(catalogue.as_of), now_s)
    content = packed(catalogue)
    writer.call(lambda store: store.change(lambda connection: catalogues.keep(connection, record, content)))


def prices_asked(reader: SqliteReader, catalogue: str, as_of: str, now_s: float) -> Prices:
    """The prices that an address asks for; blank is the present. Raises EdgeprofError for a hash that is not kept."""
    current = load_catalogue()
    at_s, billed = moment_s(as_of, now_s), measured_billing(reader, reader.models())
    if catalogue in ("", current.sha256):
        return Prices(current, at_s, billed)
    content = reader.catalogues.content(catalogue)
    if content is None:
        raise not_found("price catalogue", catalogue)
    return Prices(unpacked(catalogue, content), at_s, billed)
