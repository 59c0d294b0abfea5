"""The explorer: its formulas against those of the cells, its draws against known truth, its page as it is read."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D
from pathlib import Path
from typing import cast

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.cost import alternatives, bill, draws, explorer
from edgeprof_hub.cost import field as cost_field
from edgeprof_hub.cost import fields as cost_fields
from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.break_even import break_even_per_day
from edgeprof_hub.cost.catalogue.ages import MAX_AGE_DAYS
from edgeprof_hub.cost.draws import Uncertain
from edgeprof_hub.cost.field import Field
from edgeprof_hub.cost.inputs import CostInput
from edgeprof_hub.cost.price_moment import prices_now
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import subject_of
from edgeprof_hub.cost.tiers import MONTH_DAYS, Tier, month_usd
from tests.hub import cost_oracle as formulas
from tests.hub import cost_oracle_extra as extra
from tests.hub import fleet, live, stores
from tests.hub.cost_oracle_cloud import Tier as ExactTier
from tests.hub.cost_oracle_cloud import crossing_per_day

TODAY = date(2026, 11, 27)
PRICES = prices_now(datetime(2026, 11, 27, tzinfo=UTC).timestamp())
LABELS = "call:aws-rekognition-detect-labels"
CNN = fleet.model("cnn", "cnn", task="image-classification")
LLM = fleet.model("llm", "llm", "gguf", "Q4_1", "llm")
RUNS = [
    fleet.result(1, CNN, fleet.vision_rows(40.0, 1.0)),
    fleet.result(1, LLM, fleet.language_rows(38.0)),
    fleet.result(2, CNN, fleet.vision_rows(40.0, 1.0), emulated=True),
    fleet.result(1, CNN, failure=fleet.UNSUPPORTED),
]
DEVICE = rest.DeviceRecord(
    device_id=fleet.device_id(1),
    name="pi",
    label="pi",
    online=True,
    last_seen_s=0.0,
    agent_version="",
    hostname="",
    profile_id="rpi-5-8",
    profile_title=None,
    profile_reason="",
    emulated=False,
    price_usd=120.0,
    price_source="a shop",
    facts=None,
)


def fields(**asked: str) -> dict[str, Field]:
    found = cost_fields.fields_of(subject_of(DEVICE, CNN, RUNS[0]), Scenario(), PRICES)
    return cost_field.changed(found, asked)


def camera(**asked: str) -> dict[str, Field]:
    """Example A of the golden ones: 1.8 J in 0.35 s, idle 3 W, upkeep 12 USD a year."""
    given = {
        "price_usd": "120",
        "lifetime_years": "3",
        "maintenance_usd": "12",
        "service_ms": "350",
        "energy_j": "1.8",
        "idle_w": "3",
        "tariff_usd": "0.1872",
        "efficiency": "0.85",
    }
    made = cost_field.changed(fields(), {**given, **asked})
    return {key: replace(field, low=None, high=None) for key, field in made.items()}


def values(found: dict[str, Field]) -> dict[str, float]:
    return {key: field.value or 0.0 for key, field in found.items()}


def flat(usd: float) -> Alternative:
    return priced((Tier(None, usd),))


def priced(tiers: tuple[Tier, ...]) -> Alternative:
    """One sold by the piece at these prices."""

    def usd(_: Mapping[str, float], per_day: float) -> float:
        return month_usd(per_day * MONTH_DAYS, tiers) / (per_day * MONTH_DAYS)

    return Alternative(
        key="x",
        title="flat",
        basis="",
        source="",
        price=CostInput(name="cloud price", value="", origin="assumed"),
        as_of=TODAY,
        usd=usd,
        tiers=tiers,
        units=lambda _: 1.0,
        uses=(),
        not_counted=(),
    )


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


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    of = fleet.Fleet(
        [fleet.state(1, "pi"), fleet.state(2, "phone")],
        [fleet.facts(1), fleet.facts(2, emulates="galaxy-a03")],
        [CNN, LLM],
        RUNS,
        prices_usd={1: 80.0},
    )
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, of)
    app = create_app(HubSettings(data=tmp_path, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


@pytest.mark.parametrize("number", [0, 1])
def test_the_page_shows_every_input_with_its_origin_and_the_answer(client: TestClient, number: int) -> None:
    answer = client.get(f"/cost/{RUNS[number].result_id}")
    assert answer.status_code == 200
    for told in (
        "cheaper at this volume",
        "a receipt of 2026-03-01",
        "Lifetime",
        "2 to 5 years are usual",
        "Not counted",
    ):
        assert told in answer.text or "No clear winner" in answer.text
    assert ", stale" not in answer.text


def test_the_page_marks_a_stale_price(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, int], MAX_AGE_DAYS), "tariff", 180)  # the world's tariff is of 2025
    assert "2025-06-30, stale" in client.get(f"/cost/{RUNS[0].result_id}").text


def test_an_address_holds_the_scenario_and_a_wrong_one_says_so(client: TestClient) -> None:
    address = f"/cost/{RUNS[0].result_id}"
    assert 'value="5000"' in client.get(f"{address}?per_day=5000").text
    wrong = client.get(f"{address}?per_day=-1")
    assert wrong.status_code == 400
    assert "Volume: &#39;-1&#39; is not a number" in wrong.text
    assert "No call &#39;nothing&#39;" in client.get(f"{address}?baseline=call:nothing").text
    assert client.get(f"{address}?baseline=token:groq/nothing-like-it").status_code == 400
    assert client.get("/cost/nothing").status_code == 404


def test_what_can_have_no_cost_says_why(client: TestClient) -> None:
    assert "Measure on the real device" in client.get(f"/cost/{RUNS[2].result_id}").text
    assert "A cost needs a measured run" in client.get(f"/cost/{RUNS[3].result_id}").text


def test_a_scenario_is_kept_shown_for_every_run_and_deleted(client: TestClient) -> None:
    address = f"/cost/{RUNS[0].result_id}"
    kept = client.post(
        f"{address}/scenarios", data={"name": "busy <b>", "query": f"per_day=50000&baseline={LABELS}&x="}
    )
    assert kept.headers["location"].startswith(f"{address}?per_day=50000")
    text = client.get(address).text
    assert "busy &lt;b&gt;" in text
    assert "No cloud baseline" not in text
    assert client.post(f"{address}/scenarios", data={"name": " ", "query": ""}).status_code == 400
    client.post(f"{address}/scenarios/delete", data={"name": "busy <b>"})
    assert "busy &lt;b&gt;" not in client.get(address).text
    assert client.post(f"{address}/scenarios/delete", data={"name": "busy <b>"}).status_code == 404
