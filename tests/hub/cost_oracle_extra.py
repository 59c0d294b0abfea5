"""Parts of a cost that a scenario may add: formulas 3 (duty cycle), 7, 11 (audio), 12, 13, 14 (payback), 15 and 16.

In Decimal, for the oracle; see docs/cost.md for each formula's source.
"""

from decimal import ROUND_CEILING, Decimal

from edgeprof_hub.cost.checks import CostError
from tests.hub.cost_oracle import DAYS_PER_YEAR, JOULES_PER_KWH, SECONDS_PER_DAY, above_zero, at_least_zero

BYTES_PER_GB = Decimal(1_000_000_000)


def duty_cycled_day_j(
    *,
    per_day: Decimal,
    service_s: Decimal,
    wake_s: Decimal,
    sleep_w: Decimal,
    inference_j: Decimal,
    wake_j: Decimal = Decimal(0),
) -> Decimal:
    """Formula 3, device that sleeps between runs: `(86400 - n(t + t_wake)) P_sleep + n (E_active + E_wake)`."""
    awake_s = per_day * (above_zero(service_s, "The time of one inference") + at_least_zero(wake_s, "Waking up"))
    if awake_s > SECONDS_PER_DAY:
        raise CostError("cost_over_capacity", f"{per_day:,.0f} runs with their wake-ups take more than a day.")
    asleep_j = (SECONDS_PER_DAY - awake_s) * at_least_zero(sleep_w, "Power asleep")
    return asleep_j + per_day * (at_least_zero(inference_j, "Energy") + at_least_zero(wake_j, "Energy of waking up"))


def network_usd(sent_bytes: Decimal, usd_per_gb: Decimal) -> Decimal:
    """Formulas 7 and 13: what the bytes of one inference cost on a data plan (1 GB is 10^9 bytes)."""
    return at_least_zero(sent_bytes, "Bytes") / BYTES_PER_GB * at_least_zero(usd_per_gb, "The price of a GB")


def battery_usd(*, inference_j: Decimal, battery_j: Decimal, cycles: Decimal, battery_usd: Decimal) -> Decimal:
    """Formula 7, battery device: the share of the battery's life that one inference uses up."""
    life_j = above_zero(battery_j, "The battery's energy") * above_zero(cycles, "The battery's cycles")
    return at_least_zero(inference_j, "Energy") / life_j * at_least_zero(battery_usd, "The battery's price")


def billed_audio_s(duration_s: Decimal, granularity_s: Decimal, minimum_s: Decimal = Decimal(0)) -> Decimal:
    """Formula 11: seconds that a speech service bills, `max(minimum, ceil(duration / granularity) * granularity)`."""
    steps = (
        at_least_zero(duration_s, "The duration") / above_zero(granularity_s, "The granularity")
    ).to_integral_value(rounding=ROUND_CEILING)
    return max(minimum_s, steps * granularity_s)


def rented_month_usd(
    *,
    hour_usd: Decimal,
    instances: int,
    hours_on: Decimal,
    disk_usd: Decimal = Decimal(0),
    response_bytes: Decimal = Decimal(0),
    egress_usd_per_gb: Decimal = Decimal(0),
) -> Decimal:
    """Formula 12: a month's bill of rented machines: hours that they are on, disks, and what they send out."""
    machines_usd = instances * at_least_zero(hour_usd, "The hourly price") * at_least_zero(hours_on, "Hours")
    return machines_usd + at_least_zero(disk_usd, "The disk") + network_usd(response_bytes, egress_usd_per_gb)


def payback_days(
    *, hardware_usd: Decimal, per_day: Decimal, cloud_usd: Decimal, marginal_usd: Decimal, running_usd_per_day: Decimal
) -> Decimal | None:
    """Formula 14: `hardware / (n (p - v) - daily idle and maintenance cost)`; None where nothing is saved each day."""
    saved_usd = per_day * (cloud_usd - marginal_usd) - running_usd_per_day
    return at_least_zero(hardware_usd, "The hardware's price") / saved_usd if saved_usd > 0 else None


def usd_per_correct(usd: Decimal, accuracy: Decimal) -> Decimal:
    """Formula 15: cost of a correct answer (Cost-of-Pass, arXiv 2504.13359). `accuracy`: on the same test set."""
    if not 0 < accuracy <= 1:
        raise CostError("cost_input", f"Accuracy is a share above 0 and at most 1, not {accuracy}.")
    return usd / accuracy


def carbon_g(
    *,
    wall_j: Decimal,
    grid_g_per_kwh: Decimal,
    embodied_g: Decimal = Decimal(0),
    share: Decimal = Decimal(1),
    lifetime_years: Decimal = Decimal(3),
    per_day: Decimal = Decimal(1),
) -> Decimal:
    """Formula 16: grams of CO2e of one inference: energy at the wall, and its part of making the device (SCI 1.1)."""
    running_g = at_least_zero(wall_j, "Energy") / JOULES_PER_KWH * at_least_zero(grid_g_per_kwh, "Grid intensity")
    served = DAYS_PER_YEAR * above_zero(lifetime_years, "The lifetime") * above_zero(per_day, "The daily volume")
    return running_g + at_least_zero(embodied_g, "Embodied carbon") * share / served
