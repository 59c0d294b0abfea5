"""One tuning from its first run to its verdict: what is searched, checked, and compared at the end."""

import math
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.tables.durations import duration_text
from edgeprof.tuning.outcome import FINAL, Tuned, estimates_of, final_verdict, rows_of
from edgeprof.tuning.scores import Trial
from edgeprof.tuning.search import MAX_FINAL_RUNS, MIN_FINAL_RUNS, MIN_RUNS, Limits, Searched, planned_runs, search
from edgeprof.tuning.space import Candidate
from edgeprof.wire.runtime_settings import is_exact
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.tuning.answers import AnswerBook, AnswerCheck
from edgeprof_agent.tuning.gate import SetGate
from edgeprof_agent.tuning.trials import Trials

_MAX_CHECKED = 3
"""Candidates whose answers are compared, the best first, until one's are those of the baseline."""
MIN_GAIN = 0.01
"""A winner by less is none: a setting more to carry along is worth more than that."""
_MIN_DEADLINE_S = 20.0
_SLOWEST = 10
"""A candidate that takes so many times the first run's time is stopped: it is not the best."""

Say = Callable[[str], None]


@dataclass(kw_only=True)
class Plan:
    """What is tuned. `pool`: first candidates, the default first; `space`: by runtime, how many there are."""

    trials: Trials
    pool: Sequence[Candidate]
    space: dict[str, int]
    budget_s: float
    allow_answers: bool
    gate: SetGate | None = None
    """Judges a candidate whose answers differ; None: no such candidate is taken."""
    command_of: Callable[[Candidate], str]
    notes: dict[str, str] = field(default_factory=lambda: {})


def tune(plan: Plan, say: Say) -> Tuned:
    """The whole course. Raises UsageError for a budget below what works, EdgeprofError where no candidate works."""
    baseline, first = _baseline(plan)
    limits = Limits(budget_s=plan.budget_s, run_s=first[-1].seconds, seed=plan.trials.state.seed)
    pool = _affordable(plan, baseline, limits, first, say)
    plan.trials.deadline_s = max(_MIN_DEADLINE_S, _SLOWEST * limits.run_s)
    searched = search(pool, limits, plan.trials.once, first)
    searched.order += [one for one in plan.pool if one not in searched.order]
    winner, why, answers = _chosen(plan, searched)
    if winner is not None:
        _compare(plan, searched, winner, limits)
    return _tuned(plan, searched, winner, why, answers)


def _baseline(plan: Plan) -> tuple[Candidate, list[Trial]]:
    """The default, or the first candidate that works; every run until then."""
    first: list[Trial] = []
    for one in plan.pool:
        trial = plan.trials.once(one, "first", 1)
        first.append(trial)
        if trial.failure is None:
            return one, first
    raise EdgeprofError("nothing_works", f"All {len(first)} candidates failed. The default: {first[0].failure}")


def _affordable(plan: Plan, baseline: Candidate, limits: Limits, first: Sequence[Trial], say: Say) -> list[Candidate]:
    """The pool that the budget has room for, the baseline first; the cost is told before it is spent."""
    if limits.runs < MIN_RUNS:
        least_s = math.ceil(MIN_RUNS * limits.run_s)
        raise UsageError(
            "budget_too_small",
            f"A budget of {duration_text(plan.budget_s)} has room for {limits.runs} runs of {limits.run_s:.1f} s. The "
            f"least is {MIN_RUNS}. Use --budget {least_s}s or more.",
        )
    failed = {trial.candidate for trial in first if trial.failure is not None}
    pool = [baseline, *(one for one in plan.pool if one.key != baseline.key)]
    able = [one for one in pool if one.key not in failed]
    spent_s = sum(trial.seconds for trial in first)
    room = max(2, int((limits.search_s(limits.run_s) - spent_s) / limits.run_s))
    runs = planned_runs(min(room, len(able)))
    cost_s = min(runs * limits.run_s, plan.budget_s)
    say(
        f"First run: {limits.run_s:.1f} s. {len(able)} candidates at first, of {sum(plan.space.values()):,}. "
        f"At most {runs} runs by successive halving: {duration_text(cost_s)} of {duration_text(plan.budget_s)}."
    )
    if failed and plan.pool[0].key in failed:
        say(f"The default fails. The baseline is the first candidate that works: {baseline.key}.")
    if len(able) > room:
        say(f"The budget has room for {room} of them in the first round. The others are listed as not tried.")
    return [*able[:room], *(one for one in pool if one.key in failed)]


def _chosen(plan: Plan, searched: Searched) -> tuple[Candidate | None, str, str | None]:
    """The best candidate that answers as the baseline does, or why there is none; what was found of its answers."""
    known = {one.key: one for one in searched.order}
    better = [score for score in searched.ranked() if score.ratio < 1]
    if not better:
        return None, f"no candidate was better than {searched.baseline.key}", None
    reason = ""
    with tempfile.TemporaryDirectory() as folder:
        book = AnswerBook(Path(folder), plan.trials.request(searched.baseline))
        for score in better[:_MAX_CHECKED]:
            one = known[score.candidate]
            if one.batch > 1:
                return one, "", "not compared: another batch has other inputs"
            check = _checked(plan, book, searched.baseline, one)
            if check.same is not False or plan.allow_answers:
                return one, "", check.words
            plan.notes[one.key] = f"answers differ: {check.words}"
            reason = f"the better candidates answer otherwise than {searched.baseline.key}: {check.words}"
    return None, reason, None


def _checked(plan: Plan, book: AnswerBook, baseline: Candidate, one: Candidate) -> AnswerCheck:
    """By its answers to the same inputs; where they may differ, by the gate."""
    check = book.check(plan.trials.request(one))
    if plan.gate is None or (check.same and is_exact(one.settings)):
        return check
    return plan.gate.check(plan.trials.request(baseline), plan.trials.request(one))


def _compare(plan: Plan, searched: Searched, winner: Candidate, limits: Limits) -> None:
    """Winner and baseline in turns, by longer runs: as many as the budget has left, within limits."""
    left = int((plan.budget_s - searched.spent_s) / searched.pace_s(limits) / 2)
    repeats = min(MAX_FINAL_RUNS, max(MIN_FINAL_RUNS, left))
    sides = (searched.baseline, winner)
    for turn in interleaved(2, repeats, limits.seed):
        searched.trials.append(plan.trials.once(sides[turn.setup], FINAL, turn.block))


def _tuned(plan: Plan, searched: Searched, winner: Candidate | None, why: str, answers: str | None) -> Tuned:
    verdict = None
    figures: list[float | None] = [None, None]
    times: list[float | None] = [None, None]
    if winner is not None:
        verdict = final_verdict(searched.trials, searched.baseline.key, winner.key)
        figures = [_middle(searched, searched.baseline), _middle(searched, winner)]
        times = [_middle_ms(searched, searched.baseline), _middle_ms(searched, winner)]
        if verdict.outcome != "faster" or verdict.ratio is None:
            why = f"{winner.key} looked best, and its lead did not hold in the last comparison"
        elif verdict.ratio > 1 - MIN_GAIN:
            why = f"{winner.key} is better by less than {MIN_GAIN:.0%}".replace("%", " %")
    return Tuned(
        goal=plan.trials.goal.name,
        unit=plan.trials.goal.unit,
        baseline=searched.baseline,
        baseline_is_default=searched.baseline.key == plan.pool[0].key,
        winner=winner if not why else None,
        why=why,
        verdict=verdict,
        baseline_figure=figures[0],
        winner_figure=figures[1],
        baseline_ms=times[0],
        winner_ms=times[1],
        answers=answers,
        rows=rows_of(searched, plan.notes),
        space=plan.space,
        runs=len(searched.trials),
        seconds=searched.spent_s,
        budget_s=plan.budget_s,
        ended=searched.ended,
        disturbed=sum(trial.is_disturbed for trial in searched.trials),
        busy=sum("busy" in trial.marks for trial in searched.trials),
        command=plan.command_of(winner) if winner is not None and not why else None,
    )


def _middle(searched: Searched, one: Candidate) -> float | None:
    values = [estimate.value for estimate in estimates_of(searched.trials, one.key)]
    return statistics.median(values) if values else None


def _middle_ms(searched: Searched, one: Candidate) -> float | None:
    own = [trial for trial in searched.trials if trial.candidate == one.key and trial.stage == FINAL]
    times = [trial.time_ms for trial in own if trial.time_ms is not None]
    return statistics.median(times) if times else None
