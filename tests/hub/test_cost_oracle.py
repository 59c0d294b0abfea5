"""A whole cell against the same cost in Decimal: of random runs, boards, scenarios and price lists."""

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.wire import rest
from edgeprof_hub.cost.catalogue.loader import load_catalogue
from edgeprof_hub.cost.cell import cell_cost
from edgeprof_hub.cost.scenario import CallBaseline, InstanceBaseline, Scenario
from edgeprof_hub.cost.subject import Subject
from tests.hub import cost_oracle as oracle
from tests.hub import cost_oracle_cloud as oracle_cloud
from tests.hub.explorer_cases import PRICES
from tests.hub.test_cost_cell import row, rows

CALLS = ("aws-rekognition-detect-labels", "google-vision-label-detection", "google-vision-object-localization")
EFFICIENCY = {"wall_ac": D(1), "dc_input": D("0.85"), "cpu_package": D("0.85")}
scenarios = st.builds(
    Scenario,
    inferences_per_day=st.floats(1, 1_000_000),
    lifetime_years=st.floats(2, 5),
    maintenance_usd_per_year=st.one_of(st.just(0.0), st.floats(0.01, 200)),
    tariff_usd_per_kwh=st.one_of(st.none(), st.floats(0, 1)),
)


def exact(value: float) -> D:
    return D(repr(value))


@given(
    scenario=scenarios,
    price=st.floats(1, 3000),
    service_ms=st.floats(0.01, 1e6),
    joules=st.one_of(st.none(), st.floats(0, 5000)),
    scope=st.sampled_from(sorted(EFFICIENCY)),
    entry=st.sampled_from(CALLS),
)
def test_a_cell_is_what_the_decimal_formulas_make_of_it(
    scenario: Scenario, price: float, service_ms: float, joules: float | None, scope: str, entry: str
) -> None:
    measured = [row("latency_mean_ms", service_ms)]
    if joules is not None:
        measured.append(row("energy_per_inference_j", joules, scope))
    subject = Subject(task="other", format="onnx", metrics=rows(*measured), price_usd=price, fed={})
    view = cell_cost(subject, replace(scenario, baselines={"other": CallBaseline(entry)}), PRICES)
    assert isinstance(view, rest.CostView)

    tariff = D("0.165") if scenario.tariff_usd_per_kwh is None else exact(scenario.tariff_usd_per_kwh)
    fixed = {
        "hardware": oracle.capex_usd_per_day(hardware_usd=exact(price), lifetime_years=exact(scenario.lifetime_years)),
        "maintenance": oracle.maintenance_usd_per_day(exact(scenario.maintenance_usd_per_year)),
    }
    used = D(0) if joules is None else oracle.energy_usd(oracle.wall_j(exact(joules), EFFICIENCY[scope]), tariff)
    device = oracle.EdgeCost(fixed_usd_per_day=fixed, variable_usd={"energy": used})
    per_day, capacity = exact(scenario.inferences_per_day), oracle.capacity_per_day(exact(service_ms) / 1000)
    devices = int(view.inputs["devices"].split(" ")[0])
    assert devices - 1 <= per_day / capacity * (1 + D("1e-9")) <= devices * (1 + D("1e-8"))

    fleet = replace(device, fixed_usd_per_day={name: usd * devices for name, usd in fixed.items()})
    assert view.edge_usd == pytest.approx(float(oracle.full_usd(fleet, per_day) * 1000), rel=1e-9)
    parts = {name: float(usd * 1000) for name, usd in oracle.full_parts_usd(fleet, per_day).items()}
    assert view.edge_parts_usd == {name: pytest.approx(parts[name], rel=1e-9) for name in view.edge_parts_usd}
    assert ("energy" in view.edge_parts_usd) == (joules is not None)
    if joules is not None:
        assert view.edge_marginal_usd == pytest.approx(float(oracle.marginal_usd(device) * 1000), rel=1e-9)
        assert view.edge_floor_usd == pytest.approx(float(oracle.floor_usd(device, capacity) * 1000), rel=1e-9)

    priced = load_catalogue().entries[entry]
    tiers = [oracle_cloud.Tier(tier.up_to, tier.price) for tier in priced.tiers]
    cloud_usd = oracle_cloud.call_usd(per_day, tiers) * 1000
    assert view.cloud_usd == pytest.approx(float(cloud_usd), rel=1e-9, abs=1e-12)
    crossing = oracle_cloud.crossing_per_day(device, tiers, capacity)
    if crossing is None or view.break_even_per_day is None:
        assert view.break_even_per_day is None or crossing is not None
        assert crossing is None or capacity < crossing + 1  # no whole volume that one device can do
        return
    assert float(crossing) * (1 - 1e-8) <= view.break_even_per_day <= max(1.0, float(crossing) * (1 + 1e-8) + 1)


@given(per_day=st.floats(1, 1_000_000))
def test_a_rented_machine_is_what_formula_12_says(per_day: float) -> None:
    scenario = Scenario(inferences_per_day=per_day, baselines={"other": InstanceBaseline("aws-g4dn-xlarge")})
    metrics = rows(row("latency_mean_ms", 1.0))
    subject = Subject(task="other", format="onnx", metrics=metrics, price_usd=80.0, fed={})
    view = cell_cost(subject, scenario, PRICES)
    assert isinstance(view, rest.CostView)
    theirs = oracle_cloud.instance_usd(D("0.526"), exact(per_day)) * 1000
    assert view.cloud_usd == pytest.approx(float(theirs), rel=1e-9)
