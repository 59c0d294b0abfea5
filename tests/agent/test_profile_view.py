"""The result as a person reads it: everything that it holds, in lines that fit, nothing told twice."""

from dataclasses import replace

import msgspec
import pytest

from edgeprof.tables.columns import table
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.evidence import (
    ColdStart,
    Conditions,
    Footprint,
    MemoryPhase,
    MemoryProfile,
    NoiseFloor,
    OpenLoop,
    Soak,
    SoakBucket,
    SweepAt,
    SweepPoint,
    Timing,
    Trust,
    TrustMark,
)
from edgeprof.wire.messages import AbsentMetric, MetricRow, Result
from edgeprof.wire.metrics import METRICS
from edgeprof_agent.commands.view import evaluation as evaluation_view
from edgeprof_agent.commands.view.figures import figure_lines
from edgeprof_agent.commands.view.profile import report
from edgeprof_agent.commands.view.words import WIDTH, by_reason, number, percent
from tests.agent.measuring import BUNDLED, measured, request_for


@pytest.fixture(scope="module")
def real() -> Result:
    return measured(request_for(BUNDLED / "digits-cnn-int8.onnx"))


def full(result: Result) -> Result:
    """A real result with everything that only some devices and options give."""
    phase = MemoryPhase(
        phase="load",
        rss_mib=61.5,
        peak_mib=None,
        anonymous_mib=20.25,
        file_mib=41.25,
        shared_memory_mib=0.0,
        pss_mib=55.5,
        private_mib=50.0,
        swap_mib=0.0,
        model_mapped_mib=None,
    )
    row = MetricRow(metric="latency_p50_ms", value=3.25, n=40)
    return replace(
        result,
        absent=(
            AbsentMetric(metric="latency_p99_ms", reason="needs 473 samples for a 95 % interval; this run has 40"),
            AbsentMetric(metric="latency_p999_ms", reason="needs 4,742 samples for a 95 % interval; this run has 40"),
            AbsentMetric(metric="inter_token_p95_ms", reason="shown from 20 samples on; this run has 14"),
            AbsentMetric(metric="inter_token_p99_ms", reason="shown from 100 samples on; this run has 14"),
            AbsentMetric(metric="energy_per_inference_j", reason="no sensor"),
            AbsentMetric(metric="average_power_w", reason="no sensor"),
        ),
        trust=Trust(
            marks=(TrustMark(cause="busy", reason="other programs took 31 % of the cores"),),
            unchecked={"throttled": "the board does not say", "under_voltage": "the board does not say"},
        ),
        timing=Timing(
            clock_resolution_ns=30.0,
            loop_overhead_ns=41.0,
            warmup_runs=1204,
            settled=False,
            window_end="precision",
            relative_half_width=0.004,
        ),
        cold_start=ColdStart(evicted=False, resident_before_share=1.0, resident_after_share=1.0, reason="on tmpfs"),
        memory=MemoryProfile(
            phases=(phase,), average_pss_mib=56.0, absent={"gpu_used_mib": "no GPU", "unified_used_mib": "no GPU"}
        ),
        conditions=Conditions(
            window_s=2.0,
            sample_hz_asked=10.0,
            sample_hz_got=9.5,
            temperature_min_c=45.0,
            temperature_max_c=52.25,
            others_cpu_share=0.31,
            throttle_flags=("soft_limit",),
            cpus_gone=(3,),
            absent={"cpu_mhz_min": "no cpufreq", "cpu_mhz_max": "no cpufreq"},
        ),
        footprint=Footprint(agent_cpu_share=0.004, sampler_cpu_share=0.0012, sampler_hz=10.0, agent_rss_mib=38.5),
        points=(
            SweepPoint(at=SweepAt(shapes={"image": (4, 1, 8, 8)}), metrics=(row,)),
            SweepPoint(at=SweepAt(shapes={"image": (64, 1, 8, 8)}), failure="out of memory"),
        ),
        soak=Soak(
            duration_s=60.0,
            complete=True,
            curve=tuple(SoakBucket(at_s=at, p50_ms=1.0 + at, n=9, temperature_c=50.0 + at) for at in range(30)),
            burst_p50_ms=1.0,
            sustained_p50_ms=1.2,
            knee_s=22.0,
            slowdown=1.2,
        ),
        open_loop=OpenLoop(
            rate_per_s=50.0,
            arrivals="poisson",
            seed=7,
            n=500,
            unanswered=12,
            busy_share=0.8,
            longest_queue=9,
            kept_up=False,
        ),
        noise_floor=NoiseFloor(
            floor=0.042,
            expected=0.02,
            low=0.01,
            high=0.05,
            within_run=0.001,
            runs=10,
            date="2026-11-25T10:00:00+00:00",
            device_id="bench",
            model_name="other.onnx",
            config_key="0123",
            series="latency",
        ),
    )


def test_the_badge_comes_first_and_then_what_ran(real: Result) -> None:
    lines = report(full(real)).splitlines()
    assert lines[0].startswith("digits-cnn-int8.onnx")
    assert lines[1] == "trust      busy: other programs took 31 % of the cores"
    assert lines[2] == "unchecked  throttled and under voltage: the board does not say"
    assert lines[3].startswith("ran on     onnxruntime")
    assert lines.index("Speed") < lines.index("Start") < lines.index("Memory")


@pytest.mark.parametrize(
    "told",
    [
        "p99; p99.9: need 473 and 4,742 samples for a 95 % interval; this run has 40",
        "Inter-token p95; Inter-token p99: shown from 20 and 100 samples on; this run has 14",
        "Energy; Power: no sensor",
        "warm-up    1,204 runs, but the speed was still not steady",
        "reached the requested precision of ±2.0 %; the published interval is ±0.40 %",
        "steps of 30 ns",
        "cold start not cold: on tmpfs",
        "GPU memory and unified memory: no GPU",
        "45.00 to 52.25 °C",
        "other programs took 31 % as much processor time as the model",
        "the board reported soft limit",
        "CPU 3 went offline",
        "clock not known: no cpufreq",
        "agent 0.4 % of a core, sampler 0.1 % at 10.00 Hz",
        "image 64×1×8×8: out of memory",
        "burst    p50 1.000 ms, then sustained 1.200 ms: 20 % slower",
        "knee     after 22.00 s",
        "Requests at 50.00 a second (poisson arrivals, seed 7)",
        "it did NOT keep up; 12 left unanswered",
        "below 25 % between two single runs shows nothing "
        "(10 runs of another set-up (other.onnx), which found 4.2 %, 2026-11-25)",
    ],
)
def test_everything_is_told(real: Result, told: str) -> None:
    assert " ".join(told.split()) in " ".join(report(full(real)).split())


def test_the_run_label_stands_below_the_model(real: Result) -> None:
    named = replace(real, protocol=replace(real.protocol, label="new heat sink \x1b[2J"))
    lines = report(named).splitlines()
    assert lines[1].startswith("run label")
    assert lines[1].endswith("new heat sink \N{REPLACEMENT CHARACTER}[2J")
    assert "run label" not in report(real)


def test_lines_fit_and_no_line_ends_in_blanks(real: Result) -> None:
    for result in (real, full(real)):
        lines = report(result).splitlines()
        assert [line for line in lines if len(line) > WIDTH or line != line.rstrip()] == []


def test_columns_that_tell_nothing_are_left_out(real: Result) -> None:
    text = report(full(real))
    head = next(line for line in text.splitlines() if "anonymous" in line)
    assert head.split()[4:] == ["RSS", "anonymous", "mapped", "PSS", "private"]
    assert [line.split() for line in text.splitlines() if line.strip().startswith("at ") and "°C" in line] == [
        ["at", "p50", "ms", "°C"]
    ]


def test_a_clean_run_says_so_and_an_unjudged_one_does_not(real: Result) -> None:
    assert "trust      clean" in report(replace(real, trust=Trust()))
    assert "trust      not judged" in report(replace(real, trust=None))


def test_a_stored_result_of_before_is_still_told(real: Result) -> None:
    old = msgspec.to_builtins(real)
    for name in ("trust", "timing", "cold_start", "memory", "conditions", "footprint", "noise_floor"):
        old.pop(name, None)
    assert "p50" in report(msgspec.convert(old, Result))


def test_numbers_have_four_digits_and_no_exponent() -> None:
    assert [number(value) for value in (0.0, 0.00001234, 0.5, 12.345, 123456.0, -2.0)] == [
        "0",
        "0.00001",
        "0.5000",
        "12.35",
        "123,456",
        "-2.000",
    ]
    assert [percent(share) for share in (0.0, 0.00012, 0.0123, 0.31, 1.5)] == [
        "0 %",
        "0.01 %",
        "1.2 %",
        "31 %",
        "150 %",
    ]


def test_reasons_are_told_once() -> None:
    assert by_reason([("a", "x"), ("b", "y"), ("c", "x")]) == {"x": ["a", "c"], "y": ["b"]}


def test_a_table_is_aligned() -> None:
    assert list(table([["a", "bb"], ["long", "1"], ["x", "222"]])) == ["a      bb", "long    1", "x     222"]


def test_every_metric_has_its_place(real: Result) -> None:
    """A figure that belongs to no topic would be measured and never be seen. Quality is shown by `evaluate`."""
    rows = tuple(MetricRow(metric=name, value=1.5, n=3) for name in METRICS)
    run = Evaluation(set_id="0" * 64, set_name="digits", task="image-classification", asked=3, answered=3, ended="all")
    evaluated = evaluation_view.report(replace(real, metrics=rows, evaluation=run))
    told = "\n".join([*figure_lines(rows, ()), evaluated])
    assert [metric.title for metric in METRICS.values() if metric.title not in told] == []


def test_small_energies_are_read_well() -> None:
    row = MetricRow(
        metric="energy_per_inference_j", value=0.00025, n=5, ci_low=0.00021, ci_high=0.00029, scope="partial_rails"
    )
    (line,) = [line for line in figure_lines([row], ()) if "Energy  " in line]
    assert "250.0 µJ" in line
    assert "partial_rails  95 % in 210.0 to 290.0" in line


def test_a_percentile_without_an_interval_is_shown_and_marked_with_its_reason(real: Result) -> None:
    few = "needs {} samples for a 95 % interval; this run has 78000, worth 6 independent ones"
    rows = [
        MetricRow(metric="latency_p50_ms", value=0.5, n=78_000, ci_low=0.4, ci_high=0.6),
        MetricRow(metric="latency_p90_ms", value=0.75, n=78_000, no_interval=few.format(425_525)),
        MetricRow(metric="latency_p99_ms", value=1.25, n=78_000, no_interval=few.format(525_525)),
    ]
    lines = report(replace(real, metrics=tuple(rows), absent=())).splitlines()
    assert any(line.split()[:3] == ["p99", "1.250", "ms"] and "no 95 % interval, n=78,000" in line for line in lines)
    told = "\n".join(lines)
    assert "p90; p99: need 425,525 and 525,525 samples for a 95 % interval; this run has 78000" in told
    assert "Not measured" not in told
