"""From which daily volume on the edge is the cheaper one: formula 14 of docs/cost.md, in Decimal, without I/O."""

from collections.abc import Sequence
from decimal import Decimal

from edgeprof_hub.cost.cloud import DAYS_PER_MONTH, Tier, month_usd
from edgeprof_hub.cost.formulas import EdgeCost, marginal_usd


def break_even_per_day(edge: EdgeCost, tiers: Sequence[Tier], capacity: Decimal) -> Decimal | None:
    """Formula 14: the smallest n at which a month on one device costs no more than in the cloud; None is never.

    With one price it is `n* = F / (p - v)`. With tiers both bills are straight lines between the tiers' limits, so
    the first crossing is solved exactly there. Beyond the capacity more devices cost more too: that is never.
    """
    month_fixed_usd = edge.fixed_total_usd_per_day * DAYS_PER_MONTH
    start = Decimal(0)
    for tier in tiers:
        units = _crossing(month_fixed_usd, marginal_usd(edge), start, month_usd(start, tiers), tier)
        if units is not None:
            per_day = units / DAYS_PER_MONTH
            return per_day if per_day <= capacity else None
        start = tier.up_to if tier.up_to is not None else start
    return None


def _crossing(
    month_fixed_usd: Decimal, edge_unit_usd: Decimal, start: Decimal, cloud_at_start_usd: Decimal, tier: Tier
) -> Decimal | None:
    """Where in this tier `fixed + v * m` meets `cloud(start) + p * (m - start)`, if it does."""
    ahead_usd = month_fixed_usd + edge_unit_usd * start - cloud_at_start_usd
    if ahead_usd <= 0:
        return start
    gain_usd = tier.usd_per_unit - edge_unit_usd
    if gain_usd <= 0:
        return None
    units = start + ahead_usd / gain_usd
    return units if tier.up_to is None or units <= tier.up_to else None
