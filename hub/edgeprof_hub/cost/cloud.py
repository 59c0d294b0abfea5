"""What the cloud costs: formulas 9, 11 and 12 of docs/cost.md, in Decimal, without I/O.

A month is a twelfth of 365 days. Which price is put in (on demand, spot, reserved) is the caller's to say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from edgeprof_hub.cost.formulas import DAYS_PER_YEAR, CostError, above_zero, at_least_zero

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
        start = end if tier.up_to is None else tier.up_to
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
