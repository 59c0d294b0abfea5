"""How far an answer can be believed, in three grades, and the one thing that would raise it. Pure rules.

- **open**: the data name nobody: one variant only, intervals that overlap, boards that disagree, runs in progress.
- **likely**: the intervals are apart, but in fewer than four runs, under a badge, not on every board of the class, or
  with an undecided gate.
- **firm**: the intervals are apart on every board of the class, no badge speaks against a candidate, and each of at
  least four runs of the pick beats each run of the next. Of two equal variants one does that to the other in one of
  35 cases: 2 4! 4! / 8! (the exact two-sided permutation test of two groups of four; two of three: one of 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.wire import rest

Grade = Literal["firm", "likely", "open"]
Action = Literal["", "wait", "repeat", "run_missing", "flash", "evaluate", "calibrate"]
MIN_RUNS = 4
"""Runs of both that a firm answer needs, see above."""
SPOILED = frozenset({"suspect output", "made up work", "replayed"})
"""Badges under which a figure is of something else: no answer rests on it."""


@dataclass(frozen=True)
class ContestEvidence:
    """What speaks for and against the leader of a contest.

    `is_apart`: its interval, widened for run-to-run variation, overlaps none of the others. `has_intervals`: everybody
    has one. `runs`: of the pick or the next, whichever has fewer. `is_separate`: each run of the pick beats each run of
    the next. `doubts`: names of badges against one of the candidates. `has_failed`: the pick did, on a board of the
    class. `is_everywhere`: every board of the class has both and names the pick best.
    """

    contenders: int
    is_apart: bool = False
    has_intervals: bool = True
    agree: bool = True
    runs: int = 1
    is_separate: bool = False
    doubts: tuple[str, ...] = ()
    stale: int = 0
    open_jobs: int = 0
    missing: int = 0
    gate: rest.VerdictState | None = None
    has_failed: bool = False
    is_everywhere: bool = True


@dataclass(frozen=True)
class Belief:
    """`reason` and `remedy` are sentences; `remedy` is empty where nothing would raise the grade."""

    grade: Grade
    reason: str
    remedy: str = ""
    action: Action = ""


def belief_of(seen: ContestEvidence) -> Belief:
    """The grade of an answer.

    >>> belief_of(ContestEvidence(contenders=1)).grade
    'open'
    """
    return _obstacle(seen) or _overlap(seen) or _weakness(seen) or Belief("firm", _firm_reason(seen))


def is_separate(pick: Sequence[float], other: Sequence[float], *, lower_is_better: bool) -> bool:
    """Whether each run of the pick beats each run of the other."""
    if not pick or not other:
        return False
    return max(pick) < min(other) if lower_is_better else min(pick) > max(other)


def _obstacle(seen: ContestEvidence) -> Belief | None:
    """What makes any answer premature."""
    if seen.open_jobs:
        jobs = f"{seen.open_jobs} run{'s' * (seen.open_jobs != 1)}"
        return Belief("open", f"{jobs} in progress.", "Wait for the result.", "wait")
    if seen.stale:
        figures = f"{seen.stale} figure{'s are' if seen.stale != 1 else ' is'}"
        return Belief("open", f"{figures} from another runtime version.", "Run them again.", "repeat")
    if seen.contenders < 2:
        reason = "Only one variant has a figure."
        if seen.missing:
            return Belief("open", reason, "Run the other variants.", "run_missing")
        return Belief("open", reason, "Measure a second variant of this family.", "flash")
    if not seen.agree:
        return Belief("open", "The boards disagree on the order.", "Repeat on all boards, interleaved.", "repeat")
    if spoiled := [cause for cause in seen.doubts if cause in SPOILED]:
        return Belief("open", f"A candidate's badge says {spoiled[0]}.", "Repeat interleaved.", "repeat")
    return None


def _overlap(seen: ContestEvidence) -> Belief | None:
    """Leaders whose intervals are not apart."""
    if not seen.has_intervals:
        return Belief("open", "A candidate has no interval.", "Repeat interleaved.", "repeat")
    if seen.is_apart:
        return None
    if seen.runs < MIN_RUNS:
        return Belief("open", "The leaders' intervals overlap.", "Repeat interleaved.", "repeat")
    if seen.is_separate:
        reason = f"All {seen.runs} runs agree, by less than the run-to-run allowance."
        return Belief("likely", reason, "Measure the noise floor: `edgeprof calibrate`.", "calibrate")
    return Belief("open", f"{seen.runs} runs each do not separate them.", "Choose by memory or cost.", "")


def _weakness(seen: ContestEvidence) -> Belief | None:
    """What keeps leaders whose intervals are apart from being firm."""
    if seen.has_failed:
        return Belief("likely", "It failed on a board of this class.", "See why it failed.", "")
    if seen.doubts:
        reason = f"Intervals are apart, under a badge: {', '.join(seen.doubts)}."
        return Belief("likely", reason, "Repeat interleaved on a quiet device.", "repeat")
    if seen.runs < MIN_RUNS:
        runs = "one run" if seen.runs <= 1 else f"{seen.runs} runs"
        return Belief("likely", f"Intervals are apart, in {runs} each.", "Repeat interleaved.", "repeat")
    if not seen.is_separate:
        return Belief(
            "likely", f"Intervals are apart; some of {seen.runs} runs overlap.", "Repeat interleaved.", "repeat"
        )
    if not seen.is_everywhere:
        action: Action = "run_missing" if seen.missing else ""
        return Belief("likely", "Not shown on every board of this class.", "Run both on the others.", action)
    if seen.gate == "undecided":
        return Belief("likely", "Speed is clear; the quality gate is undecided.", "Evaluate the pick.", "evaluate")
    return None


def _firm_reason(seen: ContestEvidence) -> str:
    return f"Intervals are apart, {seen.runs} runs each agree, no badge."
