"""Who is fastest, by how much and how sure, in a line for each other set-up; and the warnings with the sides' names."""

from collections.abc import Iterator, Mapping, Sequence

from edgeprof.compare import comparability
from edgeprof.statistics.verdict import Verdict
from edgeprof_agent.commands.view.words import by_reason, listed, percent
from edgeprof_agent.series.running import SeriesState
from edgeprof_agent.series.summary import Judged, SeriesSummary

Names = Mapping[str, str]
"""A set-up's label to its name in the table."""


def verdict_items(summary: SeriesSummary, names: Names) -> Iterator[tuple[str, list[str]]]:
    """For each series of times a headline, and a sentence for each other set-up or reason."""
    for best in dict.fromkeys(judged.a for judged in summary.verdicts):
        found = [judged for judged in summary.verdicts if judged.a == best]
        shown = [judged for judged in found if judged.report and judged.report.verdict.outcome == "slower"]
        if len(shown) == len(found):
            yield f"Fastest: {names[best]}", list(_sentences(found, names))
        else:
            yield f"Leader so far: {names[best]}", list(_sentences(found, names))


def _sentences(found: Sequence[Judged], names: Names) -> Iterator[str]:
    for judged in found:
        if judged.report is not None and judged.report.verdict.ratio is not None and not _abstains(judged):
            yield _ratio_sentence(judged.report.verdict, names[judged.b])
    open_ones = [(names[judged.b], _reason(judged)) for judged in found if _abstains(judged)]
    for reason, others in by_reason(open_ones).items():
        yield f"no verdict against {listed(others)}: {reason}"


def _ratio_sentence(verdict: Verdict, other: str) -> str:
    span = f" ({verdict.interval_percent} %: {_ends(verdict)})"
    text = f"{verdict.ratio:.2f} × as fast as {other}{span}"
    if verdict.outcome == "slower":
        return text
    if verdict.outcome == "faster":
        return f"{text}: by the mean of its runs, {other} is the faster one"
    return f"{text}: no difference shown{_reach(verdict)}"


def _ends(verdict: Verdict) -> str:
    return f"{verdict.low:.2f} to {verdict.high:.2f}"


def _reach(verdict: Verdict) -> str:
    if verdict.smallest_effect is None:
        return ""
    if verdict.smallest_effect > 1:
        return "; needs more repeats"
    return f"; {percent(verdict.smallest_effect)} would show in 4 of 5 cases"


def _abstains(judged: Judged) -> bool:
    return judged.report is None or judged.report.verdict.ratio is None or judged.report.verdict.outcome == "abstains"


def _reason(judged: Judged) -> str:
    return judged.reason or (judged.report.verdict.reason if judged.report else "") or "no reason given"


def warnings_of(series: SeriesState, judged: Judged, names: Names) -> list[str]:
    """The warnings of a verdict, with its sides by name. A difference in threads is meant and makes none."""
    if judged.report is None:
        return []
    a, b = ([run.result for run in series.measured(_index(series, label))] for label in (judged.a, judged.b))
    by_letter = comparability.warnings(a, b)
    others = [warning for warning in judged.report.warnings if warning not in by_letter]
    by_name = comparability.warnings(a, b, (names[judged.a], names[judged.b]))
    return [*(text for text in by_name if not text.startswith("different threads")), *others]


def work_differs(series: SeriesState, summary: SeriesSummary) -> list[str]:
    """In what the set-ups' work differs, threads aside: `inputs`."""
    found: list[str] = []
    for judged in summary.verdicts:
        a, b = ([run.result for run in series.measured(_index(series, label))] for label in (judged.a, judged.b))
        found += [name for name in comparability.different_work(a, b) if name != "threads"]
    return list(dict.fromkeys(found))


def _index(series: SeriesState, label: str) -> int:
    return next(index for index, setup in enumerate(series.setups) if setup.label == label)
