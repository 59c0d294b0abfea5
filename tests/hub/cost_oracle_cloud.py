"""What the cloud costs and where both bills meet: formulas 9, 11, 12 and 14 of docs/cost.md, in Decimal: the oracle.

A month is a twelfth of 365 days. Which price is put in (on demand, spot, reserved) is the caller's to say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from edgeprof_hub.cost.checks import CostError
from tests.hub.cost_oracle import DAYS_PER_YEAR, EdgeCost, above_zero, at_least_zero, marginal_usd
from tests.hub.cost_oracle_extra import billed_audio_s

DAYS_PER_MONTH = DAYS_PER_YEAR / 12
SECONDS_PER_HOUR = Decimal(3600)
TOKENS_PER_PRICE = Decimal(1_000_000)


@dataclass(frozen=True)
class TokenUse:
    """Tokens of one kind in one request, and their price."""

    kind: str
    tokens: Decimal
    usd_per_million: Decimal


def tokens_usd(
    uses: Iterable[TokenUse], retry_share: Decimal = Decimal(0), request_fee_usd: Decimal = Decimal(0)
) -> Decimal:
    """Formula 9: `(1 + retry) * sum over kinds of tokens * price + fee` for one request."""
    once = sum((use.tokens * use.usd_per_million / TOKENS_PER_PRICE for use in uses), Decimal(0))
    return (1 + at_least_zero(retry_share, "The share of retries")) * once + request_fee_usd


@dataclass(frozen=True)
class Tier:
    """The price of each unit up to and with number `up_to` of a month; None is without end."""

    up_to: Decimal | None
    usd_per_unit: Decimal


def with_free_units(tiers: Sequence[Tier], free_units: Decimal) -> tuple[Tier, ...]:
    """The same tiers where the first units of a month cost nothing. Tier limits keep counting them."""
    if free_units == 0:
        return tuple(tiers)
    return (Tier(free_units, Decimal(0)), *tiers)


def month_usd(units: Decimal, tiers: Sequence[Tier]) -> Decimal:
    """Formula 11: a month's bill with graduated tiers: each unit has the price of the tier that it falls into."""
    total, start = Decimal(0), Decimal(0)
    for tier in tiers:
        end = units if tier.up_to is None else min(units, tier.up_to)
        total += max(Decimal(0), end - start) * tier.usd_per_unit
        start = max(start, end)
    if units > start:
        raise CostError(
            "cost_input", f"The price list ends at {start:,.0f} units a month; {units:,.0f} were asked for."
        )
    return total


def call_usd(calls_per_day: Decimal, tiers: Sequence[Tier], units: Decimal | int = 1) -> Decimal:
    """Formula 11: one call's share of the month's bill, if it is billed as so many units.

    Each feature asked of one image is a unit; of audio and of documents, hours and pages are.
    """
    calls = above_zero(calls_per_day, "The daily volume") * DAYS_PER_MONTH
    return month_usd(calls * units, tiers) / calls


def instance_usd_per_day(hour_usd: Decimal, instances: int = 1, hours_a_day: Decimal = Decimal(24)) -> Decimal:
    """Formula 12: rented instances, paid for while they are on and not while they work."""
    return instances * at_least_zero(hour_usd, "The hourly price") * hours_a_day


def instance_usd(
    hour_usd: Decimal, per_day: Decimal, instances: int = 1, hours_a_day: Decimal = Decimal(24)
) -> Decimal:
    """Formula 12: what one inference costs on rented instances at the user's real volume."""
    return instance_usd_per_day(hour_usd, instances, hours_a_day) / above_zero(per_day, "The daily volume")


def instance_bound_usd(hour_usd: Decimal, throughput_per_s: Decimal) -> Decimal:
    """The classic `hourly / 3600 / X`: a lower bound that nobody pays (100 % busy, ideal batching). Label it so."""
    return hour_usd / SECONDS_PER_HOUR / above_zero(throughput_per_s, "The throughput")


def instances_needed(peak_per_s: Decimal, throughput_per_s: Decimal) -> int:
    """Formula 12: `k = ceil(peak rate / X)`, X being the throughput at the latency that is wanted."""
    ratio = peak_per_s / above_zero(throughput_per_s, "The throughput")
    return max(1, int(ratio.to_integral_value(rounding=ROUND_CEILING)))


def utilisation(
    per_day: Decimal, throughput_per_s: Decimal, instances: int = 1, hours_a_day: Decimal = Decimal(24)
) -> Decimal:
    """Formula 12: the share of what the rented instances could do that is used. Flag it below a tenth."""
    return per_day / (instances * above_zero(throughput_per_s, "The throughput") * SECONDS_PER_HOUR * hours_a_day)


def crossing_per_day(edge: EdgeCost, tiers: Sequence[Tier], capacity: Decimal) -> Decimal | None:
    """Formula 14: where a month on one device costs as much as in the cloud, exactly; None is never.

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


def least_whole_per_day(edge: EdgeCost, tiers: Sequence[Tier], most: int) -> int | None:
    """The break-even by trying: the first whole volume up to `most` at which the device costs no more."""
    for per_day in range(1, most + 1):
        month = per_day * DAYS_PER_MONTH
        edge_usd = edge.fixed_total_usd_per_day * DAYS_PER_MONTH + marginal_usd(edge) * month
        if edge_usd <= month_usd(month, tiers):
            return per_day
    return None


def audio_units(duration_s: Decimal, unit_s: Decimal, granularity_s: Decimal | None, minimum_s: Decimal) -> Decimal:
    """Formula 11: how many units one request with so much audio is billed as; without steps its exact length is."""
    heard_s = above_zero(duration_s, "The seconds of audio")
    if granularity_s is None:
        return max(minimum_s, heard_s) / unit_s
    return billed_audio_s(heard_s, granularity_s, minimum_s) / unit_s
