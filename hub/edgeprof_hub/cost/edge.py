"""The edge's side of a cell's cost: one device's parts, how many devices the volume needs, what it all rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from edgeprof.wire.messages import MetricRow
from edgeprof_hub.cost import formulas
from edgeprof_hub.cost.catalogue.loader import Catalogue
from edgeprof_hub.cost.inputs import Input, catalogue_input, plain
from edgeprof_hub.cost.kind import WorkKind
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.work import Energy, Work, energy_of, work_of


@dataclass(frozen=True, kw_only=True)
class Board:
    """What a person entered as the price of one device."""

    price_usd: Decimal
    source: str


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Costs of one device, how many of them the volume needs, and the inputs."""

    work: Work
    energy: Energy
    device: formulas.EdgeCost
    devices: int
    capacity_per_day: Decimal
    low_usd_per_day: Decimal
    high_usd_per_day: Decimal
    """All devices' daily bill with the longest and the shortest lifetime of the scenario."""
    tariff_usd_per_kwh: Decimal
    inputs: tuple[Input, ...]
    missing: tuple[str, ...]

    @property
    def fleet(self) -> formulas.EdgeCost:
        """All devices together."""
        return _times(self.device, self.devices)


def edge_of(
    *,
    kind: WorkKind,
    is_language: bool,
    metrics: Mapping[str, MetricRow],
    board: Board,
    scenario: Scenario,
    catalogue: Catalogue,
    today: date,
) -> Edge:
    """The edge's side. Raises CostError where a figure that it needs was not measured.

    `is_language`: the run measured two rates, not the time of an inference.
    """
    work = work_of(kind, is_language, metrics, scenario)
    energy = energy_of(kind, is_language, metrics, scenario)
    tariff, tariff_inputs = _tariff(scenario, catalogue, today)
    capacity = formulas.capacity_per_day(work.service_s)
    devices = formulas.devices_needed(work.per_day, capacity)
    shortest, longest = sorted((*scenario.lifetime_limits_years, scenario.lifetime_years))[::2]

    def bill_usd_per_day(years: Decimal) -> Decimal:
        device = _device_cost(board, years, energy, tariff, scenario)
        return formulas.full_usd(_times(device, devices), work.per_day) * work.per_day

    return Edge(
        work=work,
        energy=energy,
        device=_device_cost(board, scenario.lifetime_years, energy, tariff, scenario),
        devices=devices,
        capacity_per_day=capacity,
        low_usd_per_day=bill_usd_per_day(longest),
        high_usd_per_day=bill_usd_per_day(shortest),
        tariff_usd_per_kwh=tariff,
        inputs=(
            *work.inputs,
            *_entered(board, scenario),
            _count(devices, capacity, work),
            *energy.inputs,
            *tariff_inputs,
        ),
        missing=(*energy.missing, *(() if scenario.maintenance_usd_per_year else ("maintenance",)), "network"),
    )


def _times(device: formulas.EdgeCost, devices: int) -> formulas.EdgeCost:
    fixed = {name: usd * devices for name, usd in device.fixed_usd_per_day.items()}
    return formulas.EdgeCost(fixed_usd_per_day=fixed, variable_usd=device.variable_usd)


def _device_cost(
    board: Board, lifetime_years: Decimal, energy: Energy, tariff: Decimal, scenario: Scenario
) -> formulas.EdgeCost:
    """Parts that are known. A part that is not has no entry, never a zero."""
    fixed = {"hardware": formulas.capex_usd_per_day(hardware_usd=board.price_usd, lifetime_years=lifetime_years)}
    if scenario.maintenance_usd_per_year:
        fixed["maintenance"] = formulas.maintenance_usd_per_day(scenario.maintenance_usd_per_year)
    variable = {} if energy.wall_j is None else {"energy": formulas.energy_usd(energy.wall_j, tariff)}
    return formulas.EdgeCost(fixed_usd_per_day=fixed, variable_usd=variable)


def _entered(board: Board, scenario: Scenario) -> tuple[Input, ...]:
    low, high = scenario.lifetime_limits_years
    limits = f"{plain(low)} to {plain(high)} are usual"
    price = Input(name="board price", value=f"{plain(board.price_usd)} USD", origin="entered", source=board.source)
    years = Input(name="lifetime", value=f"{plain(scenario.lifetime_years)} years", origin="assumed", source=limits)
    if not scenario.maintenance_usd_per_year:
        return price, years
    upkeep = f"{plain(scenario.maintenance_usd_per_year)} USD a year"
    return price, years, Input(name="maintenance", value=upkeep, origin="entered")


def _count(devices: int, capacity: Decimal, work: Work) -> Input:
    source = f"one can do {plain(capacity.to_integral_value())} {work.piece} a day, always available"
    return Input(name="devices", value=str(devices), origin="assumed", source=source)


def _tariff(scenario: Scenario, catalogue: Catalogue, today: date) -> tuple[Decimal, tuple[Input, ...]]:
    if scenario.tariff_usd_per_kwh is not None:
        value = f"{plain(scenario.tariff_usd_per_kwh)} USD/kWh"
        stated = Input(name="tariff", value=value, origin="entered", source="the fleet's scenario")
        return scenario.tariff_usd_per_kwh, (stated,)
    priced = catalogue.get(scenario.tariff_id, "tariff")
    currency = priced.entry.currency
    stated = catalogue_input("tariff", f"{plain(priced.price)} {currency}/kWh", priced, today)
    if currency == "USD":
        return priced.price, (stated,)
    rate = scenario.rate(currency)
    if rate is None:
        raise formulas.CostError(
            "price_currency", f"{priced.entry.id} is in {currency}, and the scenario has no exchange rate for it."
        )
    value = f"{plain(rate.usd)} USD per {currency}"
    return priced.price * rate.usd, (
        stated,
        Input(name="exchange rate", value=value, origin="entered", as_of=rate.as_of),
    )
