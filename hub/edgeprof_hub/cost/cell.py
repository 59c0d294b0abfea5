"""The cost of one measured cell beside its cloud baseline, with every input that it rests on, or why there is none.

The explorer's inputs, bill and price as they are before anybody changes one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.cost import bill
from edgeprof_hub.cost.alternative import Alternative, key_of
from edgeprof_hub.cost.alternatives import alternative_of
from edgeprof_hub.cost.break_even import break_even_per_day
from edgeprof_hub.cost.case import values_of
from edgeprof_hub.cost.cell_inputs import catalogue_hash, cloud_inputs, devices_input, edge_inputs, idle_input
from edgeprof_hub.cost.checks import above_zero, at_least_zero
from edgeprof_hub.cost.draws import Values
from edgeprof_hub.cost.field import Field
from edgeprof_hub.cost.fields import fields_of
from edgeprof_hub.cost.kind import compared_as
from edgeprof_hub.cost.price_moment import Prices, written_moment
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import Subject
from edgeprof_hub.cost.verdict import Balance, verdict
from edgeprof_hub.cost.work import MeasuredQuantity, Unit, energy_j, energy_left_out, per_day_of, service_ms, unit_of

EMULATED = (
    "An emulated or replayed device has the speed and energy of another machine: its cost is unknown. "
    "Measure on the real device."
)
NO_PRICE = (
    "No price is entered for this device. Enter it on the device's page, "
    "or with `edgeprof price DEVICE USD --source WHERE-AND-WHEN`."
)
NO_BASELINE_PRICE = "No verdict: the cloud baseline has no price."


@dataclass(frozen=True, kw_only=True)
class _Edge:
    """The device's side: what was measured, and the values of every input."""

    subject: Subject
    scenario: Scenario
    unit: Unit
    service: MeasuredQuantity
    energy: MeasuredQuantity | None
    fields: Mapping[str, Field]
    values: Values
    per_day: float

    @property
    def devices(self) -> int:
        return bill.devices_for(self.values, self.per_day)

    @property
    def daily_usd(self) -> tuple[float, float]:
        """All devices' bill of a day with the longest and with the shortest lifetime of the scenario."""
        limits = (*self.scenario.lifetime_limits_years, self.scenario.lifetime_years)
        low, high = (
            bill.edge_usd({**self.values, "lifetime_years": years}, self.per_day) * self.per_day
            for years in (max(limits), min(limits))
        )
        return low, high

    @property
    def parts_usd(self) -> dict[str, float]:
        """Of the shown unit. A part that is not known has no entry, never a zero."""
        known = {
            "hardware": True,
            "maintenance": bool(self.scenario.maintenance_usd_per_year),
            "energy": self.energy is not None,
        }
        parts = bill.edge_parts_usd(self.values, self.per_day)
        return {name: self.shown_usd(parts[name]) for name, is_known in known.items() if is_known}

    def shown_usd(self, piece_usd: float) -> float:
        """Of the shown unit, by what one piece costs."""
        return bill.settled(piece_usd * self.unit.pieces)

    @property
    def left_out(self) -> tuple[str, ...]:
        upkeep = () if self.scenario.maintenance_usd_per_year else ("maintenance",)
        return (*energy_left_out(self.subject, self.energy), *upkeep, "network")


def cell_cost(subject: Subject, scenario: Scenario, prices: Prices) -> rest.CostView | str:
    """The cost view; a text is the reason why there is none."""
    if subject.is_emulated:
        return EMULATED
    if subject.price_usd is None:
        return NO_PRICE
    try:
        at_least_zero(subject.price_usd, "The device's price")
        edge = _edge(subject, scenario, prices)
        if subject.idle_w is not None:
            at_least_zero(subject.idle_w, "Idle power")
        key = key_of(scenario.baseline(compared_as(subject.task, subject.format)))
        return _view(edge, _cloud(key, edge, prices), prices)
    except EdgeprofError as error:
        return error.message


def _edge(subject: Subject, scenario: Scenario, prices: Prices) -> _Edge:
    """Raises CostError where a figure that it needs was not measured."""
    service, energy = service_ms(subject, scenario), energy_j(subject, scenario)
    fields = fields_of(subject, scenario, prices)
    return _Edge(
        subject=subject,
        scenario=scenario,
        unit=unit_of(subject, scenario),
        service=service,
        energy=energy,
        fields=fields,
        values=values_of(fields),
        per_day=above_zero(per_day_of(subject.kind, scenario), "The daily volume"),
    )


@dataclass(frozen=True, kw_only=True)
class _Cloud:
    """The cloud's side; `usd`: of one piece, and what it may come to with the most tokens that are assumed."""

    alternative: Alternative
    usd: tuple[float, float]


def _cloud(key: str, edge: _Edge, prices: Prices) -> _Cloud | str:
    """The baseline's price, or why it has none: the edge's figure stands without it."""
    try:
        alternative = alternative_of(key, edge.fields, prices)
        usd = alternative.usd_listed(edge.values, edge.per_day)
    except EdgeprofError as error:
        return error.message
    high = alternative.usd({**edge.values, "tau": edge.scenario.cloud_tokens_limit}, edge.per_day)
    return _Cloud(alternative=alternative, usd=(usd, high))


def _view(edge: _Edge, cloud: _Cloud | str, prices: Prices) -> rest.CostView:
    priced = None if isinstance(cloud, str) else cloud.alternative
    volume, kind = _break_even(edge, priced)
    marginal_usd, floor_usd = _other_views(edge)
    return rest.CostView(
        unit=edge.unit.name,
        edge_usd=edge.shown_usd(bill.edge_usd(edge.values, edge.per_day)),
        edge_parts_usd=edge.parts_usd,
        edge_marginal_usd=marginal_usd,
        edge_floor_usd=floor_usd,
        not_counted=_not_counted(edge, priced),
        cloud_usd=None if isinstance(cloud, str) else edge.shown_usd(cloud.usd[0]),
        cloud_name=priced.title if priced else "no price",
        cloud_basis=cloud if isinstance(cloud, str) else cloud.alternative.basis,
        per_day=edge.per_day,
        break_even_per_day=volume,
        break_even_kind=kind,
        verdict=NO_BASELINE_PRICE if isinstance(cloud, str) else verdict(_balance(edge, cloud)),
        inputs=_inputs(edge, priced, prices),
        as_of=str(priced.as_of if priced else prices.day),
        catalogue_sha256=prices.catalogue.sha256,
        priced_at=written_moment(prices.at_s),
    )


def _other_views(edge: _Edge) -> tuple[float | None, float | None]:
    """Marginal cost and floor. Both are mostly energy, so without it they would say nothing."""
    if edge.energy is None:
        return None, None
    floor_usd = bill.edge_usd(edge.values, bill.capacity_per_day(edge.values))
    return edge.shown_usd(bill.variable_usd(edge.values)), edge.shown_usd(floor_usd)


def _break_even(edge: _Edge, alternative: Alternative | None) -> tuple[float | None, rest.BreakEvenKind]:
    """Idle power is never in the edge's bill, so the volume that is found is the least that it can be."""
    if alternative is None:
        return None, "unknown"
    if not alternative.tiers:
        return None, "not_by_volume"
    volume = break_even_per_day(edge.values, alternative)
    return (None, "never") if volume is None else (float(volume), "at_least")


def _balance(edge: _Edge, cloud: _Cloud) -> Balance:
    idle_w, (usd, high_usd) = edge.subject.idle_w, cloud.usd
    return Balance(
        edge_usd_per_day=edge.daily_usd,
        cloud_usd_per_day=(usd * edge.per_day, high_usd * edge.per_day),
        energy_counted=edge.energy is not None,
        tariff_usd_per_kwh=edge.values["tariff_usd"],
        idle_w=None if idle_w is None else idle_w * edge.devices,
    )


def _not_counted(edge: _Edge, alternative: Alternative | None) -> tuple[str, ...]:
    on_edge = [f"edge: {part}" for part in edge.left_out]
    in_cloud = [f"cloud: {part}" for part in (alternative.not_counted if alternative else ())]
    return (*on_edge, *in_cloud, "both: quality (the baseline's accuracy on the same test is unknown)")


def _inputs(edge: _Edge, alternative: Alternative | None, prices: Prices) -> dict[str, str]:
    subject, scenario = edge.subject, edge.scenario
    devices = devices_input(edge.devices, bill.capacity_per_day(edge.values), edge.unit.piece)
    made = (
        *edge_inputs(subject, scenario, edge.service, edge.energy, devices, prices),
        *idle_input(subject.idle_w),
        *(cloud_inputs(alternative, edge.fields, scenario) if alternative else ()),
        catalogue_hash(prices.catalogue),
    )
    return {item.name: item.text() for item in made}
