"""What `edgeprof profile` prints by default: one row per set-up, the verdict by name, at most ten lines."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.compare.report import Report
from edgeprof.modelfiles import inspect
from edgeprof.statistics.verdict import Outcome, Verdict
from edgeprof.tables.columns import width_of
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import Timing, Trust, TrustMark
from edgeprof_agent.commands.view.brief import MAX_LINES, BriefText, brief_of
from edgeprof_agent.commands.view.series import text_of
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import RunOutcome, SeriesState
from edgeprof_agent.series.setups import Setup
from edgeprof_agent.series.summary import Judged, SeriesSummary
from tests.agent.measuring import BUNDLED
from tests.hub import fleet

MODEL = fleet.model("digits", "digits")
TIMING = Timing(
    clock_resolution_ns=30.0,
    loop_overhead_ns=60.0,
    warmup_runs=9,
    settled=True,
    window_end="precision",
    relative_half_width=0.01,
)
FAILURE = m.Failure(
    stage="load",
    code="shape_required",
    message="Input 'x' has dynamic sizes (1,length). Set them, for example: --input-shape x=1,SIZE",
    log="line 1\nline 2\nline 3\nline 4\n",
)


def ran(*reasons: str, timing: Timing = TIMING) -> m.Result:
    marks = tuple(
        TrustMark(cause=cause, reason=reason)
        for cause, reason in zip(("busy", "noisy", "unsettled", "stalled"), reasons, strict=False)
    )  # pyright: ignore[reportArgumentType]
    return replace(fleet.result(1, MODEL, fleet.vision_rows(1.0, 0.01)), trust=Trust(marks=marks), timing=timing)


def series_of(*runs: Sequence[m.Result], threads: Sequence[int] = ()) -> SeriesState:
    """Set-ups of one model that differ in threads."""
    file = inspect(BUNDLED / "digits-cnn-fp32.onnx")
    setups = [
        Setup(
            file=file,
            config=m.RunConfig(runtime="onnxruntime", threads=number),
            protocol=m.RunProtocol(),
            label=f"digits-cnn-fp32.onnx, {number} threads",
            folder=f"s{number}",
        )
        for number in (threads or range(1, len(runs) + 1))
    ]
    turns = interleaved(len(setups), max(map(len, runs)), 1)
    outcomes = {index: [RunOutcome(result, {}) for result in results] for index, results in enumerate(runs)}
    return SeriesState(setups, turns, outcomes)


def judged(series: SeriesState, b: int, outcome: Outcome, ratio: float | None = 1.5, reason: str = "") -> Judged:
    verdict = Verdict(
        outcome=outcome,
        ratio=ratio,
        low=None if ratio is None else ratio - 0.1,
        high=None if ratio is None else ratio + 0.1,
        smallest_effect=0.034,
        floor=None,
        basis="replicates",
        runs_a=3,
        runs_b=3,
        reason=reason or "the 97 % interval excludes 1",
    )
    report = Report(series="latency", verdict=verdict, a_ms=(), b_ms=(), subject=(), warnings=(), notes=())
    return Judged(a=series.setups[0].label, b=series.setups[b].label, report=report)


def shown(series: SeriesState, *verdicts: Judged, width: int = 80, out: Path | None = None) -> BriefText:
    return brief_of(series, SeriesSummary(rows=(), verdicts=verdicts), width, out)


def test_a_clean_single_run_says_how_far_to_believe_it() -> None:
    brief = shown(series_of([ran()]))
    assert brief.verdict == ["One run, clean, as precise as requested (±1.0 %, requested ±2.0 %)."]
    assert brief.notes[0].startswith("next      -v shows everything")
    assert brief.table[0].split()[0] == "set-up"


def test_what_prevented_precision_is_told_once() -> None:
    wide = replace(TIMING, window_end="looks", relative_half_width=0.2, needed_s=90_000.0, prevented_by="a busy core")
    brief = shown(series_of([ran("a busy core", timing=wide)]))
    assert "less precise than requested (±20 %, requested ±2.0 %)" in " ".join(brief.verdict)
    assert "precision ±2.0 % not reached; would take about 25 h" in brief.notes
    assert sum("a busy core" in line for line in brief.notes) == 1
    assert "Stop other programs" in " ".join(brief.notes)
    other = shown(series_of([ran(timing=replace(wide, prevented_by="too few samples"))]))
    assert any("too few samples" in line for line in other.notes)


def test_the_names_of_the_verdict_are_those_of_the_table() -> None:
    series = series_of([ran()] * 3, [ran()] * 3, [ran()] * 3)
    brief = shown(series, judged(series, 1, "slower", 1.5), judged(series, 2, "slower", 2.0))
    assert brief.verdict == [
        "Fastest: digits-cnn-fp32.onnx, 1 thread",
        "  1.50 × as fast as digits-cnn-fp32.onnx, 2 threads (97 %: 1.40 to 1.60)",
        "  2.00 × as fast as digits-cnn-fp32.onnx, 3 threads (97 %: 1.90 to 2.10)",
    ]
    for name in ("1 thread", "2 threads", "3 threads"):
        assert any(line.startswith(f"digits-cnn-fp32.onnx, {name} ") for line in brief.table)


def test_in_full_the_order_stands_and_a_warning_names_the_sides() -> None:
    other = ran()
    assert other.effective is not None
    other = replace(other, effective=replace(other.effective, inputs={"A": "int8[1]"}))
    series = series_of([ran()], [other])
    told = " ".join(text_of(series, SeriesSummary(rows=(), verdicts=(judged(series, 1, "slower"),)), 5, None).split())
    assert "digits-cnn-fp32.onnx, 2 threads is slower than digits-cnn-fp32.onnx, 1 threads by 50 %" in told
    assert "{'A': 'int8[1]'} in digits-cnn-fp32.onnx, 2 threads" in told
    assert "(seed 5)" in told


def test_without_a_shown_difference_nobody_is_called_the_fastest() -> None:
    series = series_of([ran()], [ran()], [ran()], [ran()])
    verdicts = [
        judged(series, 1, "no_difference_shown", 1.01),
        *(judged(series, index, "abstains", reason="the floor is not known") for index in (2, 3)),
    ]
    brief = shown(series, *verdicts)
    text = " ".join(" ".join(brief.verdict).split())
    assert text.startswith("Leader so far: digits-cnn-fp32.onnx, 1 thread ")
    assert "2 threads (97 %: 0.91 to 1.11): no difference shown; 3.4 % would show in 4 of 5 cases" in text
    assert text.count("the floor is not known") == 1
    assert "-r 3 repeats each set-up" in " ".join(brief.notes)


def test_a_failure_keeps_its_command_on_one_line_and_the_rest_goes_on() -> None:
    failed = fleet.result(1, MODEL, failure=FAILURE)
    brief = shown(series_of([failed], [ran()]))
    assert any("--input-shape x=1,SIZE" in line and "1 thread: shape_required" in line for line in brief.notes)
    alone = shown(series_of([failed]))
    assert alone.verdict == []
    assert [line.strip() for line in alone.notes[1:4]] == ["line 2", "line 3", "line 4"]


@pytest.mark.parametrize("width", [60, 80, 130])
def test_twelve_set_ups_keep_to_ten_lines_and_the_width(width: int, tmp_path: Path) -> None:
    reason = "other programs used processor time worth 119 % of the model's, and a thread waited for a core " * 3
    runs = [[ran(reason, reason, reason, reason)] * 2 for _ in range(12)]
    series = series_of(*runs)
    verdicts = [judged(series, index, "slower") for index in range(1, 12)]
    brief = shown(series, *verdicts, width=width, out=Path("runs"))
    lines = brief.text.splitlines()
    assert max(map(width_of, lines)) <= width
    assert len(brief.notes) <= MAX_LINES
    assert [line.split(",")[0] for line in brief.table[1:13]] == ["digits-cnn-fp32.onnx"] * 12
    assert len(brief.verdict) >= 12
    assert any(line.startswith("saved in  runs/") for line in brief.notes)
    assert any(line.startswith("next") for line in brief.notes)
    assert all(line == line.rstrip() for line in lines)
