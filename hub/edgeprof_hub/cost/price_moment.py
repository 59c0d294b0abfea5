"""Which prices a cost is computed with: a catalogue, and the moment for which token prices are looked up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from edgeprof.wire import rest
from edgeprof_hub.cost.billed_tokens import BilledTokens, measured_billing
from edgeprof_hub.cost.catalogue.loader import Catalogue, load_catalogue
from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.store.base import ReadStore

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Earlier than any price that is known here."""


@dataclass(frozen=True)
class Prices:
    """`at_s`: Unix seconds. A price is as old, or as stale, as it was at that moment."""

    catalogue: Catalogue
    at_s: float
    billed: Mapping[str, BilledTokens] = field(default_factory=lambda: {})
    """What hosted models that this hub measured bill beside the text, by `provider/model`."""

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.at_s, tz=UTC).date()


def prices_now(now_s: float) -> Prices:
    """Those of the catalogue that this hub runs with."""
    return Prices(load_catalogue(), now_s)


def hub_prices(store: ReadStore, models: Iterable[rest.ModelRecord], now_s: float) -> Prices:
    """The same, with what the hosted models among `models` were measured to bill."""
    return Prices(load_catalogue(), now_s, measured_billing(store, models))


def moment_s(text: str, now_s: float) -> float:
    """Unix seconds of `2025-05-01` (its first second) or `2025-05-01T12:00`, in UTC; blank is now.

    Raises CostError for what is no moment, and for one that is still to come: no price of it is known.
    """
    if not text.strip():
        return now_s
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise CostError(
            "bad_moment", f"{text[:40]!r} is not a date. Use 2026-05-01, or 2026-05-01T12:00 in UTC."
        ) from error
    at_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if at_s < EARLIEST.timestamp():
        raise CostError("bad_moment", f"{text[:40]} is too early: prices start in {EARLIEST.year}.")
    if at_s > now_s:
        raise CostError("bad_moment", f"{text[:40]} is in the future: its prices are not known yet.")
    return at_s


def written_moment(at_s: float) -> str:
    """The same, to the minute, as an address has it."""
    return datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m-%dT%H:%M")
