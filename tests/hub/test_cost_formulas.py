"""The Decimal oracle against worked examples, to the digits in which these are given; the hub's floats beside it."""

from decimal import Decimal as D

import pytest

from edgeprof_hub.cost import checks, tiers
from edgeprof_hub.cost.checks import CostError
from tests.hub import cost_oracle as formulas
from tests.hub import cost_oracle_cloud as cloud
from tests.hub.cost_oracle_cloud import Tier, crossing_per_day


def flat(usd: str) -> tuple[Tier, ...]:
    return (Tier(None, D(usd)),)


def camera() -> formulas.EdgeCost:
    """Example A: 1.8 J DC in 0.35 s, idle 3 W, 120 USD over 3 years, 12 USD upkeep a year, always on."""
    tariff = D("0.1872")
    dynamic_j = formulas.dynamic_j(run_j=D("1.8"), idle_w=D(3), run_s=D("0.35"))
    idle_j = formulas.always_on_day_j(idle_w=D(3), per_day=D(0), inference_dynamic_j=dynamic_j)
    return formulas.EdgeCost(
        fixed_usd_per_day={
            "hardware": formulas.capex_usd_per_day(hardware_usd=D(120)),
            "maintenance": formulas.maintenance_usd_per_day(D(12)),
            "idle energy": formulas.energy_usd(formulas.wall_j(idle_j), tariff),
        },
        variable_usd={"energy": formulas.energy_usd(formulas.wall_j(dynamic_j), tariff)},
    )


@pytest.mark.parametrize(
    ("per_day", "usd_per_1000", "places"),
    [(10, "15.832", 3), (100, "1.583", 3), (1000, "0.1584", 4), (10_000, "0.0159", 4)],
)
def test_a_camera_that_is_always_on_costs_what_its_volume_makes_of_it(per_day: int, usd_per_1000: str, places: int):
    assert round(formulas.full_usd(camera(), D(per_day)) * 1000, places) == D(usd_per_1000)


def test_the_energy_of_a_busy_camera_is_noise():
    busy_usd = formulas.energy_usd(formulas.wall_j(D("1.8")), D("0.1872"))
    assert round(busy_usd * 1000, 5) == D("0.00011")
    assert round(formulas.energy_usd(formulas.wall_j(D(240)), D("0.1872")) * 1000, 3) == D("0.015")


@pytest.mark.parametrize(("cloud_usd", "per_day"), [("0.001", "158.3"), ("0.0015", "105.6")])
def test_the_camera_breaks_even_with_an_image_service(cloud_usd: str, per_day: str):
    capacity = formulas.capacity_per_day(D("0.35"))
    found = crossing_per_day(camera(), flat(cloud_usd), capacity)
    assert found is not None
    assert round(found, 1) == D(per_day)


def test_dynamic_energy_and_capacity_of_the_camera():
    assert formulas.dynamic_j(run_j=D("1.8"), idle_w=D(3), run_s=D("0.35")) == D("0.75")
    assert formulas.dynamic_j(run_j=D(36), idle_w=D(3), run_s=D(7), inferences=D(20)) == D("0.75")
    assert int(formulas.capacity_per_day(D("0.35"))) == 246_857


def test_a_rented_gpu_costs_thousands_of_times_its_lower_bound_at_a_small_volume():
    """Example B: g4dn.xlarge."""
    hour_usd = D("0.526")
    bound = cloud.instance_bound_usd(hour_usd, D(400)) * 1000
    real = cloud.instance_usd(hour_usd, D(10_000)) * 1000
    assert round(bound, 6) == D("0.000365")
    assert round(real, 3) == D("1.262")
    assert round(real / bound) == 3456
    assert cloud.utilisation(D(10_000), D(400)) * 3456 == 1


@pytest.mark.parametrize(
    ("years", "watts", "rate", "busy", "usd_per_million", "places"),
    [
        (5, 100, 20, "1", "1.64", 2),
        (3, 50, 10, "1", "4.82", 2),
        (5, 100, 20, "0.05", "27.5", 1),
        (3, 50, 10, "0.05", "91.2", 1),
    ],
)
def test_a_desktop_that_writes_tokens(years: int, watts: int, rate: int, busy: str, usd_per_million: str, places: int):
    """Example C: 4299 USD, 0.20 USD/kWh, metered while it generates."""
    edge = formulas.EdgeCost(
        fixed_usd_per_day={"hardware": formulas.capex_usd_per_day(hardware_usd=D(4299), lifetime_years=D(years))},
        variable_usd={"energy": formulas.energy_usd(D(watts) / rate, D("0.20"))},
    )
    tokens_per_day = formulas.capacity_per_day(D(1) / rate) * D(busy)
    assert round(formulas.full_usd(edge, tokens_per_day) * 1_000_000, places) == D(usd_per_million)


def test_a_shared_device_pays_for_its_share_of_idling_only():
    inference_j = D("0.75")
    assert formulas.shared_day_j(per_day=D(100), inference_dynamic_j=inference_j) == 75
    half = formulas.shared_day_j(per_day=D(100), inference_dynamic_j=inference_j, idle_w=D(3), share=D("0.5"))
    whole = formulas.always_on_day_j(idle_w=D(3), per_day=D(100), inference_dynamic_j=inference_j)
    assert half == 129_600 + 75
    assert whole == 259_200 + 75


def test_a_discount_rate_makes_hardware_dearer_and_a_residual_cheaper():
    plain = formulas.capex_usd_per_day(hardware_usd=D(1095))
    annuity = formulas.capex_usd_per_day(hardware_usd=D(1000), lifetime_years=D(10), discount_rate=D("0.05")) * 365
    assert plain == 1
    assert round(annuity, 2) == D("129.50")
    assert formulas.capex_usd_per_day(hardware_usd=D(1200), residual_usd=D(105)) == 1
    assert formulas.capex_usd_per_day(hardware_usd=D(2190), share=D("0.5")) == 1


def test_tokens_are_priced_by_kind_with_retries_and_a_fee():
    uses = (cloud.TokenUse("input", D(500), D("0.05")), cloud.TokenUse("output", D(300), D("0.08")))
    assert cloud.tokens_usd(uses) == D("0.000049")
    assert cloud.tokens_usd(uses, retry_share=D("0.1"), request_fee_usd=D("0.001")) == D("0.0010539")


def floats(listed: tuple[Tier, ...]) -> tuple[tiers.Tier, ...]:
    """As the hub computes with them."""
    return tuple(tiers.Tier(None if t.up_to is None else float(t.up_to), float(t.usd_per_unit)) for t in listed)


TIERS = (Tier(D(1_000_000), D("0.0010")), Tier(D(5_000_000), D("0.0008")), Tier(None, D("0.0006")))


@pytest.mark.parametrize(
    ("units", "usd"),
    [
        ("0", "0"),
        ("1000000", "1000"),
        ("1000001", "1000.0008"),
        ("5000000", "4200"),
        ("6000000", "4800"),
    ],
)
def test_each_unit_has_the_price_of_its_own_tier(units: str, usd: str):
    assert cloud.month_usd(D(units), TIERS) == D(usd)
    assert tiers.month_usd(float(units), floats(TIERS)) == pytest.approx(float(usd), rel=1e-12)


def test_free_units_come_off_first_and_still_count_towards_the_tiers():
    listed = cloud.with_free_units((Tier(D(5000), D("0.0015")), Tier(None, D("0.001"))), D(1000))
    for units, usd in ((1000, 0), (5000, 6), (6000, 7)):
        assert cloud.month_usd(D(units), listed) == usd
        assert tiers.month_usd(units, floats(listed)) == pytest.approx(usd, rel=1e-12)


def test_every_feature_asked_of_an_image_is_billed():
    one, three = (cloud.call_usd(D(100), flat("0.001"), features) for features in (1, 3))
    assert three == 3 * one == D("0.003")


def test_a_price_list_that_ends_is_not_continued_by_guessing():
    with pytest.raises(CostError, match="ends at 1,000 units"):
        cloud.month_usd(D(1001), (Tier(D(1000), D(1)),))
    assert tiers.list_end(floats((Tier(D(1000), D(1)),))) == 1000


def test_instances_are_rented_whole():
    assert cloud.instances_needed(D("0.01"), D(400)) == 1
    assert cloud.instances_needed(D(401), D(400)) == 2
    assert cloud.instance_usd_per_day(D("0.5"), instances=2, hours_a_day=D(8)) == 8


def test_break_even_is_found_in_the_tier_where_it_lies():
    edge = formulas.EdgeCost(fixed_usd_per_day={"hardware": D(100)}, variable_usd={"energy": D("0.0001")})
    found = crossing_per_day(edge, TIERS, D(10_000_000))
    assert found is not None
    month = found * cloud.DAYS_PER_MONTH
    assert 1_000_000 < month < 5_000_000
    bill = 100 * cloud.DAYS_PER_MONTH + month * D("0.0001")
    assert abs(bill - cloud.month_usd(month, TIERS)) < D("1e-15")


def test_break_even_is_never_where_each_inference_costs_more_than_in_the_cloud():
    edge = formulas.EdgeCost(fixed_usd_per_day={"hardware": D(1)}, variable_usd={"energy": D("0.002")})
    assert crossing_per_day(edge, flat("0.001"), D(10_000)) is None


def test_break_even_is_never_beyond_what_the_device_can_do():
    edge = formulas.EdgeCost(fixed_usd_per_day={"hardware": D(1)}, variable_usd={})
    assert crossing_per_day(edge, flat("0.001"), D(1000)) == 1000
    assert crossing_per_day(edge, flat("0.001"), D(999)) is None


def test_a_volume_beyond_the_capacity_is_refused_or_takes_more_devices():
    formulas.require_within(D(1000), D(1000))
    with pytest.raises(CostError, match="1,001 a day is more than this device can do") as refused:
        formulas.require_within(D(1001), D(1000))
    assert refused.value.code == "cost_over_capacity"
    assert [formulas.devices_needed(D(n), D(1000)) for n in (1, 1000, 1001, 2500)] == [1, 1, 2, 3]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "a lot"])
def test_what_is_no_finite_number_is_refused_by_name(value: str):
    with pytest.raises(CostError, match="The price"):
        formulas.exact(value, "The price")
    if value != "a lot":
        with pytest.raises(CostError, match="The price"):
            checks.above_zero(float(value), "The price")


def test_impossible_inputs_are_refused():
    with pytest.raises(CostError, match="less than idling"):
        formulas.dynamic_j(run_j=D(1), idle_w=D(3), run_s=D(1))
    with pytest.raises(CostError, match="must not be negative"):
        formulas.wall_j(D(-1))
    with pytest.raises(CostError, match="efficiency"):
        formulas.wall_j(D(1), D("1.1"))
    with pytest.raises(CostError, match="lifetime"):
        formulas.capex_usd_per_day(hardware_usd=D(1), lifetime_years=D(0))
    with pytest.raises(CostError, match="daily volume"):
        formulas.full_usd(camera(), D(0))
