"""Quality in words: the figure of an evaluation, a gate's verdict, a drift. Terminal and pages print the same."""

from collections.abc import Callable
from typing import Literal

from edgeprof.tables import figures
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof.wire.quality import CorrectCost, DriftKind, VerdictState

GATES: dict[VerdictState, str] = {
    "passes": "✓ passes its gate",
    "fails": "✕ fails its gate",
    "undecided": "? gate undecided",
    "reference": "the gate's reference",
}
DRIFTS: dict[DriftKind, str] = {
    "scores_differ": "≠ scores drift",
    "answers_differ": "≠ answers drift",
    "quality_differs": "≠ quality drifts",
    "collapsed": "≠ collapsed",
}
"""A drift that is none has no mark."""
Mark = Literal["good", "bad", "open", "plain"]
MARKS: dict[VerdictState, Mark] = {"passes": "good", "fails": "bad", "undecided": "open", "reference": "plain"}


def quality_text(metric: str, value: float, ci_low: float | None, ci_high: float | None, n: int) -> str:
    """The figure with its 95 % interval and its number of items.

    >>> quality_text("accuracy_percent", 97.6, 95.88, 98.61, 500)
    'accuracy 97.6 % (95.9–98.6), 500 items'
    """
    known = METRICS.get(metric)
    row = MetricRow(metric=metric, value=value, n=n, ci_low=ci_low, ci_high=ci_high)
    title = known.title if known else metric
    shown = f"{_small(title)} {figures.figure(row)}{f' {known.unit}' if known and known.unit else ''}"
    interval = figures.interval(row)
    return f"{shown}{f' ({interval})' if interval else ''}, {n:,} item{'s' * (n != 1)}"


def correct_texts(correct: CorrectCost | None) -> tuple[str, ...]:
    """What a right answer costs in money and in energy, as far as both are known.

    >>> correct_texts(CorrectCost(energy_j=0.5, energy_j_low=0.49, energy_j_high=0.52))
    ('500 mJ per right answer (490 mJ–520 mJ)',)
    """
    if correct is None:
        return ()
    money = (correct.usd_per_1000, correct.usd_per_1000_low, correct.usd_per_1000_high)
    joules = (correct.energy_j, correct.energy_j_low, correct.energy_j_high)
    found = [
        _with_ends(money, figures.usd, "per 1,000 right answers"),
        _with_ends(joules, figures.energy, "per right answer"),
    ]
    return tuple(text for text in found if text)


def _with_ends(values: tuple[float | None, float | None, float | None], shown: Callable[[float], str], of: str) -> str:
    value, low, high = values
    if value is None:
        return ""
    ends = "" if low is None or high is None else f" ({shown(low)}–{shown(high)})"
    return f"{shown(value)} {of}{ends}"


def _small(title: str) -> str:
    """A title inside a sentence; an abbreviation stays as it is."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
