"""The search: successive halving over interleaved short runs. It decides; whoever calls it runs and saves. Pure.

Jamieson and Talwalkar, Non-stochastic best arm identification (2016): every round runs what is left, and the better
half goes on with more runs each. Rounds are randomized complete blocks with the baseline in each: what drifts from
block to block cancels in the ratio. Of a space too large to be tried whole, the first round has each value alone. What
was better than the baseline is then crossed, so that settings that help together are found together.

All decisions follow from the trials and the seed, so that a search with saved trials takes the same way again.
"""

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edgeprof.tuning.scores import Score, Trial, ranking
from edgeprof.tuning.space import Candidate, crossed

MIN_FINAL_RUNS, MAX_FINAL_RUNS = 3, 6
"""Of winner and baseline each, in the comparison that ends a tuning. Below 3 a verdict has next to no power."""
_BLOCKS = (1, 1, 2, 3)
"""Of each round."""
_KEPT = (None, 6, 4, 2)
"""How many candidates beside the baseline a round has at the most; None: all of the pool."""
_MAX_CROSSES = 5
_GAIN = 0.995
"""A ratio below it makes a candidate worth crossing; a difference less than that is not worth a run."""
_PACE_RUNS = 10
_HOPELESS = 1.5
"""A ratio from which on a candidate is dropped, however few are left: no noise of a round is so large."""

Once = Callable[[Candidate, str, int, int], Trial]
"""Runs a candidate: stage, block, attempt."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`budget_s` of all runs together; `run_s`: what one takes, from the first one."""

    budget_s: float
    run_s: float
    seed: int

    @property
    def runs(self) -> int:
        """How many runs the budget has."""
        return int(self.budget_s / self.run_s)

    def search_s(self, run_s: float) -> float:
        """What the search may take when the least of the last comparison, at this pace, is set aside."""
        return self.budget_s - 2 * MIN_FINAL_RUNS * run_s


MIN_RUNS = 1 + 2 + 2 * MIN_FINAL_RUNS
"""The first run, a block of two candidates, and the last comparison."""


@dataclass(kw_only=True)
class Searched:
    """What is known so far. `order` holds every candidate that was named, the baseline first."""

    baseline: Candidate
    order: list[Candidate] = field(default_factory=lambda: [])
    trials: list[Trial] = field(default_factory=lambda: [])
    ended: str = "all rounds were run"

    @property
    def spent_s(self) -> float:
        """Of all runs."""
        return sum(trial.seconds for trial in self.trials)

    def pace_s(self, limits: Limits) -> float:
        """What a run takes now: as the first one, or as the last few if the machine has become slower."""
        latest = [trial.seconds for trial in self.trials[-_PACE_RUNS:]]
        return max(limits.run_s, statistics.fmean(latest)) if latest else limits.run_s

    def ranked(self) -> list[Score]:
        """Beside the baseline, the best first. A candidate that went further comes before one that did not.

        A score from one noisy block must not win over one that held in later rounds.
        """
        scores = ranking([one.key for one in self.order[1:]], self.baseline.key, self.trials)
        return sorted(scores, key=lambda score: (-self._last_stage(score.candidate), score.ratio))

    def _last_stage(self, key: str) -> int:
        return max(int(trial.stage) for trial in self.trials if trial.candidate == key and trial.stage.isdigit())


def planned_runs(pool: int) -> int:
    """At most so many runs does a search over a first pool of this size take, with the last comparison.

    >>> planned_runs(4), planned_runs(12)
    (38, 56)
    """
    rounds = [pool]
    for blocks, kept in zip(_BLOCKS[1:], _KEPT[1:], strict=True):
        rounds.append((min(pool - 1, kept or pool) + 1) * blocks)
    crosses = _MAX_CROSSES if pool > _KEPT[1] + 1 else 0
    return 1 + sum(rounds) + crosses + 2 * MAX_FINAL_RUNS


def search(pool: Sequence[Candidate], limits: Limits, once: Once, seen: Sequence[Trial] = ()) -> Searched:
    """Runs the rounds. `pool`: the baseline first. `seen`: trials before it, whose time counts."""
    state = Searched(baseline=pool[0], order=list(pool), trials=list(seen))
    draw = random.Random(limits.seed)
    kept = list(pool[1:])
    for number, blocks in enumerate(_BLOCKS, 1):
        if number > 1:
            kept = _next(state, kept, number)
        if not kept or (len(kept) == 1 and (number > 2 or _leads(state, kept[0]))):
            state.ended = "nothing was left that beat the baseline" if not kept else "one candidate was left"
            return state
        for block in range(1, blocks + 1):
            if not _block(state, [state.baseline, *kept], (str(number), block), limits, once, draw):
                state.ended = f"the budget ended in round {number}"
                return state
    return state


def _leads(state: Searched, one: Candidate) -> bool:
    """Whether a candidate is better than the baseline so far. One that is left alone then needs no more rounds."""
    scores = ranking([one.key], state.baseline.key, state.trials)
    return bool(scores) and scores[0].ratio < 1


def _next(state: Searched, kept: Sequence[Candidate], number: int) -> list[Candidate]:
    """The better half of a round, at most so many, and in the second round what they make together."""
    scores = ranking([one.key for one in kept], state.baseline.key, state.trials)
    scores = [score for score in scores if score.ratio < _HOPELESS]
    known = {one.key: one for one in state.order}
    limit = min(_KEPT[number - 1] or len(scores), max(2, (len(scores) + 1) // 2))
    better = [known[score.candidate] for score in scores[:limit]]
    if number == len(_BLOCKS):  # what loses to the baseline is not worth the longest round
        return [known[score.candidate] for score in scores[:limit] if score.ratio < 1]
    gains = [known[score.candidate] for score in scores if score.ratio < _GAIN]
    fresh = [one for one in crosses_of(gains) if one.key not in known]
    fresh = fresh[:_MAX_CROSSES] if number == 2 else fresh[:2]
    state.order += fresh
    return [*better, *fresh]


def crosses_of(gains: Sequence[Candidate]) -> list[Candidate]:
    """What gaining candidates, the best first, make together: the first two, three, … and then other pairs."""
    found: list[Candidate] = []
    together = gains[0] if gains else None
    for one in gains[1:]:
        joined = crossed(together, one) if together else None
        if joined is not None:
            together = joined
            found.append(joined)
    pairs = [crossed(one, other) for place, one in enumerate(gains[:4]) for other in gains[place + 1 : 4]]
    found += [one for one in pairs if one is not None]
    own = {one.key for one in gains}
    return list({one.key: one for one in found if one.key not in own}.values())


def _block(
    state: Searched,
    candidates: Sequence[Candidate],
    place: tuple[str, int],
    limits: Limits,
    once: Once,
    draw: random.Random,
) -> bool:
    """One run of each, in random order; once more where the machine was held back. False: no time for the block."""
    order = list(candidates)
    draw.shuffle(order)
    for attempt in (1, 2):
        failed = {trial.candidate for trial in state.trials if trial.failure is not None}
        turns = [one for one in order if one.key not in failed]
        pace_s = state.pace_s(limits)
        if state.spent_s + len(turns) * pace_s > limits.search_s(pace_s):
            return attempt == 2
        trials = [once(one, place[0], place[1], attempt) for one in turns]
        state.trials += trials
        if not any(trial.is_disturbed for trial in trials):
            break
    return True
