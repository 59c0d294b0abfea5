"""The search of a tuning on made-up machines: what it finds, what it costs, and that it takes the same way again."""

import random
from dataclasses import replace

import pytest

from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.verdict import compare
from edgeprof.tuning.goals import Goal
from edgeprof.tuning.outcome import FINAL, estimates_of, final_verdict, rows_of, sentence
from edgeprof.tuning.scores import Trial, ranking, score_of
from edgeprof.tuning.search import Limits, Once, crosses_of, search
from edgeprof.tuning.space import Candidate, Machine, axes_of, candidate_of, everything, first_pool, size_of
from edgeprof.wire.runtime_settings import SETTINGS, cores_of, setting_problem, settings_for
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

ONNX = axes_of("onnxruntime", Machine(cores=4))
POOL = first_pool("onnxruntime", ONNX)
LIMITS = Limits(budget_s=1000, run_s=1, seed=7)
GAINS = {("spinning", "off"): 0.7, ("arena", "off"): 0.9, ("threads", "2"): 0.8}


def true_ms(one: Candidate) -> float:
    """Three settings help, each by itself; every other one costs something."""
    value = 10.0
    for choice in one.choices.items():
        value *= GAINS.get(choice, 1.1)
    return value


def runner(noise: float = 0.01, seed: int = 1, drift: float = 0.0) -> Once:
    draw, runs = random.Random(seed), 0

    def once(one: Candidate, stage: str, block: int, attempt: int) -> Trial:
        nonlocal runs
        runs += 1
        value = true_ms(one) * draw.lognormvariate(0, noise) * (1 + drift * runs)
        return Trial(candidate=one.key, stage=stage, block=block, attempt=attempt, value=value, seconds=1.0)

    return once


def best_found(once: Once, limits: Limits = LIMITS) -> tuple[Candidate, int]:
    found = search(POOL, limits, once)
    known = {one.key: one for one in found.order}
    return known[found.ranked()[0].candidate], len(found.trials)


@pytest.mark.parametrize("drift", [0.0, 0.02])
def test_settings_that_help_together_are_found_in_a_fifth_of_the_runs(drift: float) -> None:
    """`drift`: at its end the machine is nearly twice as slow as at the beginning."""
    best, runs = best_found(runner(drift=drift))
    assert best.choices == {"spinning": "off", "arena": "off", "threads": "2"}
    assert runs < size_of(ONNX) / 5


def test_the_same_trials_lead_the_same_way() -> None:
    first = search(POOL, LIMITS, runner(noise=0.1))
    saved = {(trial.candidate, *trial.place): trial for trial in first.trials}
    again = search(POOL, LIMITS, lambda one, stage, block, attempt: saved[(one.key, stage, block, attempt)])
    assert again.trials == first.trials


def test_a_candidate_that_fails_is_run_once_and_the_search_goes_on() -> None:
    works = runner()
    ran: list[str] = []

    def once(one: Candidate, stage: str, block: int, attempt: int) -> Trial:
        ran.append(one.key)
        if "arena" in one.settings:
            return Trial(candidate=one.key, stage=stage, block=block, attempt=attempt, failure="crash: SIGSEGV")
        return works(one, stage, block, attempt)

    found = search(POOL, LIMITS, once)
    assert ran.count("onnxruntime, arena off") == 1
    assert found.ranked()[0].candidate == "onnxruntime, 2 threads, spinning off"
    row = next(row for row in rows_of(found, {}) if row.candidate == "onnxruntime, arena off")
    assert (row.ratio, row.note) == (None, "crash: SIGSEGV")


def test_a_throttled_block_is_run_again_and_does_not_count() -> None:
    steady = runner(noise=0.0)

    def once(one: Candidate, stage: str, block: int, attempt: int) -> Trial:
        trial = steady(one, stage, block, attempt)
        if (stage, attempt) != ("1", 1) or one.key != "onnxruntime, spinning off":
            return trial
        return replace(trial, value=50.0, marks=("throttled",))

    found = search(POOL, LIMITS, once)
    assert {trial.attempt for trial in found.trials if trial.stage == "1"} == {1, 2}
    score = score_of("onnxruntime, spinning off", found.baseline.key, found.trials)
    assert score is not None
    assert (round(score.ratio, 6), score.disturbed) == (0.7, False)


def test_a_small_budget_ends_the_search_between_blocks_with_room_for_the_comparison() -> None:
    found = search(POOL, Limits(budget_s=30, run_s=1, seed=7), runner())
    assert found.spent_s <= 30 - 6
    assert found.ended == "the budget ended in round 3"
    assert found.ranked()


def test_what_loses_every_round_is_not_taken_to_the_end() -> None:
    found = search(everything("litert", axes_of("litert", Machine(cores=2))), LIMITS, runner())
    assert found.ended == "nothing was left that beat the baseline"
    assert ranking([one.key for one in found.order[1:]], found.baseline.key, found.trials)[0].ratio > 1


def test_crosses_join_the_best_first_and_keep_to_one_runtime() -> None:
    one, two = candidate_of("litert", {"threads": "1"}), candidate_of("litert", {"delegate": "none"})
    other = candidate_of("tflite-runtime", {"delegate": "none"})
    assert [each.key for each in crosses_of([one, two, other])] == ["litert, 1 thread, delegate none"]
    assert crosses_of([one]) == []


def test_the_verdict_rests_on_the_last_comparison_only() -> None:
    def trial(name: str, stage: str, block: int, value: float) -> Trial:
        return Trial(candidate=name, stage=stage, block=block, value=value, low=value * 0.99, high=value * 1.01)

    trials = [trial("a", "1", 1, 9.0), trial("b", "1", 1, 1.0)]
    for block in range(1, 5):
        trials += [trial("a", FINAL, block, 2.0 + block / 100), trial("b", FINAL, block, 1.0 + block / 100)]
    verdict = final_verdict(trials, "a", "b")
    assert (verdict.outcome, len(estimates_of(trials, "a"))) == ("faster", 4)
    assert sentence(Goal(name="throughput"), verdict).startswith("1.98 × as fast, 1.9")
    assert sentence(Goal(name="energy"), verdict).startswith("49.4 % less energy, 48.2 % to 50.5 %")


def test_a_verdict_without_figures_says_why() -> None:
    bare = compare([], [Estimate(1, 1, 1)])
    assert sentence(Goal(name="latency"), bare) == "side A has no runs"


def test_only_settings_that_keep_answers_are_tried_unless_allowed() -> None:
    loose = {each.name for each in SETTINGS if not each.is_exact}
    assert loose == {"kv_type", "denormals"}
    for runtime in VARIANTS:
        machine = Machine(cores=8, core_sets=("0,2",))
        assert not loose & {axis.name for axis in axes_of(runtime, machine)}
        assert {axis.name for axis in axes_of(runtime, machine, answers=True)} >= {
            each.name for each in settings_for(runtime)
        }


@pytest.mark.parametrize(
    ("runtime", "given", "words"),
    [
        ("litert", {"arena": "off"}, "litert has no setting 'arena'. Settings: delegate, cores."),
        ("openai-api", {"arena": "off"}, "openai-api has no setting 'arena'. It takes none."),
        ("onnxruntime", {"arena": "maybe"}, "'maybe' is not a value of arena. Values: on, off."),
        ("onnxruntime", {"cores": "two"}, "'two' is not a list of cores. Use cores=0,2."),
        ("onnxruntime", {"cores": "0,2", "arena": "off"}, None),
    ],
)
def test_a_setting_that_a_runtime_lacks_is_named(runtime: str, given: dict[str, str], words: str | None) -> None:
    assert setting_problem(runtime, given) == words


def test_cores_are_sorted_and_negative_ones_refused() -> None:
    assert cores_of("3,1,3") == (1, 3)
    with pytest.raises(ValueError, match="-1"):
        cores_of("-1")


def test_a_cut_pool_has_the_first_value_of_every_axis() -> None:
    assert {name for one in POOL[1 : len(ONNX) + 1] for name in one.choices} == {axis.name for axis in ONNX}
