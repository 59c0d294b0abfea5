"""A run's cost in a scenario: three views of the edge, the cloud, the interval between them and what drives it.

The same inputs, bill and price as in a cell; here each input can be changed, and ten thousand draws go through them.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from edgeprof_hub.cost import draws as cost_draws
from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.bill import (
    DAY_S,
    KWH_J,
    YEAR_DAYS,
    capacity_per_day,
    devices_for,
    edge_parts_usd,
    edge_usd,
    running_usd_per_day,
    standing_w,
    variable_usd,
    wall_j,
)
from edgeprof_hub.cost.break_even import break_even_per_day
from edgeprof_hub.cost.case import Case, case_of, summarised, verdict
from edgeprof_hub.cost.draws import Driver, Spread, Values
from edgeprof_hub.cost.field import Field

CURVE_POINTS = 40
CURVE_DRAWS = 300
MAX_PAYBACK_DAYS = 50 * YEAR_DAYS
IDLE = "edge: idle power"


@dataclass(frozen=True)
class CurvePoint:
    """At one daily volume, in US dollars for a piece: the value of each side and the 5 and 95 % points of the draws."""

    per_day: float
    edge: float
    edge_low: float
    edge_high: float
    cloud: float
    cloud_low: float
    cloud_high: float


@dataclass(frozen=True)
class Crossing:
    """From which whole daily volume the edge costs no more. None: never within what one device can do.

    `low`, `high`: 5 and 95 % points of the draws in which there is one; `share`: in how many of them.
    """

    per_day: int | None
    low: int | None
    high: int | None
    share: float


@dataclass(frozen=True, kw_only=True)
class Explored:
    """All that the page shows, in US dollars for one piece of work. A view that cannot be had is None."""

    per_day: float
    devices: int
    capacity_per_day: float
    utilization: float
    parts_usd: Mapping[str, float]
    edge_usd: float
    marginal_usd: float | None
    floor_usd: float
    cloud_usd: float
    spread: Spread
    drivers: tuple[Driver, ...]
    curve: tuple[CurvePoint, ...]
    crossing: Crossing | None
    """None where the volume does not decide: both bills are mostly fixed."""
    payback_days: float | None
    payback_on: date | None
    edge_per_correct_usd: float | None
    """Formula 15; the ends and the energy are None where the share of right answers was not evaluated here."""
    edge_per_correct_ends_usd: tuple[float, float] | None
    energy_per_correct_j: tuple[float, float, float] | None
    """One right answer, and its ends: those of the share alone."""
    carbon_g: tuple[float, float] | None
    not_counted: tuple[str, ...]

    @property
    def counts_idle(self) -> bool:
        """Whether what the device draws between runs is in its bill."""
        return IDLE not in self.not_counted

    @property
    def verdict(self) -> str:
        """Formula 18."""
        return verdict(self.spread)


def explore(fields: Mapping[str, Field], alternative: Alternative, today: date) -> Explored:
    """The whole answer. Raises CostError where an input that it cannot do without is blank."""
    case = case_of(fields, alternative)
    values, per_day, summary = case.values, case.per_day, summarised(case)
    capacity, devices = capacity_per_day(values), devices_for(values, per_day)
    draws = _draws(case)
    payback = _payback_days(values, per_day, summary.cloud_usd)
    return Explored(
        per_day=per_day,
        devices=devices,
        capacity_per_day=capacity,
        utilization=per_day / (capacity * devices),
        parts_usd={name: usd for name, usd in edge_parts_usd(values, per_day).items() if usd},
        edge_usd=summary.edge_usd,
        marginal_usd=None if fields["energy_j"].value is None else variable_usd(values),
        floor_usd=edge_usd(values, capacity),
        cloud_usd=summary.cloud_usd,
        spread=summary.spread,
        drivers=tuple(cost_draws.drivers(case.inputs, case.bill)),
        curve=_curve(values, alternative, draws, capacity),
        crossing=_crossing(values, alternative, draws) if alternative.tiers else None,
        payback_days=payback,
        payback_on=today + timedelta(days=payback) if payback is not None and payback < MAX_PAYBACK_DAYS else None,
        edge_per_correct_usd=summary.edge_usd / values["accuracy"] if values["accuracy"] else None,
        edge_per_correct_ends_usd=_ends(summary.edge_usd, fields["accuracy"]),
        energy_per_correct_j=_energy_per_correct_j(fields),
        carbon_g=_carbon_g(fields, values, per_day),
        not_counted=_not_counted(fields, alternative),
    )


def _ends(figure: float, share: Field) -> tuple[float, float] | None:
    """A figure over both ends of the share's interval, the lower quotient first."""
    low, high = share.limits
    return (figure / high, figure / low) if share.value and 0 < low < high else None


def _energy_per_correct_j(fields: Mapping[str, Field]) -> tuple[float, float, float] | None:
    energy, share = fields["energy_j"].value, fields["accuracy"]
    ends = None if energy is None else _ends(energy, share)
    return None if energy is None or ends is None or not share.value else (energy / share.value, *ends)


def _draws(case: Case) -> list[dict[str, float]]:
    """The same triangular draws for every volume of the curve, so that its band is smooth."""
    chance = random.Random(cost_draws.SEED)
    return [
        {**case.blank, **{each.name: chance.triangular(each.low, each.high, each.value) for each in case.inputs}}
        for _ in range(CURVE_DRAWS)
    ]


def _curve(
    values: Values, alternative: Alternative, draws: Sequence[Values], capacity: float
) -> tuple[CurvePoint, ...]:
    end = max(values["per_day"] * 10, min(capacity, values["per_day"] * 1000), 100.0)
    end = min(end, alternative.max_per_day(values))
    start = min(1.0, values["per_day"])
    step = (end / start) ** (1 / (CURVE_POINTS - 1))
    return tuple(_curve_point(start * step**index, values, alternative, draws) for index in range(CURVE_POINTS))


def _curve_point(per_day: float, values: Values, alternative: Alternative, draws: Sequence[Values]) -> CurvePoint:
    edges = sorted(edge_usd(drawn, per_day) for drawn in draws)
    clouds = sorted(alternative.usd(drawn, per_day) for drawn in draws)
    low, high = int(0.05 * len(draws)), int(0.95 * len(draws))
    edge, cloud = edge_usd(values, per_day), alternative.usd(values, per_day)
    return CurvePoint(per_day, edge, edges[low], edges[high], cloud, clouds[low], clouds[high])


def _crossing(values: Values, alternative: Alternative, draws: Sequence[Values]) -> Crossing:
    found = sorted(n for drawn in draws if (n := break_even_per_day(drawn, alternative)) is not None)
    ends = (found[int(0.05 * len(found))], found[int(0.95 * len(found))]) if found else (None, None)
    return Crossing(break_even_per_day(values, alternative), *ends, len(found) / len(draws))


def _payback_days(values: Values, per_day: float, cloud: float) -> float | None:
    """Formula 14: money spent on hardware over what is saved each day; None where nothing is."""
    devices = devices_for(values, per_day)
    saved = per_day * (cloud - variable_usd(values)) - devices * running_usd_per_day(values)
    spent = devices * max(0.0, values["price_usd"] - values["residual_usd"]) * values["share_percent"] / 100
    return spent / saved if saved > 0 else None


def _carbon_g(fields: Mapping[str, Field], values: Values, per_day: float) -> tuple[float, float] | None:
    """Formula 16 between the limits of the grid's figure; None while no energy is known."""
    if all(fields[key].value is None for key in ("energy_j", "idle_w", "sleep_w")):
        return None
    devices, efficiency = devices_for(values, per_day), values["efficiency"] or 1.0
    joules = wall_j(values) + devices * standing_w(values) * DAY_S / efficiency / per_day
    served = YEAR_DAYS * values["lifetime_years"] * per_day
    made_g = devices * values["embodied_kg"] * 1000 * values["share_percent"] / 100 / served
    low, high = fields["grid_g"].limits
    return joules / KWH_J * low + made_g, joules / KWH_J * high + made_g


def _not_counted(fields: Mapping[str, Field], alternative: Alternative) -> tuple[str, ...]:
    blank = {key for key, field in fields.items() if field.value is None}
    offered = {
        "edge: energy (not measured in this run)": "energy_j" in blank,
        IDLE: {"idle_w", "sleep_w"} <= blank,
        "edge: maintenance": "maintenance_usd" in blank,
        "edge: network": bool({"sent_bytes", "usd_per_gb"} & blank),
        "edge: battery wear, if it has a battery": "battery_wh" in blank,
        "edge: battery wear (energy unknown)": "battery_wh" not in blank and {"energy_j", "idle_w", "sleep_w"} <= blank,
        "cloud: disks": "disk_usd" in alternative.uses and "disk_usd" in blank,
        "cloud: network": "response_bytes" not in alternative.uses
        or bool({"response_bytes", "egress_usd_per_gb"} & blank),
        "both: quality": "accuracy" in blank,
        "both: the baseline's accuracy": True,
    }
    return tuple(text for text, is_left_out in offered.items() if is_left_out)
