"""The explorer's formulas against those of the oracle in Decimal, and against worked examples."""

from decimal import Decimal as D

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeprof.errors import EdgeprofError
from edgeprof_hub.cost import bill, explorer
from edgeprof_hub.cost.break_even import break_even_per_day
from edgeprof_hub.cost.tiers import Tier
from tests.hub import cost_oracle as formulas
from tests.hub import cost_oracle_extra as extra
from tests.hub.cost_oracle_cloud import Tier as ExactTier
from tests.hub.cost_oracle_cloud import crossing_per_day
from tests.hub.explorer_cases import TODAY, camera, flat, priced, values


@pytest.mark.parametrize(("per_day", "usd_per_1000"), [(10, 15.832), (100, 1.583), (1000, 0.1584), (10_000, 0.0159)])
def test_the_golden_camera_costs_the_same_here(per_day: int, usd_per_1000: float) -> None:
    found = bill.edge_usd(values(camera()), per_day) * 1000
    assert found == pytest.approx(usd_per_1000, rel=5e-3)


@pytest.mark.parametrize(("cloud_usd", "per_day"), [(0.001, 159), (0.0015, 106)])
def test_the_golden_camera_breaks_even_where_it_did(cloud_usd: float, per_day: int) -> None:
    found = explorer.explore(camera(), flat(cloud_usd), TODAY)
    assert found.crossing is not None
    assert found.crossing.per_day == per_day  # 158.3 and 105.6 in Decimal: the next whole volume
    assert found.capacity_per_day == pytest.approx(246_857, abs=1)


@example(price=1.0, years=1.0, upkeep=0.0, joules=0.0, rate=1.771970918410959e-09, per_day=1.0)
@example(price=1.0, years=3.0, upkeep=0.0, joules=0.0, rate=3e-24, per_day=1.0)
@given(
    price=st.floats(1, 2000),
    years=st.floats(0.5, 10),
    upkeep=st.floats(0, 100),
    joules=st.floats(0, 100),
    rate=st.floats(0, 20),
    per_day=st.floats(1, 100_000),
)
def test_the_float_formulas_are_those_in_decimal(
    price: float, years: float, upkeep: float, joules: float, rate: float, per_day: float
) -> None:
    asked = {"price_usd": price, "lifetime_years": years, "maintenance_usd": upkeep, "energy_j": joules}
    base = {**values(camera()), **asked, "discount_percent": rate, "idle_w": 0.0, "service_ms": 10.0}
    exact = formulas.EdgeCost(
        fixed_usd_per_day={
            "hardware": formulas.capex_usd_per_day(
                hardware_usd=D(str(price)), lifetime_years=D(str(years)), discount_rate=D(str(rate)) / 100
            ),
            "maintenance": formulas.maintenance_usd_per_day(D(str(upkeep))),
        },
        variable_usd={"energy": formulas.energy_usd(formulas.wall_j(D(str(joules))), D("0.1872"))},
    )
    assert bill.edge_usd(base, per_day) == pytest.approx(float(formulas.full_usd(exact, D(str(per_day)))), rel=1e-6)
    tiers = (ExactTier(D(10_000), D("0.001")), ExactTier(D(100_000), D("0.0008")), ExactTier(None, D("0.0006")))
    listed = tuple(Tier(None if t.up_to is None else float(t.up_to), float(t.usd_per_unit)) for t in tiers)
    theirs = crossing_per_day(exact, tiers, D(86_400 * 100))
    ours = break_even_per_day(base, priced(listed))
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert float(theirs) * (1 - 1e-6) <= ours < max(1.0, float(theirs)) * (1 + 1e-6) + 1


@settings(deadline=None)  # ten thousand draws an example: a busy machine takes longer than the usual limit
@given(per_day=st.floats(1, 100_000), upkeep=st.floats(0, 100), joules=st.floats(2, 50), sent=st.floats(0, 1e7))
def test_payback_carbon_and_network_are_those_in_decimal(
    per_day: float, upkeep: float, joules: float, sent: float
) -> None:
    asked = {"per_day": per_day, "maintenance_usd": upkeep, "energy_j": joules, "sent_bytes": sent, "usd_per_gb": 5.0}
    base = camera(**{key: repr(value) for key, value in asked.items()}, idle_w="3", embodied_kg="20")
    found = explorer.explore(base, flat(0.02), TODAY)
    exact = {key: D(str(value)) for key, value in values(base).items()}
    sent_usd = extra.network_usd(exact["sent_bytes"], exact["usd_per_gb"])
    assert found.parts_usd.get("network", 0.0) == pytest.approx(float(sent_usd), rel=1e-6, abs=1e-15)
    above_idle_j = formulas.dynamic_j(run_j=exact["energy_j"], idle_w=D(3), run_s=D("0.35"))
    idle_day_j = formulas.wall_j(formulas.always_on_day_j(idle_w=D(3), per_day=D(0), inference_dynamic_j=D(0)))
    days = extra.payback_days(
        hardware_usd=D(120),
        per_day=exact["per_day"],
        cloud_usd=D("0.02"),
        marginal_usd=formulas.energy_usd(formulas.wall_j(above_idle_j), D("0.1872")) + sent_usd,
        running_usd_per_day=exact["maintenance_usd"] / 365 + formulas.energy_usd(idle_day_j, D("0.1872")),
    )
    assert (found.payback_days is None) == (days is None)
    if found.payback_days is not None and days is not None:
        assert found.payback_days == pytest.approx(float(days), rel=1e-6)
    grams = extra.carbon_g(
        wall_j=formulas.wall_j(above_idle_j) + idle_day_j / exact["per_day"],
        grid_g_per_kwh=D(475),
        embodied_g=D(20_000),
        per_day=exact["per_day"],
    )
    assert found.carbon_g == pytest.approx((float(grams), float(grams)), rel=1e-6)


def test_the_other_formulas_by_hand() -> None:
    asleep = extra.duty_cycled_day_j(
        per_day=D(100), service_s=D(1), wake_s=D(2), sleep_w=D("0.01"), inference_j=D(5), wake_j=D(1)
    )
    assert asleep == (86_400 - 300) * D("0.01") + 600
    with pytest.raises(EdgeprofError, match="more than a day"):
        extra.duty_cycled_day_j(per_day=D(86_400), service_s=D(1), wake_s=D(1), sleep_w=D(0), inference_j=D(0))
    assert extra.network_usd(D(2_000_000), D(5)) == D("0.01")
    assert extra.battery_usd(inference_j=D(36), battery_j=D(36_000), cycles=D(500), battery_usd=D(20)) == D("0.00004")
    assert extra.billed_audio_s(D("15.2"), D(1), D(15)) == 16
    assert extra.billed_audio_s(D(3), D(1), D(15)) == 15
    month = extra.rented_month_usd(
        hour_usd=D("0.526"),
        instances=2,
        hours_on=D(730),
        disk_usd=D(8),
        response_bytes=D(10**11),
        egress_usd_per_gb=D("0.09"),
    )
    assert month == D("0.526") * 1460 + 8 + 9
    assert (
        extra.payback_days(
            hardware_usd=D(80), per_day=D(1000), cloud_usd=D("0.001"), marginal_usd=D(0), running_usd_per_day=D("0.2")
        )
        == 100
    )
    assert (
        extra.payback_days(
            hardware_usd=D(80), per_day=D(1), cloud_usd=D("0.001"), marginal_usd=D(0), running_usd_per_day=D("0.2")
        )
        is None
    )
    assert extra.usd_per_correct(D(1), D("0.8")) == D("1.25")
    with pytest.raises(EdgeprofError, match="share above 0"):
        extra.usd_per_correct(D(1), D(0))
    assert extra.carbon_g(wall_j=D(3_600_000), grid_g_per_kwh=D(475)) == 475
    made = extra.carbon_g(wall_j=D(0), grid_g_per_kwh=D(475), embodied_g=D(10_950), lifetime_years=D(3), per_day=D(10))
    assert made == 1
