"""The pure parts of a rollout: groups, thresholds, hours, the form, and the kinds of devices."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from edgeprof.compare.sources import Run
from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.rollouts import DeviceOutcome, RolloutPlan
from edgeprof_hub import device_kinds, hub_clock
from edgeprof_hub.rollout import grouping, thresholds
from edgeprof_hub.rollout.comparing import P95, PEAK_MEMORY, beside, by_range, speed
from edgeprof_hub.rollout.form import StagesForm, plan_of, typed_form
from tests.hub import fleet


def device(number: int, profile: str = "rpi-5-8", online: bool = True) -> rest.DeviceRecord:
    return replace(fleet.record(number, fleet.facts(number), f"pi-{number}", online), profile_id=profile)


FORTY = [device(number, ("rpi-5-8", "rpi-4-4", "jetson")[number % 3]) for number in range(40)]


def sizes(plan: RolloutPlan, devices: Sequence[rest.DeviceRecord] = FORTY) -> list[int]:
    return [len(group.device_ids) for group in grouping.grouped(devices, plan, (), "seed")]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (RolloutPlan(), [3, 7, 30]),
        (RolloutPlan(canary_count=1, stages_percent=(10, 50)), [1, 3, 16, 20]),
        (RolloutPlan(canary_percent=10, stages_percent=()), [4, 36]),
        (RolloutPlan(canary_count=50), [40]),
        (RolloutPlan(canary_count=10, stages_percent=(5, 25, 100)), [10, 30]),
    ],
)
def test_groups_take_the_devices_by_share(plan: RolloutPlan, expected: list[int]) -> None:
    assert sizes(plan) == expected
    groups = grouping.grouped(FORTY, plan, (), "seed")
    ids = [each for group in groups for each in group.device_ids]
    assert sorted(ids) == sorted(each.device_id for each in FORTY)
    assert groups == grouping.grouped(list(reversed(FORTY)), plan, (), "seed")


def test_the_canary_is_one_of_each_kind_online_and_with_something_to_compare() -> None:
    devices = [device(number, "a" if number < 5 else "b", online=number % 5 != 0) for number in range(10)]
    had = {devices[3].device_id, devices[5].device_id}
    canary = grouping.grouped(devices, RolloutPlan(), had, "seed")[0].device_ids
    assert len(canary) == 2
    assert devices[3].device_id in canary
    assert devices[5].device_id not in canary


def test_a_canary_that_is_not_in_the_rollout_is_refused() -> None:
    with pytest.raises(UsageError, match="not among"):
        grouping.grouped(FORTY, RolloutPlan(canary_devices=("d-x",)), (), "seed")


@pytest.mark.parametrize(
    "plan",
    [
        RolloutPlan(canary_count=1, canary_percent=5),
        RolloutPlan(success_percent=101),
        RolloutPlan(error_percent=float("nan")),
        RolloutPlan(error_min=0),
        RolloutPlan(compare_runs=0),
        RolloutPlan(max_slowdown_percent=-1),
        RolloutPlan(max_p95_slowdown_percent=-1),
        RolloutPlan(max_memory_growth_percent=float("inf")),
        RolloutPlan(stages_percent=(50, 50)),
        RolloutPlan(stages_percent=tuple(float(share) for share in range(1, 60))),
        RolloutPlan(reference_model_id="x"),
    ],
)
def test_a_plan_out_of_range_is_refused(plan: RolloutPlan) -> None:
    with pytest.raises(UsageError):
        grouping.check(plan, {})


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        (["succeeded"] * 18 + [""] * 2, "passed"),
        (["succeeded"] * 17 + [""] * 3, "running"),
        (["succeeded"] * 17 + ["undecided"] * 3, "short"),
        (["succeeded"] * 19 + ["failed"], "passed"),
        (["failed"] * 2 + [""] * 18, "failed"),
        (["failed"] + [""] * 3, "failed"),
        (["succeeded", "succeeded", "cancelled", "cancelled"], "passed"),
        (["cancelled"] * 4, "short"),
        ([""], "running"),
    ],
)
def test_what_outcomes_come_to(outcomes: list[DeviceOutcome], state: str) -> None:
    assert thresholds.count(outcomes, RolloutPlan()).state == state


def with_values(metric: str, *values: float) -> list[Run]:
    """A run of each value."""
    model = fleet.model("m", "m")
    return [Run("run", fleet.result(1, model, [fleet.row(metric, value)]), lambda _: None) for value in values]


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        ((80.0, 81.0, 82.0), "failed"),
        ((60.0, 61.0, 62.0), "succeeded"),
        ((66.0, 70.0, 80.0), "undecided"),
        ((72.0, 72.0, 72.0), "succeeded"),
        ((73.0, 73.0, 73.0), "undecided"),
    ],
)
def test_memory_and_p95_are_judged_by_all_runs_at_once(now: tuple[float, ...], outcome: str) -> None:
    before = 60.0, 60.0, 61.0
    for figure, metric in ((PEAK_MEMORY, "peak_memory_mib"), (P95, "latency_p95_ms"), (P95, "inter_token_p95_ms")):
        found = by_range(with_values(metric, *before), with_values(metric, *now), figure, 20.0, "v1")
        assert found.outcome == outcome, found.sentence


def test_a_figure_that_a_run_lacks_is_not_compared() -> None:
    now = [*with_values("peak_memory_mib", 60.0), *with_values("latency_p95_ms", 1.0)]
    found = by_range(with_values("peak_memory_mib", 60.0), now, PEAK_MEMORY, 20.0, "v1")
    assert found.outcome == "undecided"
    assert found.sentence == "Peak memory not compared with v1: not measured in every run."


def test_the_worst_of_the_limits_decides() -> None:
    plan = RolloutPlan(max_slowdown_percent=None, max_p95_slowdown_percent=50.0, max_memory_growth_percent=10.0)
    both = [
        Run("run", replace(one.result, metrics=(*one.result.metrics, fleet.row("latency_p95_ms", 1.0))), lambda _: None)
        for one in with_values("peak_memory_mib", 60.0, 60.0)
    ]
    more = [
        Run("run", replace(one.result, metrics=(*one.result.metrics, fleet.row("latency_p95_ms", 1.0))), lambda _: None)
        for one in with_values("peak_memory_mib", 90.0, 90.0)
    ]
    found = beside(both, more, plan, "v1")
    assert (found.outcome, found.compared) == ("failed", None)
    assert found.sentence == "Peak memory is 1.50 × that of v1 (runs 1.50 to 1.50): above the limit of 1.1 ×."
    assert beside(both, both, plan, "v1").outcome == "succeeded"


def runs(token_ms: float, ttft_ms: float | None) -> list[Run]:
    """Three runs of a language model."""
    model = fleet.model("llm", "smol", "gguf")
    rows = [fleet.row("inter_token_p50_ms", token_ms, token_ms / 200)]
    rows += [] if ttft_ms is None else [fleet.row("ttft_ms", ttft_ms, ttft_ms / 200)]
    return [
        Run("run", fleet.result(1, model, [replace(row, value=row.value * by) for row in rows]), lambda _: None)
        for by in (0.999, 1.0, 1.001)
    ]


@pytest.mark.parametrize(
    ("token_ms", "ttft_ms", "outcome", "series"),
    [
        (26, 800, "succeeded", "inter_token"),
        (26, 2400, "failed", "ttft"),
        (52, 800, "failed", "inter_token"),
        (26, None, "succeeded", "inter_token"),
    ],
)
def test_of_a_language_model_the_first_token_counts_too(
    token_ms: float, ttft_ms: float | None, outcome: str, series: str
) -> None:
    found = speed(runs(26, 800), runs(token_ms, ttft_ms), 10, "before")
    assert found.compared is not None
    assert (found.outcome, found.compared.series) == (outcome, series)


def test_the_canary_fails_three_of_five() -> None:
    """With thresholds that bear two failures of five, the third one stops it."""
    plan = RolloutPlan(error_percent=50, success_percent=50)
    outcomes: list[DeviceOutcome] = ["failed", "failed", "succeeded", ""]
    assert thresholds.count([*outcomes, ""], plan).state == "running"
    assert thresholds.count([*outcomes, "failed"], plan).state == "failed"


def at(hour: int, minute: int = 0) -> float:
    return datetime(2026, 12, 1, hour, minute).timestamp()


def test_hours_may_go_past_midnight() -> None:
    night, day = hub_clock.parse_window("22:00-06:00"), hub_clock.parse_window("9:00 - 17:30")
    assert night is not None
    assert day is not None
    assert [night.holds(at(hour)) for hour in (21, 22, 23, 0, 5, 6, 12)] == [
        False,
        True,
        True,
        True,
        True,
        False,
        False,
    ]
    assert [day.holds(at(17, minute)) for minute in (29, 30)] == [True, False]
    assert night.next_start_s(at(12)) == at(22)
    assert night.next_start_s(at(23)) == at(22) + 24 * 3600
    assert hub_clock.may_send("", at(3))


def test_a_time_without_an_offset_is_the_hubs() -> None:
    assert hub_clock.parse_start("2026-12-01 02:00") == at(2)
    assert hub_clock.parse_start("2026-12-01T02:00+01:00") == hub_clock.parse_start("2026-12-01T01:00+00:00")
    assert hub_clock.clock_text(at(2)).startswith("2026-12-01 02:00 UTC")


def test_the_form_makes_the_plan_that_was_typed() -> None:
    assert plan_of(StagesForm(), FORTY) == RolloutPlan()
    typed = {"canary": "pi-3, pi-4", "stages": "50", "approval": "every", "max_slowdown": "", "compare_runs": "6"}
    plan = plan_of(typed_form({**typed, "hours": "22:00-06:00"}), FORTY)
    assert plan.canary_devices == (fleet.device_id(3), fleet.device_id(4))
    assert (plan.stages_percent, plan.approval, plan.max_slowdown_percent) == ((50,), "every", None)
    assert (plan.compare_runs, plan.gates, plan.window) == (6, False, "22:00-06:00")


@pytest.mark.parametrize("typed", [{"canary": "nobody"}, {"stages": "all"}, {"compare_runs": "x"}])
def test_what_the_form_cannot_read_is_refused(typed: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        plan_of(typed_form({"compare_runs": "3", **typed}), FORTY)


def test_a_kind_is_the_board_or_what_the_machine_calls_itself() -> None:
    assert device_kinds.of_record(device(1)) == "rpi-5-8"
    assert device_kinds.of_record(fleet.record(1, fleet.facts(1))) == "Raspberry Pi 5 Model B Rev 1.0"
    assert device_kinds.of_record(fleet.record(1, replace(fleet.facts(1), dt_model=None))) == "Cortex-A76 aarch64"
    assert device_kinds.of_record(fleet.record(1)) == "unknown machine"
    assert device_kinds.title_of(replace(device(1), emulated=True)).endswith("(played)")
