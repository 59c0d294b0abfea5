"""Which prices a cost is computed with: a catalogue, and the moment for which token prices are looked up."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from edgeprof_hub.compare.catalogue.loader import Catalogue, load_catalogue


@dataclass(frozen=True)
class Prices:
    """`at_s`: Unix seconds. A price is as old, or as stale, as it was at that moment."""

    catalogue: Catalogue
    at_s: float

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.at_s, tz=UTC).date()


def prices_now(now_s: float) -> Prices:
    """Those of the catalogue that this hub runs with."""
    return Prices(load_catalogue(), now_s)
