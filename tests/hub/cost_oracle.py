"""What the edge costs a day and per inference: formulas 1 to 8 of docs/cost.md, in Decimal.

The oracle that the hub's float model is held against. Quantities are seconds, joules, watts and US dollars, as the
names say; `per_day` is inferences a day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation

from edgeprof_hub.cost.checks import CostError

SECONDS_PER_DAY = Decimal(86_400)
DAYS_PER_YEAR = Decimal(365)
JOULES_PER_KWH = Decimal(3_600_000)
NO_RATE = Decimal("1e-12")
SUPPLY_EFFICIENCY = Decimal("0.85")
"""Assumed where nobody measured it; plausible from 0.75 to 0.92."""


def exact(value: float | int | str | Decimal, name: str) -> Decimal:
    """The decimal that a person would write for `value`; NaN, infinity and text that is no number are refused."""
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise CostError("cost_input", f"{name} is not a number: {value!r}.") from error
    if not number.is_finite():
        raise CostError("cost_input", f"{name} must be a finite number, not {value}.")
    return number


def at_least_zero(value: Decimal, name: str) -> Decimal:
    """`value`, which may be zero."""
    if value < 0:
        raise CostError("cost_input", f"{name} must not be negative: {value}.")
    return value


def above_zero(value: Decimal, name: str) -> Decimal:
    """`value`, by which something is divided."""
    if value <= 0:
        raise CostError("cost_input", f"{name} must be greater than zero: {value}.")
    return value


def dynamic_j(*, run_j: Decimal, idle_w: Decimal, run_s: Decimal, inferences: Decimal = Decimal(1)) -> Decimal:
    """Formula 1: energy of one inference above idle, `(E_run - P_idle * T_run) / n_run`, one meter and one window.

    Follows MLPerf Power (arXiv 2410.12032) in counting the whole system over the whole window.
    """
    above_idle_j = run_j - idle_w * run_s
    if above_idle_j < 0:
        raise CostError(
            "cost_input",
            f"{run_j} J over {run_s} s is less than idling at {idle_w} W: "
            "the two figures are not of one meter, or the idle figure is too high.",
        )
    return above_idle_j / above_zero(inferences, "The number of inferences")


def wall_j(sensor_j: Decimal, supply_efficiency: Decimal = SUPPLY_EFFICIENCY) -> Decimal:
    """Formula 2: energy at the wall for energy read on the DC side of the power supply."""
    if not 0 < supply_efficiency <= 1:
        raise CostError("cost_input", f"Supply efficiency is a share above 0 and at most 1, not {supply_efficiency}.")
    return at_least_zero(sensor_j, "Energy") / supply_efficiency


def always_on_day_j(*, idle_w: Decimal, per_day: Decimal, inference_dynamic_j: Decimal) -> Decimal:
    """Formula 3, dedicated device that is never off: `86400 * P_idle + n * E_dyn`."""
    return SECONDS_PER_DAY * at_least_zero(idle_w, "Idle power") + per_day * inference_dynamic_j


def shared_day_j(
    *, per_day: Decimal, inference_dynamic_j: Decimal, idle_w: Decimal = Decimal(0), share: Decimal = Decimal(0)
) -> Decimal:
    """Formula 3, device that is on for other work too: `n * E_dyn`, with `share` of its idling if one wants."""
    return share * always_on_day_j(idle_w=idle_w, per_day=Decimal(0), inference_dynamic_j=Decimal(0)) + (
        per_day * inference_dynamic_j
    )


def energy_usd(energy_j: Decimal, tariff_usd_per_kwh: Decimal) -> Decimal:
    """Formula 4: energy at the wall times the tariff. Standing charges are not per kWh and stay out."""
    return energy_j / JOULES_PER_KWH * at_least_zero(tariff_usd_per_kwh, "The tariff")


def capex_usd_per_day(
    *,
    hardware_usd: Decimal,
    lifetime_years: Decimal = Decimal(3),
    share: Decimal = Decimal(1),
    residual_usd: Decimal = Decimal(0),
    discount_rate: Decimal = Decimal(0),
) -> Decimal:
    """Formula 5: `share * (hardware - residual) / (365 * L)`; with a rate r, `1/L` is `r(1+r)^L / ((1+r)^L - 1)`.

    One-time hardware spread over its use, as in Pan et al. (arXiv 2509.18101). L is 2 to 5 years, 3 if unknown.
    """
    spent_usd = at_least_zero(at_least_zero(hardware_usd, "The hardware's price") - residual_usd, "Price less residual")
    years = above_zero(lifetime_years, "The lifetime")
    yearly = 1 / years
    # A rate that is near the last digit of a decimal would leave no digits of (1+r)^L - 1, and changes nothing.
    if at_least_zero(discount_rate, "The discount rate") > NO_RATE:
        growth = (1 + discount_rate) ** years
        yearly = discount_rate * growth / (growth - 1)
    return share * spent_usd * yearly / DAYS_PER_YEAR


def maintenance_usd_per_day(usd_per_year: Decimal = Decimal(0)) -> Decimal:
    """Formula 6: hours, fees and replacements of a year, spread over its days. 0 must be shown as "not counted"."""
    return at_least_zero(usd_per_year, "Maintenance") / DAYS_PER_YEAR


def capacity_per_day(
    service_s: Decimal, concurrency: Decimal = Decimal(1), availability: Decimal = Decimal(1)
) -> Decimal:
    """What one device can do in a day: `N = 86400 * concurrency * A / t`."""
    return SECONDS_PER_DAY * concurrency * availability / above_zero(service_s, "The time of one inference")


def require_within(per_day: Decimal, capacity: Decimal) -> None:
    """Refuse a daily volume that one device cannot do."""
    if per_day > capacity:
        raise CostError(
            "cost_over_capacity",
            f"{per_day:,.0f} a day is more than this device can do ({capacity:,.0f} a day); "
            "lower the volume or count several devices.",
        )


def devices_needed(per_day: Decimal, capacity: Decimal) -> int:
    """`k = ceil(n / N)`, at least one."""
    whole = (per_day / above_zero(capacity, "The capacity")).to_integral_value(rounding=ROUND_CEILING)
    return max(1, int(whole))


@dataclass(frozen=True, kw_only=True)
class EdgeCost:
    """What a device costs, named part by part: dollars a day whether used or not, and dollars per inference."""

    fixed_usd_per_day: Mapping[str, Decimal]
    variable_usd: Mapping[str, Decimal]

    @property
    def fixed_total_usd_per_day(self) -> Decimal:
        return sum(self.fixed_usd_per_day.values(), Decimal(0))


def marginal_usd(edge: EdgeCost) -> Decimal:
    """Formula 8, marginal view: one more inference on hardware that is there already."""
    return sum(edge.variable_usd.values(), Decimal(0))


def full_parts_usd(edge: EdgeCost, per_day: Decimal) -> dict[str, Decimal]:
    """Formula 8, full view, part by part: the fixed parts divided by the real volume, the variable ones as they are."""
    volume = above_zero(per_day, "The daily volume")
    fixed = {name: usd / volume for name, usd in edge.fixed_usd_per_day.items()}
    return {**fixed, **edge.variable_usd}


def full_usd(edge: EdgeCost, per_day: Decimal) -> Decimal:
    """Formula 8, full view: the sum of its parts at the stated daily volume."""
    return sum(full_parts_usd(edge, per_day).values(), Decimal(0))


def floor_usd(edge: EdgeCost, capacity: Decimal) -> Decimal:
    """Formula 8, floor: the full view with the device busy all day. Nobody's bill, only a limit."""
    return full_usd(edge, capacity)
