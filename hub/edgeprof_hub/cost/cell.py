"""The cost of one measured cell beside its cloud baseline, with every input that it rests on, or why there is none."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import MetricRow
from edgeprof_hub.cost import formulas
from edgeprof_hub.cost.baseline import CloudPrice, CloudWork, cloud_price
from edgeprof_hub.cost.break_even import break_even_per_day
from edgeprof_hub.cost.catalogue.loader import Catalogue
from edgeprof_hub.cost.edge import Board, Edge, edge_of
from edgeprof_hub.cost.inputs import Input, plain
from edgeprof_hub.cost.kind import compared_as, fed_tokens, kind_of
from edgeprof_hub.cost.price_moment import Prices, written_moment
from edgeprof_hub.cost.scenario import Baseline, Scenario
from edgeprof_hub.cost.verdict import Balance, verdict

EMULATED = (
    "An emulated or replayed device's speed and energy are those of another machine, so no cost can rest on them: "
    "measure on the real device."
)
NO_PRICE = (
    "Nobody has entered what this device costs. Enter it on the device's page, "
    "or with `edgeprof price DEVICE USD --source WHERE-AND-WHEN`."
)
NO_BASELINE_PRICE = "No verdict: the cloud baseline has no price."


def cell_cost(
    *,
    task: str,
    format: str,
    metrics: Mapping[str, MetricRow],
    device_price_usd: float | None,
    device_price_source: str | None,
    idle_w: float | None,
    emulated: bool,
    scenario: Scenario,
    prices: Prices,
    inputs: Mapping[str, str] | None = None,
) -> rest.CostView | str:
    """The cost view; a text is the reason why there is none. `idle_w` is the profile's, modelled, and in no bill.

    `inputs`: what one inference was fed, by name, as the run says it.
    """
    if emulated:
        return EMULATED
    if device_price_usd is None:
        return NO_PRICE
    try:
        kind, writes = kind_of(task, format), is_language(format)
        edge = edge_of(
            kind=kind,
            is_language=writes,
            metrics=metrics,
            board=_board(device_price_usd, device_price_source),
            scenario=scenario,
            catalogue=prices.catalogue,
            today=prices.day,
        )
        fed = None if writes else fed_tokens(inputs or {})
        asked = CloudWork(kind=kind, per_day=edge.work.per_day, scenario=scenario, fed_tokens=fed)
        cloud = _cloud(scenario.baseline(compared_as(task, format)), asked, prices)
        return _view(edge, cloud, _idle(idle_w), prices)
    except EdgeprofError as error:
        return error.message


def _board(price_usd: float, source: str | None) -> Board:
    usd = formulas.at_least_zero(formulas.exact(price_usd, "The device's price"), "The device's price")
    return Board(price_usd=usd, source=source or "")


def _idle(idle_w: float | None) -> Decimal | None:
    return None if idle_w is None else formulas.at_least_zero(formulas.exact(idle_w, "Idle power"), "Idle power")


def _cloud(baseline: Baseline, asked: CloudWork, prices: Prices) -> CloudPrice | str:
    """The baseline's price, or why it has none: the edge's figure stands without it."""
    try:
        return cloud_price(baseline, asked, prices)
    except EdgeprofError as error:
        return error.message


def _view(edge: Edge, cloud: CloudPrice | str, idle_w: Decimal | None, prices: Prices) -> rest.CostView:
    work, priced = edge.work, None if isinstance(cloud, str) else cloud
    parts_usd = {name: usd * work.per_unit for name, usd in formulas.full_parts_usd(edge.fleet, work.per_day).items()}
    volume, kind = _break_even(edge, priced)
    marginal_usd, floor_usd = _other_views(edge)
    return rest.CostView(
        unit=work.unit,
        edge_usd=float(sum(parts_usd.values(), Decimal(0))),
        edge_parts_usd={name: float(usd) for name, usd in parts_usd.items()},
        edge_marginal_usd=marginal_usd,
        edge_floor_usd=floor_usd,
        not_counted=_not_counted(edge, priced),
        cloud_usd=float(priced.usd * work.per_unit) if priced else None,
        cloud_name=priced.name if priced else "no price",
        cloud_basis=cloud if isinstance(cloud, str) else cloud.basis,
        per_day=float(work.per_day),
        break_even_per_day=volume,
        break_even_kind=kind,
        verdict=verdict(_balance(edge, priced, idle_w)) if priced else NO_BASELINE_PRICE,
        inputs=_inputs((*edge.inputs, *_idle_input(idle_w), *(priced.inputs if priced else ())), prices.catalogue),
        as_of=str(priced.as_of if priced else prices.day),
        catalogue_sha256=prices.catalogue.sha256,
        priced_at=written_moment(prices.at_s),
    )


def _other_views(edge: Edge) -> tuple[float | None, float | None]:
    """Marginal cost and floor. Both are mostly energy, so without it they would say nothing."""
    if edge.energy.wall_j is None:
        return None, None
    floor_usd = formulas.floor_usd(edge.device, edge.capacity_per_day)
    return float(formulas.marginal_usd(edge.device) * edge.work.per_unit), float(floor_usd * edge.work.per_unit)


def _break_even(edge: Edge, cloud: CloudPrice | None) -> tuple[float | None, rest.BreakEvenKind]:
    """Idle power is never in the edge's bill, so the volume that is found is the least that it can be."""
    if cloud is None:
        return None, "unknown"
    if not cloud.tiers:
        return None, "not_by_volume"
    volume = break_even_per_day(edge.device, cloud.tiers, edge.capacity_per_day)
    return (None, "never") if volume is None else (float(volume), "at_least")


def _balance(edge: Edge, cloud: CloudPrice, idle_w: Decimal | None) -> Balance:
    return Balance(
        edge_usd_per_day=(edge.low_usd_per_day, edge.high_usd_per_day),
        cloud_usd_per_day=(cloud.usd * edge.work.per_day, cloud.usd_high * edge.work.per_day),
        energy_counted=edge.energy.wall_j is not None,
        tariff_usd_per_kwh=edge.tariff_usd_per_kwh,
        idle_w=None if idle_w is None else idle_w * edge.devices,
    )


def _not_counted(edge: Edge, cloud: CloudPrice | None) -> tuple[str, ...]:
    on_edge = [f"edge: {part}" for part in edge.missing]
    in_cloud = [f"cloud: {part}" for part in (cloud.not_counted if cloud else ())]
    return (*on_edge, *in_cloud, "both: quality (the baseline's accuracy on the same test is not known)")


def _idle_input(idle_w: Decimal | None) -> tuple[Input, ...]:
    if idle_w is None:
        return ()
    value = f"{plain(idle_w)} W"
    return (Input(name="idle power, in no bill", value=value, origin="modelled", source="device profile"),)


def _inputs(inputs: Iterable[Input], catalogue: Catalogue) -> dict[str, str]:
    shipped = Input(
        name="price catalogue", value=f"sha256 {catalogue.sha256}", origin="catalogue", as_of=catalogue.as_of
    )
    return {item.name: item.text() for item in (*inputs, shipped)}
