"""What `edgeprof tune` prints: the verdict, everything that was tried, and how to run the winner. Pure."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from edgeprof.tables.durations import duration_text
from edgeprof.tables.figures import clean
from edgeprof.tuning.goals import Goal
from edgeprof.tuning.outcome import Tuned, TunedRow, sentence
from edgeprof.tuning.space import Axis, size_of
from edgeprof_agent.commands.view.words import labelled, number, plural

_MAX_NOTE = 60


def tuned_text(model: str, goal: Goal, outcome: Tuned) -> str:
    """The whole outcome for a person."""
    return "\n".join(_lines(model, goal, outcome))


def space_text(axes: Mapping[str, Sequence[Axis]]) -> str:
    """Every axis of each runtime, its default first."""
    return "\n".join(_space_lines(axes))


def _lines(model: str, goal: Goal, outcome: Tuned) -> Iterator[str]:
    yield f"{model}: {goal.name}, {plural(outcome.runs, 'run')} in {duration_text(outcome.seconds)}"
    yield ""
    yield from _verdict_lines(goal, outcome)
    yield ""
    yield from _table(outcome)
    yield ""
    for runtime, count in outcome.space.items():
        tried = sum(row.runs > 0 and row.candidate.startswith(f"{runtime},") for row in outcome.rows)
        yield from labelled("space", f"{tried} of {count:,} candidates of {runtime} were run; {outcome.ended}")
    if outcome.disturbed:
        yield from labelled("held back", f"{plural(outcome.disturbed, 'run')} on a throttled or disturbed machine")
    if outcome.busy:
        share = f"{outcome.busy} of {plural(outcome.runs, 'run')} shared the processor with other programs"
        yield from labelled("busy", f"{share}. On an idle machine the result may be another.")
    if outcome.command is not None and outcome.winner is not None:
        yield from ["", "Measure it again:", f"  {outcome.command}"]


def _verdict_lines(goal: Goal, outcome: Tuned) -> Iterator[str]:
    baseline = outcome.baseline.key
    if not outcome.baseline_is_default:
        yield f"The default fails. The baseline is the first candidate that works: {baseline}."
    if outcome.winner is None or outcome.verdict is None:
        yield f"Nothing better was found: {outcome.why}."
        if outcome.verdict is not None:
            yield f"  {sentence(goal, outcome.verdict)}"
        return
    yield f"Best: {outcome.winner.key}"
    yield f"  {sentence(goal, outcome.verdict)}, against {baseline}"
    if outcome.winner_figure is not None and outcome.baseline_figure is not None:
        figures = f"{number(outcome.winner_figure)} against {number(outcome.baseline_figure)} {outcome.unit}"
        yield f"  {figures}, {outcome.verdict.runs_b} runs each, in turns"
    is_time = goal.name in ("latency", "throughput")
    if not is_time and outcome.winner_ms is not None and outcome.baseline_ms is not None:
        yield f"  time: {number(outcome.winner_ms)} against {number(outcome.baseline_ms)} ms"
    if outcome.answers is not None:
        yield f"  {outcome.answers}"


def _table(outcome: Tuned) -> Iterator[str]:
    width = max(len(row.candidate) for row in outcome.rows)
    yield f"{'candidate':<{width}}  {outcome.unit:>10}  {'of baseline':>11}  {'runs':>4}"
    for row in outcome.rows:
        is_baseline = row.candidate == outcome.baseline.key
        note = "baseline" if is_baseline else _short(row)
        yield f"{row.candidate:<{width}}  {_figure(row):>10}  {_share(row):>11}  {row.runs:>4}  {note}".rstrip()


def _figure(row: TunedRow) -> str:
    return "" if row.figure is None else number(row.figure)


def _share(row: TunedRow) -> str:
    return "" if row.ratio is None else f"{row.ratio:.0%}".replace("%", " %")


def _short(row: TunedRow) -> str:
    return textwrap.shorten(clean(row.note), _MAX_NOTE, placeholder=" …")


def _space_lines(axes: Mapping[str, Sequence[Axis]]) -> Iterator[str]:
    for runtime, found in axes.items():
        yield f"{runtime}: {size_of(found):,} candidates"
        for axis in found:
            values = ", ".join((axis.usual or "as found", *axis.values))
            yield f"  {axis.name:<16} {values:<32} {axis.meaning}{'' if axis.is_exact else ' Can change answers.'}"
