"""What a tuning came to: a row for everything that was tried, and a verdict on the best against the baseline. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.verdict import Verdict, compare
from edgeprof.tuning.goals import Goal
from edgeprof.tuning.scores import Trial, score_of
from edgeprof.tuning.search import Searched
from edgeprof.tuning.space import Candidate

FINAL = "final"


@dataclass(frozen=True, kw_only=True)
class TunedRow:
    """A candidate. `figure`: the median of its runs; `ratio`: over the baseline in the same blocks, below 1 better."""

    candidate: str
    figure: float | None
    ratio: float | None
    runs: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """The whole outcome. `winner` None: nothing better was found; `why` is the reason then. Figures are in `unit`."""

    goal: str
    unit: str
    baseline: Candidate
    baseline_is_default: bool
    winner: Candidate | None
    why: str
    verdict: Verdict | None
    baseline_figure: float | None
    winner_figure: float | None
    baseline_ms: float | None
    winner_ms: float | None
    """The time of an inference or a request, whatever the goal: the price of less memory may be time."""
    answers: str | None
    rows: tuple[TunedRow, ...]
    space: Mapping[str, int]
    """By runtime: how many candidates it has."""
    runs: int
    seconds: float
    budget_s: float
    ended: str
    disturbed: int
    busy: int
    """Runs from which other programs took processor time."""
    command: str | None
    """Measures the winner again."""


def final_verdict(trials: Sequence[Trial], baseline: str, winner: str) -> Verdict:
    """B, the winner, against A, the baseline, from the runs of the last comparison."""
    return compare(estimates_of(trials, baseline), estimates_of(trials, winner))


def estimates_of(trials: Sequence[Trial], candidate: str) -> list[Estimate]:
    """Of a candidate's runs in the last comparison that gave a figure."""
    return [
        Estimate(trial.value, trial.low or trial.value, trial.high or trial.value)
        for trial in trials
        if trial.candidate == candidate and trial.stage == FINAL and trial.value is not None
    ]


def rows_of(searched: Searched, notes: Mapping[str, str]) -> tuple[TunedRow, ...]:
    """The baseline, what worked with the best first, what failed, and what was not tried."""
    rows = [_row(one, searched, notes) for one in searched.order]
    tried = sorted((row for row in rows[1:] if row.ratio is not None), key=lambda row: row.ratio or 0.0)
    return (rows[0], *tried, *(row for row in rows[1:] if row.ratio is None))


def _row(one: Candidate, searched: Searched, notes: Mapping[str, str]) -> TunedRow:
    own = [trial for trial in searched.trials if trial.candidate == one.key]
    values = [trial.value for trial in own if trial.value is not None and trial.stage != FINAL]
    failure = next((trial.failure for trial in own if trial.failure is not None), None)
    is_baseline = one.key == searched.baseline.key
    rounds = [trial for trial in searched.trials if trial.stage.isdigit()]
    score = None if is_baseline else score_of(one.key, searched.baseline.key, rounds)
    words = [notes.get(one.key, ""), failure or "", "the machine was held back" if score and score.disturbed else ""]
    if not own:
        words.append("not tried: the budget ended")
    return TunedRow(
        candidate=one.key,
        figure=statistics.median(values) if values else None,
        ratio=score.ratio if score else None,
        runs=len(own),
        note="; ".join(filter(None, words)),
    )


def sentence(goal: Goal, verdict: Verdict) -> str:
    """`2.1 × as fast, 1.9 to 2.3 (97 %)`, or how much less of memory, energy or money it takes.

    >>> from edgeprof.statistics.estimate import Estimate
    >>> sides = [[Estimate(value * n, value * n, value * n) for n in (1.0, 1.01, 1.02)] for value in (2.0, 1.0)]
    >>> sentence(Goal(name="latency"), compare(*sides))
    '2.00 × as fast, 1.95 to 2.05 (97 %)'
    >>> sentence(Goal(name="memory"), compare(*sides))
    '50 % less memory, 48.6 % to 51.3 % (97 %)'
    """
    ratio, low, high = verdict.ratio, verdict.low, verdict.high
    if ratio is None or low is None or high is None:
        return verdict.reason
    if goal.name in ("latency", "throughput"):
        return f"{1 / ratio:.2f} × as fast, {1 / high:.2f} to {1 / low:.2f} ({verdict.interval_percent} %)"
    less, least, most = (f"{(1 - share) * 100:.3g} %" for share in (ratio, high, low))
    noun = {"memory": "memory", "energy": "energy", "cost": "cost"}[goal.name]
    return f"{less} less {noun}, {least} to {most} ({verdict.interval_percent} %)"
