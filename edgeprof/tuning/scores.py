"""What the runs of a search say of each candidate: its figure over the baseline's in the same block. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

DISTURBED = frozenset({"throttled", "under_voltage", "swapping", "stalled", "unstable_clock"})
"""Trust causes for which a block of the search is run again: what they do may last for one candidate only."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One short run. `value`: the figure of the goal, lower is better; None where the run failed. `time_ms`: of an
    inference or a request, whatever the goal.

    `low`, `high`: its 95 % interval within the run; `attempt` is 2 for the repeat of a disturbed block.
    """

    candidate: str
    stage: str
    block: int
    attempt: int = 1
    value: float | None = None
    low: float | None = None
    high: float | None = None
    time_ms: float | None = None
    seconds: float = 0.0
    marks: tuple[str, ...] = ()
    failure: str | None = None

    @property
    def is_disturbed(self) -> bool:
        """Whether the machine was held back while it ran."""
        return bool(DISTURBED & set(self.marks))

    @property
    def place(self) -> tuple[str, int, int]:
        """Which block it belongs to."""
        return self.stage, self.block, self.attempt


@dataclass(frozen=True, kw_only=True)
class Score:
    """A candidate's figure over the baseline's; below 1 is better. `runs`: the blocks that it rests on."""

    candidate: str
    ratio: float
    runs: int
    disturbed: bool


def score_of(candidate: str, baseline: str, trials: Sequence[Trial]) -> Score | None:
    """None for a candidate that failed, or was never run beside a baseline that worked.

    The median over blocks of the ratio within a block: what drifts from block to block cancels.

    >>> trial = lambda name, block, value: Trial(candidate=name, stage="1", block=block, value=value)
    >>> runs = [trial("a", 1, 2.0), trial("b", 1, 1.0), trial("a", 2, 4.0), trial("b", 2, 2.2)]
    >>> round(score_of("b", "a", runs).ratio, 3)
    0.524
    """
    own = [trial for trial in trials if trial.candidate == candidate]
    if not own or any(trial.value is None for trial in own):
        return None
    beside = {trial.place: trial.value for trial in trials if trial.candidate == baseline and trial.value is not None}
    clean = [trial for trial in own if not trial.is_disturbed]
    pairs = [
        math.log(trial.value / beside[trial.place])
        for trial in clean or own
        if trial.value is not None and trial.place in beside
    ]
    if not pairs:
        return None
    return Score(candidate=candidate, ratio=math.exp(statistics.median(pairs)), runs=len(pairs), disturbed=not clean)


def ranking(candidates: Sequence[str], baseline: str, trials: Sequence[Trial]) -> list[Score]:
    """The scores of all that worked, the best first; of two alike the one that stands first in `candidates`."""
    found = [score_of(candidate, baseline, trials) for candidate in candidates]
    return sorted((score for score in found if score is not None), key=lambda score: score.ratio)
