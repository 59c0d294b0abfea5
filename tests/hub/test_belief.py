"""The rules of belief: each grade, each obstacle, and that more evidence never lowers a grade."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof_hub.matrix.belief import MIN_RUNS, ContestEvidence, Grade, belief_of, is_separate

FIRM = ContestEvidence(contenders=3, is_apart=True, runs=MIN_RUNS, is_separate=True)
GRADES: tuple[Grade, ...] = ("open", "likely", "firm")


def test_a_firm_answer_wants_nothing_more() -> None:
    found = belief_of(FIRM)
    assert (found.grade, found.remedy, found.action) == ("firm", "", "")
    assert found.reason == "Intervals are apart, 4 runs each agree, no badge."


@pytest.mark.parametrize(
    ("change", "grade", "action"),
    [
        ({"open_jobs": 2}, "open", "wait"),
        ({"stale": 1}, "open", "repeat"),
        ({"contenders": 1}, "open", "flash"),
        ({"contenders": 1, "missing": 2}, "open", "run_missing"),
        ({"agree": False}, "open", "repeat"),
        ({"doubts": ("suspect output",)}, "open", "repeat"),
        ({"has_intervals": False}, "open", "repeat"),
        ({"is_apart": False, "runs": 1}, "open", "repeat"),
        ({"is_apart": False, "is_separate": False}, "open", ""),
        ({"is_apart": False}, "likely", "calibrate"),
        ({"doubts": ("busy", "unsettled")}, "likely", "repeat"),
        ({"runs": 3}, "likely", "repeat"),
        ({"is_separate": False}, "likely", "repeat"),
        ({"gate": "undecided"}, "likely", "evaluate"),
        ({"gate": "passes"}, "firm", ""),
        ({"has_failed": True}, "likely", ""),
        ({"is_everywhere": False}, "likely", ""),
        ({"is_everywhere": False, "missing": 1}, "likely", "run_missing"),
    ],
)
def test_each_obstacle_has_its_grade_and_its_remedy(change: dict[str, object], grade: Grade, action: str) -> None:
    found = belief_of(replace(FIRM, **change))  # pyright: ignore[reportArgumentType]
    assert (found.grade, found.action) == (grade, action)
    assert bool(found.remedy) == (grade != "firm")


evidence = st.builds(
    ContestEvidence,
    contenders=st.integers(1, 4),
    is_apart=st.booleans(),
    has_intervals=st.booleans(),
    agree=st.booleans(),
    runs=st.integers(1, 5),
    is_separate=st.booleans(),
    doubts=st.sampled_from([(), ("busy",), ("replayed",)]),
    stale=st.integers(0, 1),
    open_jobs=st.integers(0, 1),
    gate=st.sampled_from([None, "passes", "undecided"]),
    has_failed=st.booleans(),
    is_everywhere=st.booleans(),
)


@given(seen=evidence)
def test_a_badge_or_a_lost_interval_never_raises_a_grade(seen: ContestEvidence) -> None:
    before = GRADES.index(belief_of(seen).grade)
    for worse in (replace(seen, doubts=("noisy",)), replace(seen, has_intervals=False), replace(seen, open_jobs=1)):
        if not seen.doubts or worse.doubts == seen.doubts:
            assert GRADES.index(belief_of(worse).grade) <= before


@given(seen=evidence)
def test_every_sentence_is_short_and_firm_has_no_doubt(seen: ContestEvidence) -> None:
    found = belief_of(seen)
    assert len(found.reason.split()) <= 30
    if found.grade == "firm":
        assert seen.is_apart
        assert seen.runs >= MIN_RUNS
        assert not seen.doubts
        assert seen.is_everywhere
        assert not seen.has_failed


def test_two_equal_variants_are_firm_in_less_than_one_of_twenty_cases() -> None:
    """Either may lead, so both orders count: every split of the runs is as likely as any other."""
    runs = {float(number) for number in range(2 * MIN_RUNS)}
    splits = [(list(one), list(runs - set(one))) for one in combinations(runs, MIN_RUNS)]
    apart = [
        one
        for one, other in splits
        if is_separate(one, other, lower_is_better=True) or is_separate(other, one, lower_is_better=True)
    ]
    assert (len(apart), len(splits)) == (2, 70)


def test_runs_are_separate_only_where_each_beats_each() -> None:
    assert is_separate([1.0, 1.1], [1.2, 1.3], lower_is_better=True)
    assert not is_separate([1.0, 1.25], [1.2, 1.3], lower_is_better=True)
    assert is_separate([20.0, 21.0], [19.0], lower_is_better=False)
    assert not is_separate([], [1.0], lower_is_better=True)
