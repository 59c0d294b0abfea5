"""The search for the first bad build: which is tried next, what is judged, what an end is worth. No I/O."""

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeprof.bisecting.answers import OutputDifference, as_ratio, differs, read, sentence
from edgeprof.bisecting.course import MAX_REPEATS, Comparison, Unusable, find_first_bad
from edgeprof.bisecting.judging import Ratio, ends_outcome
from edgeprof.bisecting.search import comparisons_needed
from edgeprof.errors import EdgeprofError
from edgeprof_agent.commands.view.bisect import search_lines


def near(value: float, width: float = 0.01) -> Ratio:
    return Ratio(value=value, low=value - width, high=value + width, percent=97)


class Known:
    """A bench whose builds take a known time; `broken` do not run; `width`: of its intervals after 4 runs a side."""

    def __init__(self, times: list[float], broken: frozenset[int] = frozenset(), width: float = 0.01) -> None:
        self.times = times
        self.broken = broken
        self.width = width
        self.asked: list[tuple[int, int, int]] = []

    def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
        self.asked.append((base, candidate, repeats))
        if candidate in self.broken:
            raise Unusable("it installs and does not import")
        return near(self.times[candidate] / self.times[base], self.width * (4 / repeats) ** 0.5)


def builds(count: int) -> list[str]:
    return [f"1.{minor}" for minor in range(count)]


@pytest.mark.parametrize("first_bad", range(1, 16))
def test_sixteen_builds_take_five_comparisons_and_a_confirmation(first_bad: int) -> None:
    bench = Known([1.0] * first_bad + [1.1] * (16 - first_bad))
    search = find_first_bad(builds(16), bench)
    assert (search.outcome, search.first_bad, search.last_good) == ("found", f"1.{first_bad}", f"1.{first_bad - 1}")
    assert search.made <= 5 == comparisons_needed(16)
    assert [one.role for one in search.comparisons].count("confirmation") == 1
    assert search.confirmation is not None
    assert search.confirmation.value == pytest.approx(1.1)


@settings(deadline=None)
@given(st.integers(2, 60), st.data())
def test_any_series_is_searched_in_as_many_comparisons_as_promised(count: int, data: st.DataObject) -> None:
    first_bad = data.draw(st.integers(1, count - 1))
    broken = frozenset(data.draw(st.sets(st.integers(1, max(1, count - 2)), max_size=count // 3))) - {count - 1}
    search = find_first_bad(builds(count), Known([1.0] * first_bad + [1.2] * (count - first_bad), broken))
    low, high = int(str(search.last_good)[2:]), int(str(search.first_bad)[2:])
    assert low < first_bad <= high, "the truth lies in what is named"
    assert set(range(low + 1, high)) <= broken, "and nothing that could be tried is left inside"
    assert (search.outcome == "found") == (high == low + 1)
    if not broken:
        assert search.made <= comparisons_needed(count)


def test_builds_that_do_not_run_are_skipped_and_named() -> None:
    told: list[Comparison] = []
    search = find_first_bad(builds(6), Known([1, 1, 1, 1.1, 1.1, 1.1], frozenset({2, 3})), told.append)
    assert (search.outcome, search.last_good, search.first_bad) == ("between", "1.1", "1.4")
    assert search.skipped_between == ("1.2", "1.3")
    assert [one.reason for one in told if one.mark == "skipped"] == ["it installs and does not import"] * 2


def test_an_end_that_does_not_run_is_an_error() -> None:
    with pytest.raises(EdgeprofError) as caught:
        find_first_bad(builds(4), Known([1, 1, 1, 1], frozenset({3})))
    assert caught.value.code == "bisect_end_unusable"


def test_ends_that_do_not_differ_end_the_search() -> None:
    bench = Known([1.0, 1.0, 1.005])
    search = find_first_bad(builds(3), bench)
    assert (search.outcome, search.first_bad, len(bench.asked)) == ("no_difference", None, 1)
    assert find_first_bad(builds(3), Known([1.0, 1.0, 0.8])).outcome == "better"


def test_an_unclear_end_is_repeated_up_to_the_limit() -> None:
    bench = Known([1.0, 1.0, 1.02], width=0.08)
    assert find_first_bad(builds(3), bench).outcome == "unclear"
    assert [repeats for _, _, repeats in bench.asked] == [4, 8, 16]


def test_a_build_near_the_middle_is_repeated_and_marked_as_near() -> None:
    search = find_first_bad(builds(3), Known([1.0, 1.052, 1.10], width=0.012))
    middle = next(one for one in search.comparisons if one.candidate == "1.1")
    assert (middle.mark, middle.is_settled, middle.repeats) == ("bad", False, MAX_REPEATS)


def test_a_find_that_the_confirmation_does_not_show_is_not_claimed() -> None:
    class Fickle(Known):
        def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
            return near(1.0, 0.02) if base else super().compare(base, candidate, repeats)

    search = find_first_bad(builds(4), Fickle([1.0, 1.0, 1.1, 1.1]))
    assert search.outcome == "not_confirmed"


@pytest.mark.parametrize(
    ("ratio", "outcome"),
    [
        (Ratio(value=1.02, low=1.01, high=1.049, percent=97), "no_difference"),
        (Ratio(value=1.04, low=1.02, high=1.06, percent=97), "unclear"),
        (Ratio(value=1.05, low=0.99, high=1.12, percent=97), "unclear"),
        (Ratio(value=0.9, low=0.85, high=0.95, percent=97), "better"),
        (Ratio(value=1.06, low=1.02, high=1.10, percent=97), "worse"),
    ],
)
def test_what_the_ends_are_worth(ratio: Ratio, outcome: str) -> None:
    assert ends_outcome(ratio) == outcome


def test_answers_differ_beyond_rounding_or_by_another_largest_entry() -> None:
    def one(largest: float | None, top: float = 0.0, problem: str = "") -> list[OutputDifference]:
        return [OutputDifference(name="y", largest=largest, top_differs=top, problem=problem)]

    assert not differs(one(2e-6))
    assert not differs(one(0.0))
    assert differs(one(0.01))
    assert differs(one(1e-6, 0.25))
    assert differs(one(None, problem="has the shape (1, 3), not (1, 4)"))
    assert sentence(one(0.0)) == "bit for bit equal"
    assert sentence(one(None, problem="is missing")) == "y: is missing"
    assert as_ratio(one(0.01)).is_exact
    assert as_ratio(one(0.0)).value == 1


def test_what_the_program_prints_is_read() -> None:
    document: Mapping[str, object] = {
        "outputs": [{"name": "y", "largest": 0.5, "top_differs": 0.0, "problem": ""}, _missing("z")]
    }
    found = read(document)
    assert [(each.name, each.largest) for each in found] == [("y", 0.5), ("z", None)]


def _missing(name: str) -> dict[str, object]:
    return {"name": name, "largest": None, "top_differs": 0.0, "problem": "is missing"}


def test_noise_does_not_move_what_is_found() -> None:
    """Ratios with a scatter of 1 % around the truth, as of a quiet board: right in 100 of 100."""
    draw, right = random.Random(7), 0

    class Noisy(Known):
        def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
            exact = super().compare(base, candidate, repeats)
            error = 0.01 * (2 / repeats) ** 0.5
            value = exact.value + draw.gauss(0, error)
            return near(value, 3 * error)

    for _ in range(100):
        first_bad = draw.randint(1, 15)
        search = find_first_bad(builds(16), Noisy([1.0] * first_bad + [1.1] * (16 - first_bad)))
        right += search.first_bad == f"1.{first_bad}"
    assert right == 100


def test_a_step_that_holds_less_than_half_of_the_loss_is_called_one() -> None:
    """Six steps of 3 % each."""
    stairs = find_first_bad(builds(7), Known([1.03**step for step in range(7)], width=0.004))
    assert stairs.outcome == "found"
    lines = list(search_lines(stairs, "onnxruntime", "latency", []))
    assert lines[0] == f"The first slower onnxruntime version is {stairs.first_bad}."
    assert "The loss comes in several steps" in lines[2]
    one = find_first_bad(builds(7), Known([1.0, 1.0, 1.0, 1.2, 1.2, 1.2, 1.2]))
    assert not any("several steps" in line for line in search_lines(one, "onnxruntime", "latency", []))
