"""The explorer: its draws against known truth, its verdict, its limits, and what it refuses."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.errors import EdgeprofError
from edgeprof_hub.cost import alternatives, bill, draws, explorer
from edgeprof_hub.cost import field as cost_field
from edgeprof_hub.cost.draws import Uncertain
from tests.hub.explorer_cases import LABELS, PRICES, TODAY, camera, fields, flat, values


def test_what_is_entered_as_zero_is_counted() -> None:
    found = explorer.explore(fields(idle_w="0", maintenance_usd="0"), flat(0.001), TODAY)
    assert not {"edge: idle power", "edge: maintenance"} & set(found.not_counted)


def test_draws_of_a_known_ratio_find_it() -> None:
    inputs = [Uncertain("a", 2.0, 1.0, 3.0), Uncertain("b", 1.0, 1.0, 1.0)]
    found = draws.spread(inputs, lambda drawn: (drawn["a"], drawn["b"]))
    # Triangular from 1 to 3 about 2: its 5 % point is 1 + sqrt(0.1).
    assert found.ratio.low == pytest.approx(1 + math.sqrt(0.1), abs=0.02)
    assert found.ratio.middle == pytest.approx(2.0, abs=0.02)
    assert found.ratio.high == pytest.approx(3 - math.sqrt(0.1), abs=0.02)
    assert found.edge_cheaper_share == 0.0
    again = draws.spread(inputs, lambda drawn: (drawn["a"], drawn["b"]))
    assert again == found


def test_where_the_interval_includes_1_nobody_wins() -> None:
    wide = camera()
    wide["lifetime_years"] = replace(wide["lifetime_years"], low=2.0, high=5.0)
    undecided = explorer.explore(wide, flat(0.000158), TODAY)
    assert undecided.spread.is_open
    assert undecided.verdict.startswith("No clear winner at this volume")
    assert explorer.explore(wide, flat(0.01), TODAY).verdict.startswith("Edge cheaper")
    assert explorer.explore(wide, flat(0.00001), TODAY).verdict.startswith("Cloud cheaper")


def test_the_widest_driver_comes_first_and_one_without_width_is_none() -> None:
    wide = camera()
    wide["lifetime_years"] = replace(wide["lifetime_years"], low=2.0, high=5.0)
    wide["idle_w"] = replace(wide["idle_w"], low=2.9, high=3.1)
    found = explorer.explore(wide, flat(0.001), TODAY)
    assert [driver.name for driver in found.drivers] == ["lifetime_years", "idle_w"]


def test_beyond_what_one_device_can_do_more_are_counted() -> None:
    found = explorer.explore(camera(per_day="500000"), flat(0.001), TODAY)
    assert found.devices == 3
    assert found.parts_usd["hardware"] == pytest.approx(3 * 120 / 3 / 365 / 500_000)


def test_what_is_blank_is_not_counted_and_said() -> None:
    found = explorer.explore(fields(), flat(0.001), TODAY)
    assert found.marginal_usd is None
    assert found.carbon_g is None
    assert {"edge: energy (not measured in this run)", "edge: idle power", "edge: maintenance"} <= set(
        found.not_counted
    )
    assert set(found.parts_usd) == {"hardware"}


def test_an_always_on_machine_is_not_decided_by_volume() -> None:
    alternative = alternatives.alternative_of("instance:aws-t4g-small", fields(), PRICES)
    found = explorer.explore(fields(), alternative, TODAY)
    assert found.crossing is None
    assert found.cloud_usd == pytest.approx(0.0168 * 24 / 1000)


def test_beyond_the_end_of_a_price_list_there_is_no_figure() -> None:
    """35 million images a month are 1,150,684 a day."""
    cloud = alternatives.alternative_of(LABELS, fields(), PRICES)
    within = explorer.explore(fields(per_day="1150684"), cloud, TODAY)
    assert within.curve[-1].per_day == pytest.approx(35e6 * 12 / 365)
    with pytest.raises(EdgeprofError, match="ends at 35,000,000 units a month"):
        explorer.explore(fields(per_day="1150685"), cloud, TODAY)


@given(per_day=st.floats(1, 200_000), more=st.floats(1.01, 3))
def test_more_volume_never_costs_more_for_each_while_one_device_does_it(per_day: float, more: float) -> None:
    base = values(camera())
    capacity = bill.capacity_per_day(base)
    if per_day * more <= capacity:
        assert bill.edge_usd(base, per_day * more) <= bill.edge_usd(base, per_day) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"per_day": "0"}, "Volume"),
        ({"per_day": "nan"}, "Volume"),
        ({"per_day": "-5"}, "Volume"),
        ({"price_usd": "1e300"}, "Device"),
        ({"efficiency": "1.2"}, "Supply efficiency"),
        ({"energy_j": "-1"}, "Energy"),
        ({"lifetime_years": "3", "lifetime_years.low": "4"}, "not between its limits"),
        ({"accuracy": "2"}, "right"),
    ],
)
def test_a_number_of_no_use_is_refused_by_its_name(asked: dict[str, str], told: str) -> None:
    with pytest.raises(EdgeprofError, match=told):
        fields(**asked)


def test_a_form_that_sends_what_it_got_changes_nothing() -> None:
    before = fields()
    sent = {key: cost_field.written(field.value) for key, field in before.items()}
    assert cost_field.changed(before, sent) == before
    entered = cost_field.changed(before, {"lifetime_years": "4"})["lifetime_years"]
    assert (entered.value, entered.low, entered.high, entered.origin) == (4.0, None, None, "entered")
