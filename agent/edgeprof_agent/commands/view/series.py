"""A series as text and as a JSON document: a table of the set-ups, then a line of verdict on each. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof.statistics.verdict import Outcome, Verdict
from edgeprof.tables.columns import table
from edgeprof.wire.messages import Result
from edgeprof_agent.commands.view.verdict import warnings_of
from edgeprof_agent.commands.view.words import labelled, number, percent, plural
from edgeprof_agent.series.interleaving import order_of
from edgeprof_agent.series.running import SeriesState
from edgeprof_agent.series.storage import SeriesPlan
from edgeprof_agent.series.summary import Judged, SeriesRow, SeriesSummary

_SAID: dict[Outcome, str] = {
    "faster": "is faster than",
    "slower": "is slower than",
    "no_difference_shown": "shows no difference from",
    "abstains": "gets no verdict against",
}
_BLOCKS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Document:
    """A series as `--json` prints it. Results by the set-up's folder name, in time order."""

    plan: SeriesPlan
    interrupted: bool
    summary: SeriesSummary
    results: dict[str, tuple[Result, ...]]


def document_of(series: SeriesState, plan: SeriesPlan, summary: SeriesSummary) -> Document:
    """Everything, without the artifacts."""
    results = {
        setup.folder: tuple(outcome.result for outcome in series.outcomes.get(index, []))
        for index, setup in enumerate(series.setups)
    }
    return Document(plan=plan, interrupted=series.interrupted, summary=summary, results=results)


def text_of(series: SeriesState, summary: SeriesSummary, seed: int, out: Path | None) -> str:
    """For a person."""
    return "\n".join(_lines(series, summary, seed, out))


def _lines(series: SeriesState, summary: SeriesSummary, seed: int, out: Path | None) -> Iterator[str]:
    head = ["  set-up", "runs", "median", "from", "to", "trust"]
    yield from table([head, *(_cells(number_of, row) for number_of, row in enumerate(summary.rows, 1))])
    for caption in dict.fromkeys(_caption(row) for row in summary.rows if row.median_ms is not None):
        yield f"  {caption}"
    for row in summary.rows:
        if row.failure is not None:
            problem = f"{plural(row.failed, 'run')} failed; {row.failure}" if row.failed else row.failure
            yield from labelled("failed", f"{row.label}: {problem}")
    yield ""
    names = {setup.label: setup.label for setup in series.setups}
    warnings = [warnings_of(series, judged, names) for judged in summary.verdicts]
    common = [one for one in (warnings[0] if warnings else ()) if all(one in others for others in warnings)]
    for judged, own in zip(summary.verdicts, warnings, strict=True):
        yield from _verdict(judged, [warning for warning in own if warning not in common])
    for warning in common:
        yield from labelled("warning", warning)
    runs = f"{series.done} of {plural(len(series.turns), 'run')}"
    order = f", in the order {order_of(series.turns, _BLOCKS_SHOWN)} (seed {seed})" if len(series.setups) > 1 else ""
    yield from labelled("ran", runs + order)
    if out is not None:
        yield from labelled("saved in", f"{out}/")
        yield from (f"{'':11}  {row.folder}" for row in summary.rows if row.measured)


def _cells(number_of: int, row: SeriesRow) -> Sequence[str]:
    runs = f"{row.measured}" + (f", {row.failed} failed" if row.failed else "")
    if row.median_ms is None or row.low_ms is None or row.high_ms is None:
        return [f"{number_of} {row.label}", runs, "-", "-", "-", "-"]
    times = [f"{number(row.median_ms)} ms", number(row.low_ms), number(row.high_ms)]
    return [f"{number_of} {row.label}", runs, *times, _trust(row)]


def _caption(row: SeriesRow) -> str:
    what = "time between tokens" if row.series == "inter_token" else row.series
    return f"{what}: median of the runs' medians, and the {row.spans}"


def _trust(row: SeriesRow) -> str:
    if row.unjudged == row.measured:
        return "not judged"
    marks = [f"{cause.replace('_', ' ')} {count}×" for cause, count in row.marks.items()]
    return ", ".join(marks) or "clean"


def _verdict(judged: Judged, warnings: Sequence[str]) -> Iterator[str]:
    if judged.report is None:
        yield from labelled("verdict", f"{judged.b}: none against {judged.a}: {judged.reason}")
        return
    verdict = judged.report.verdict
    yield from labelled(
        "verdict", f"{judged.b} {_SAID[verdict.outcome]} {judged.a}{_by(verdict)}: {verdict.reason}{_reach(verdict)}."
    )
    for warning in warnings:
        yield from labelled("", f"warning: {warning}")


def _by(verdict: Verdict) -> str:
    if verdict.ratio is None or verdict.outcome not in ("faster", "slower"):
        return ""
    interval = ""
    if verdict.low is not None and verdict.high is not None:
        span = f"{verdict.interval_percent} % in {verdict.low:.3f} to {verdict.high:.3f}"
        interval = f" (ratio {verdict.ratio:.3f}, {span})"
    return f" by {percent(abs(verdict.ratio - 1))}{interval}"


def _reach(verdict: Verdict) -> str:
    """What such a pair could have shown, where it showed nothing."""
    if verdict.outcome in ("faster", "slower") or verdict.smallest_effect is None:
        return ""
    if verdict.smallest_effect > 1:
        return "; more repeats are needed to show an effect"
    return f"; a difference of {percent(verdict.smallest_effect)} would show in 4 of 5 cases"
