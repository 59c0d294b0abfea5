"""Graduated prices in floats: what a month's units cost, formula 11 of docs/cost.md. A month is 365/12 days."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeprof_hub.cost.catalogue.schema import PriceTier

MONTH_DAYS = 365 / 12


@dataclass(frozen=True)
class Tier:
    """Units of a month up to and with number `up_to` (None: without end) cost `usd` each."""

    up_to: float | None
    usd: float


Tiers = Sequence[Tier]


def in_floats(tiers: Iterable[PriceTier]) -> tuple[Tier, ...]:
    """The tiers of an entry of the catalogue."""
    return tuple(Tier(None if tier.up_to is None else float(tier.up_to), float(tier.price)) for tier in tiers)


def month_usd(units: float, tiers: Tiers) -> float:
    """Formula 11: each unit has the price of the tier that it falls into.

    Beyond the end of a list its last price goes on, for draws that reach there. `list_end` says where that is: no
    figure is shown for a volume beyond it.
    """
    total, start = 0.0, 0.0
    for tier in tiers:
        end = units if tier.up_to is None else min(units, tier.up_to)
        total += max(0.0, end - start) * tier.usd
        start = max(start, end)
    return total + max(0.0, units - start) * (tiers[-1].usd if tiers else 0.0)


def list_end(tiers: Tiers) -> float:
    """The last unit of a month that has a price."""
    last = tiers[-1].up_to if tiers else None
    return math.inf if last is None else last
