"""Verdicts: what each kind of evidence can show, and that a laxer limit never turns ready into not ready."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.readiness.condition import Condition
from edgeprof.readiness.evidence import Evidence, RunFacts, SetUp
from edgeprof.readiness.judge import SetUpVerdict, judged_pair, judged_set_up
from edgeprof.readiness.level import ServiceLevel
from edgeprof.readiness.scaling import horizontal
from edgeprof.readiness.status import VERDICTS
from edgeprof.wire.figures import MetricRow

LEVEL = ServiceLevel(rate_per_s=30, p95_ms=33)


def row(metric: str, value: float, half: float | None = 0.0, scope: str | None = None) -> MetricRow:
    low, high = (None, None) if half is None else (value - half, value + half)
    return MetricRow(metric=metric, value=value, n=100, ci_low=low, ci_high=high, scope=scope)


def figures(*rows: MetricRow) -> dict[str, MetricRow]:
    return {each.metric: each for each in rows}


FAST = RunFacts(
    result_id="r-1",
    figures=figures(
        row("latency_p50_ms", 10, 0.1),
        row("latency_p95_ms", 12, 0.3),
        row("throughput_per_s", 100, None),
        row("sustained_p50_ms", 11, 0.1),
        row("average_power_w", 4.0, 0.1, "dc_input"),
        row("peak_memory_mib", 80, None),
    ),
    soak_s=600,
)


def set_up(*runs: RunFacts, **known: object) -> SetUp:
    made = SetUp(device_id="d", model_id="m", label="onnxruntime", runs=runs, measure="edgeprof flash m --to d")
    return replace(made, **known)  # pyright: ignore[reportArgumentType]


def judged(level: ServiceLevel, *runs: RunFacts, language: bool = False, **known: object) -> SetUpVerdict:
    return judged_set_up(level, set_up(*runs, **known), language, 0.7)


def named(verdict: SetUpVerdict, name: str) -> Condition:
    return next(each for each in verdict.conditions if each.name == name)


def test_a_clean_soaked_run_is_ready() -> None:
    assert judged(replace(LEVEL, power_w=5, memory_mib=100), FAST).verdict == "ready"


def test_an_interval_across_the_limit_is_not_ready_for_certain() -> None:
    good_side = replace(FAST, figures={**FAST.figures, **figures(row("latency_p95_ms", 32, 2))})
    bad_side = replace(FAST, figures={**FAST.figures, **figures(row("latency_p95_ms", 34, 2))})
    assert judged(LEVEL, good_side).verdict == "ready with limits"
    undecided = judged(LEVEL, bad_side)
    assert undecided.verdict == "undecided"
    assert named(undecided, "p95 latency").measure == "edgeprof flash m --to d --precision 0.005"


def test_a_busy_run_can_meet_a_limit_and_misses_it_only_by_far() -> None:
    busy = replace(FAST, doubts=("busy",))
    assert judged(LEVEL, busy).verdict == "ready"
    assert judged(ServiceLevel(p95_ms=10), busy).verdict == "undecided"
    assert judged(ServiceLevel(p95_ms=4), busy).verdict == "not ready"
    assert judged(LEVEL, replace(FAST, doubts=("suspect output",))).verdict == "ready with limits"


@pytest.mark.parametrize(
    ("level", "mark", "verdict"),
    [
        (ServiceLevel(memory_mib=100), "swapping", "ready with limits"),
        (ServiceLevel(memory_mib=100), "throttled", "ready"),
        (ServiceLevel(power_w=5), "throttled", "ready with limits"),
        (ServiceLevel(power_w=5), "under voltage", "ready with limits"),
        (ServiceLevel(power_w=5), "stalled", "ready with limits"),
        (ServiceLevel(power_w=5), "swapping", "ready with limits"),
        (ServiceLevel(power_w=5), "busy", "ready"),
        (ServiceLevel(energy_j=1), "throttled", "ready with limits"),
        (ServiceLevel(energy_j=1), "swapping", "ready"),
    ],
)
def test_a_mark_that_flatters_a_figure_never_meets_its_limit_for_certain(
    level: ServiceLevel, mark: str, verdict: str
) -> None:
    rows = {**FAST.figures, **figures(row("energy_per_inference_j", 0.04, 0.001, "dc_input"))}
    assert judged(level, replace(FAST, figures=rows)).verdict == "ready"
    assert judged(level, replace(FAST, figures=rows, doubts=(mark,))).verdict == verdict


@pytest.mark.parametrize("unreal", ["emulated", "replayed", "synthetic", "predicted"])
def test_figures_of_another_machine_make_nothing_ready(unreal: str) -> None:
    assert judged(replace(LEVEL, memory_mib=1000), replace(FAST, unreal=unreal)).verdict == "unmeasured"


def test_a_predicted_row_makes_nothing_ready() -> None:
    predicted = {**FAST.figures, "latency_p95_ms": replace(row("latency_p95_ms", 5), origin="predicted")}
    assert judged(LEVEL, replace(FAST, figures=predicted)).verdict == "unmeasured"


def test_a_rate_without_a_soak_is_ready_with_limits_and_a_demanded_soak_is_unmeasured() -> None:
    short = replace(
        FAST, soak_s=0, figures={name: each for name, each in FAST.figures.items() if name != "sustained_p50_ms"}
    )
    assert judged(LEVEL, short).verdict == "ready with limits"
    asked = judged(replace(LEVEL, sustained_s=1800), short)
    assert asked.verdict == "unmeasured"
    assert "--soak 1800" in named(asked, "rate").measure


def test_what_was_not_measured_is_unmeasured_with_its_command() -> None:
    found = judged(replace(LEVEL, energy_j=1, quality=90, ttft_ms=None), FAST, quality_reason="none ran")
    assert found.verdict == "unmeasured"
    assert named(found, "energy").measure.endswith("--energy")
    assert "--evaluate" in named(found, "quality").measure


def test_a_lower_percentile_shows_that_a_higher_one_misses() -> None:
    rows = figures(row("latency_p50_ms", 50, 1), row("latency_p95_ms", 60, None), row("throughput_per_s", 20, None))
    assert (
        named(judged(ServiceLevel(p95_ms=33), RunFacts(result_id="r", figures=rows)), "p95 latency").status == "not met"
    )


def test_a_part_of_the_board_cannot_show_that_the_whole_holds_a_limit() -> None:
    part = replace(FAST, figures={**FAST.figures, **figures(row("average_power_w", 4, 0.1, "cpu_package"))})
    assert judged(ServiceLevel(power_w=5), part).verdict == "undecided"
    assert judged(ServiceLevel(power_w=3), part).verdict == "not ready"


def test_power_back_to_back_is_interpolated_at_a_lower_rate_and_stays_undecided() -> None:
    rows = {
        **FAST.figures,
        **figures(row("average_power_w", 6, 0.1, "wall_ac"), row("idle_power_w", 2, 0.1, "wall_ac")),
    }
    run = replace(FAST, figures=rows)
    assert named(judged(replace(LEVEL, power_w=5), run), "power").status == "undecided"
    assert named(judged(replace(LEVEL, power_w=2.5), run), "power").status == "not met"


def test_random_arrivals_need_a_load_run_at_the_rate_or_above() -> None:
    level = ServiceLevel(rate_per_s=30, p95_ms=33, arrivals="random")
    assert named(judged(level, FAST), "p95 response").measure.endswith("--rate 30")
    loaded = replace(FAST, rate_per_s=40, figures=figures(row("response_p95_ms", 20, 1)))
    assert named(judged(level, FAST, loaded), "p95 response").status == "met"
    assert named(judged(level, FAST, replace(loaded, rate_per_s=20)), "p95 response").status == "unmeasured"
    drowned = RunFacts(
        result_id="r",
        figures=FAST.figures,
        rate_per_s=20,
        absent={"response_p95_ms": "20 arrivals exceed its capacity"},
    )
    assert named(judged(level, FAST, drowned), "p95 response").status == "not met"


def test_users_of_a_language_model_share_it_at_the_demanded_context() -> None:
    level = ServiceLevel(tokens_per_s=10, users=2, context_tokens=2000)
    shallow = RunFacts(result_id="r", figures=figures(row("decode_tokens_per_s", 40, 1)))
    found = judged(level, shallow, language=True)
    assert "--depth-tokens 2000" in named(found, "rate").measure
    assert found.verdict == "unmeasured"
    deep = replace(shallow, depth_tokens=2048)
    assert judged(level, shallow, deep, language=True).verdict == "ready with limits"
    assert judged(replace(level, users=8), deep, language=True).verdict == "not ready"


def test_a_short_prompt_on_a_filled_depth_shows_a_missed_ttft_only() -> None:
    level = ServiceLevel(ttft_ms=1000, context_tokens=2000)
    rows = figures(row("ttft_ms", 640, 40))
    deep = RunFacts(result_id="r", figures=rows, depth_tokens=2000, prompt_tokens=2128)
    found = named(judged(level, deep, language=True), "TTFT")
    assert found.status == "unmeasured"
    assert found.measure.endswith("--prompt-tokens 2000")
    assert named(judged(replace(level, ttft_ms=500), deep, language=True), "TTFT").status == "not met"
    whole = replace(deep, depth_tokens=0, prompt_tokens=2000)
    assert named(judged(level, whole, language=True), "TTFT").status == "met"
    remembered = replace(deep, figures=figures(row("peak_memory_mib", 80, None)))
    limited = ServiceLevel(memory_mib=100, context_tokens=2000)
    assert named(judged(limited, remembered, language=True), "memory").status == "met"


def test_failures_of_the_model_are_not_ready_and_others_unmeasured() -> None:
    failed = RunFacts(result_id="r", failure="out_of_memory: 900 MiB", failure_is_of_model=True)
    assert judged(LEVEL, failed).verdict == "not ready"
    assert judged(LEVEL, replace(failed, unreal="emulated")).verdict == "unmeasured"
    shapeless = judged(LEVEL, replace(failed, failure="shape_required: give a size", failure_is_of_model=False))
    assert shapeless.verdict == "unmeasured"
    assert shapeless.conditions[0].measure


def test_a_failed_gate_is_never_ready() -> None:
    assert judged(LEVEL, FAST, gate="fails").verdict == "not ready"
    assert judged(LEVEL, FAST, gate="undecided").verdict == "ready with limits"
    assert judged(LEVEL, FAST, gate="passes").verdict == "ready"


def test_the_best_set_up_decides_and_all_are_listed() -> None:
    slow = replace(FAST, figures={**FAST.figures, **figures(row("latency_p95_ms", 50, 1))})
    pair = judged_pair(LEVEL, "d", "m", [set_up(slow), set_up(FAST, label="4 threads")], False, 0.7, "edgeprof flash")
    assert (pair.verdict, pair.best and pair.best.label) == ("ready", "4 threads")
    assert [each.verdict for each in pair.vertical] == ["ready", "not ready"]
    never = judged_pair(LEVEL, "d", "m", [], False, 0.7, "edgeprof flash m --to d")
    assert (never.verdict, never.measure) == ("unmeasured", "edgeprof flash m --to d")


@pytest.mark.parametrize(
    ("level", "runs", "language", "devices"),
    [
        (ServiceLevel(rate_per_s=60), figures(row("sustained_p50_ms", 10, 0)), False, 1),
        (ServiceLevel(rate_per_s=71), figures(row("sustained_p50_ms", 10, 0)), False, 2),
        (ServiceLevel(rate_per_s=70), figures(row("sustained_p50_ms", 10, 0)), False, 1),
        (ServiceLevel(rate_per_s=1000), figures(row("sustained_p50_ms", 10, 0)), False, 15),
        (ServiceLevel(tokens_per_s=10, users=8), figures(row("decode_tokens_per_s", 30, 0)), True, 4),
        (ServiceLevel(tokens_per_s=30, users=2), figures(row("decode_tokens_per_s", 30, 0)), True, None),
    ],
)
def test_devices_for_a_load(
    level: ServiceLevel, runs: dict[str, MetricRow], language: bool, devices: int | None
) -> None:
    scale = horizontal(level, set_up(RunFacts(result_id="r", figures=runs)), language, 0.7)
    assert scale is not None
    assert scale.devices == devices
    assert scale.devices_with_spare == (None if devices is None else devices + 1)


POSITIVE = st.floats(0.1, 1000)
SHARE = st.floats(0, 0.3)


@st.composite
def runs(draw: st.DrawFn) -> RunFacts:
    names = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "throughput_per_s", "sustained_p50_ms")
    names = (*names, "average_power_w", "idle_power_w", "peak_memory_mib", "energy_per_inference_j", "response_p95_ms")
    rows: dict[str, MetricRow] = {}
    for name in draw(st.sets(st.sampled_from(names))):
        value, half = draw(POSITIVE), draw(st.none() | SHARE)
        scope = draw(st.sampled_from(("wall_ac", "cpu_package", None)))
        rows[name] = row(name, value, None if half is None else value * half, scope)
    return RunFacts(
        result_id="r",
        figures=rows,
        unreal=draw(st.sampled_from(("", "", "", "emulated"))),
        doubts=draw(st.sampled_from(((), ("busy",), ("busy", "unsettled")))),
        stale=draw(st.sampled_from(("", "Stale: another version."))),
        rate_per_s=draw(st.sampled_from((0.0, 5.0, 50.0))),
        soak_s=draw(st.sampled_from((0.0, 60.0, 600.0))),
    )


LOOSENED = ("p50_ms", "p95_ms", "p99_ms", "power_w", "memory_mib", "energy_j")
TIGHTENED = ("rate_per_s", "sustained_s", "quality")


@given(st.data())
def test_a_laxer_limit_never_makes_a_verdict_worse(data: st.DataObject) -> None:
    limits = {name: data.draw(st.none() | POSITIVE) for name in (*LOOSENED, *TIGHTENED)}
    level = ServiceLevel(**limits, arrivals=data.draw(st.sampled_from(("paced", "random"))))  # pyright: ignore
    quality = Evidence(metric="accuracy_percent", value=80, unit="%", ci_low=70, ci_high=90, n=50)
    unit = set_up(*data.draw(st.lists(runs(), max_size=3)), quality=data.draw(st.sampled_from((quality, None))))
    laxer = dict(limits)
    name = data.draw(st.sampled_from((*LOOSENED, *TIGHTENED)))
    given_limit = limits[name]
    if given_limit is not None:
        factor = data.draw(st.floats(1, 100))
        changed = given_limit * factor if name in LOOSENED else given_limit / factor
        laxer[name] = data.draw(st.sampled_from((changed, None)))
    utilisation = data.draw(st.floats(0.05, 1))
    before = judged_set_up(level, unit, False, utilisation).verdict
    loosened = replace(level, **{key: laxer[key] for key in laxer})  # pyright: ignore[reportArgumentType]
    after = judged_set_up(loosened, unit, False, data.draw(st.floats(utilisation, 1))).verdict
    assert VERDICTS.index(after) >= VERDICTS.index(before)


@st.composite
def language_runs(draw: st.DrawFn) -> RunFacts:
    names = ("decode_tokens_per_s", "sustained_tokens_per_s", "ttft_ms", "inter_token_p50_ms", "inter_token_p99_ms")
    rows: dict[str, MetricRow] = {}
    for name in draw(st.sets(st.sampled_from((*names, "peak_memory_mib", "kv_cache_mib")))):
        value, half = draw(POSITIVE), draw(st.none() | SHARE)
        rows[name] = row(name, value, None if half is None else value * half)
    depth = draw(st.sampled_from((0, 512, 2048)))
    return RunFacts(
        result_id="r",
        figures=rows,
        unreal=draw(st.sampled_from(("", "", "replayed"))),
        doubts=draw(st.sampled_from(((), ("busy",)))),
        soak_s=draw(st.sampled_from((0.0, 600.0))),
        depth_tokens=depth,
        prompt_tokens=depth + draw(st.sampled_from((128, 2048))),
    )


@given(st.data())
def test_fewer_users_and_a_shorter_context_never_make_a_verdict_worse(data: st.DataObject) -> None:
    level = ServiceLevel(
        tokens_per_s=data.draw(st.none() | POSITIVE),
        ttft_ms=data.draw(st.none() | POSITIVE),
        p95_ms=data.draw(st.none() | POSITIVE),
        memory_mib=data.draw(st.none() | POSITIVE),
        users=data.draw(st.integers(1, 20)),
        context_tokens=data.draw(st.none() | st.integers(1, 4000)),
    )
    unit = set_up(*data.draw(st.lists(language_runs(), max_size=3)))
    context = None if level.context_tokens is None else data.draw(st.integers(1, level.context_tokens))
    laxer = replace(level, users=data.draw(st.integers(1, level.users)), context_tokens=context)
    before, after = (judged_set_up(each, unit, True, 0.7).verdict for each in (level, laxer))
    assert VERDICTS.index(after) >= VERDICTS.index(before)


def test_a_higher_percentile_that_meets_a_limit_stands_for_a_lower_one() -> None:
    rows = figures(row("inter_token_p95_ms", 40, 1))
    found = judged(ServiceLevel(p90_ms=50), RunFacts(result_id="r", figures=rows), language=True)
    assert found.verdict == "ready"
    assert judged(ServiceLevel(p90_ms=30), RunFacts(result_id="r", figures=rows), language=True).verdict == "unmeasured"
