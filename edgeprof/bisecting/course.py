"""The course of a search: compare the ends, halve the span, confirm what was found. It measures through a `Bench`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from edgeprof.bisecting.judging import SMALLEST_EFFECT, Ratio, ends_outcome, is_bad, nearer_to_bad
from edgeprof.bisecting.search import Mark, Span, next_place, span_of
from edgeprof.errors import EdgeprofError

FIRST_REPEATS = 4
"""Runs of each side before anything is judged: fewer leave the spread between runs unknown."""
MAX_REPEATS = 16

Outcome = Literal["found", "between", "not_confirmed", "no_difference", "better", "unclear"]


class Unusable(Exception):
    """A build that cannot be tried, and why in a sentence."""


class Bench(Protocol):
    """What compares builds by their place in the series."""

    def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
        """After so many runs of each side in all, interleaved; runs that it has made of the pair already count.

        Raises Unusable for a candidate that does not install or run, and EdgeprofError where the base does not.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One comparison of two builds. `repeats`: runs of each side. `mark`: what it said of the candidate.

    `is_settled`: False where the interval held both answers after all repeats, and the nearer one was taken.
    """

    base: str
    candidate: str
    mark: Mark
    ratio: Ratio | None
    repeats: int
    is_settled: bool = True
    reason: str = ""
    """Why a build was skipped."""
    role: Literal["ends", "search", "confirmation"] = "search"


@dataclass(frozen=True, kw_only=True)
class Search:
    """What came out. `first_bad` and `last_good` are None where the ends do not differ as they should."""

    outcome: Outcome
    builds: tuple[str, ...]
    last_good: str | None = None
    first_bad: str | None = None
    skipped_between: tuple[str, ...] = ()
    ends: Ratio | None = None
    confirmation: Ratio | None = None
    comparisons: tuple[Comparison, ...] = ()

    @property
    def made(self) -> int:
        """Comparisons without the confirmation and without builds that were skipped."""
        return sum(one.role != "confirmation" and one.mark != "skipped" for one in self.comparisons)


@dataclass
class _Course:
    builds: Sequence[str]
    bench: Bench
    tell: Callable[[Comparison], None]
    smallest_effect: float
    done: list[Comparison] = field(default_factory=lambda: [])

    def add(self, comparison: Comparison) -> None:
        self.done.append(comparison)
        self.tell(comparison)


def find_first_bad(
    builds: Sequence[str],
    bench: Bench,
    tell: Callable[[Comparison], None] = lambda comparison: None,
    smallest_effect: float = SMALLEST_EFFECT,
) -> Search:
    """The first bad build of a series whose first is good and whose last is bad. `tell` is given each comparison.

    Raises EdgeprofError `bisect_end_unusable` where an end cannot be tried.
    """
    course = _Course(builds, bench, tell, smallest_effect)
    last = len(builds) - 1
    ends, outcome = _ends(course, last)
    base = Search(outcome="no_difference", builds=tuple(builds), ends=ends)
    if outcome != "worse":
        return replace(base, outcome=outcome, comparisons=tuple(course.done))
    marks: dict[int, Mark] = {0: "good", last: "bad"}
    while (place := next_place(marks)) is not None:
        marks[place] = _marked(course, place, ends)
    return _confirmed(course, base, span_of(marks), ends)


def _ends(course: _Course, last: int) -> tuple[Ratio, Literal["worse", "better", "no_difference", "unclear"]]:
    repeats = FIRST_REPEATS
    try:
        ratio = course.bench.compare(0, last, repeats)
        outcome = ends_outcome(ratio, course.smallest_effect)
        while outcome == "unclear" and repeats < MAX_REPEATS and not ratio.is_exact:
            repeats = min(MAX_REPEATS, repeats * 2)
            ratio = course.bench.compare(0, last, repeats)
            outcome = ends_outcome(ratio, course.smallest_effect)
    except Unusable as error:
        raise EdgeprofError(
            "bisect_end_unusable", f"{course.builds[last]} cannot be tried: {error}. Name another end with --bad."
        ) from error
    mark: Mark = "bad" if outcome == "worse" else "good"
    course.add(_comparison(course, 0, last, mark, ratio, repeats, role="ends"))
    return ratio, outcome


def _marked(course: _Course, place: int, ends: Ratio) -> Mark:
    repeats = FIRST_REPEATS
    try:
        ratio = course.bench.compare(0, place, repeats)
        bad = is_bad(ratio, ends)
        while bad is None and repeats < MAX_REPEATS and not ratio.is_exact:
            repeats = min(MAX_REPEATS, repeats * 2)
            ratio = course.bench.compare(0, place, repeats)
            bad = is_bad(ratio, ends)
    except Unusable as error:
        reason = str(error)
        course.add(
            Comparison(
                base=course.builds[0],
                candidate=course.builds[place],
                mark="skipped",
                ratio=None,
                repeats=0,
                reason=reason,
            )
        )
        return "skipped"
    found = nearer_to_bad(ratio, ends) if bad is None else bad
    mark: Mark = "bad" if found else "good"
    course.add(_comparison(course, 0, place, mark, ratio, repeats, is_settled=bad is not None))
    return mark


def _confirmed(course: _Course, base: Search, span: Span, ends: Ratio) -> Search:
    """The first bad build against the last good one, which the search itself compares with the good end only."""
    found = replace(
        base,
        last_good=course.builds[span.last_good],
        first_bad=course.builds[span.first_bad],
        skipped_between=tuple(course.builds[place] for place in span.skipped),
    )
    repeats = FIRST_REPEATS * 2
    ratio = course.bench.compare(span.last_good, span.first_bad, repeats)
    while ratio.low <= 1 < ratio.high and repeats < MAX_REPEATS and not ratio.is_exact:
        repeats = MAX_REPEATS
        ratio = course.bench.compare(span.last_good, span.first_bad, repeats)
    is_worse = ratio.low > 1
    course.add(
        _comparison(
            course,
            span.last_good,
            span.first_bad,
            "bad" if is_worse else "good",
            ratio,
            repeats,
            is_settled=is_worse,
            role="confirmation",
        )
    )
    outcome: Outcome = "not_confirmed" if not is_worse else "between" if span.skipped else "found"
    return replace(found, outcome=outcome, confirmation=ratio, comparisons=tuple(course.done))


def _comparison(
    course: _Course,
    base: int,
    candidate: int,
    mark: Mark,
    ratio: Ratio,
    repeats: int,
    is_settled: bool = True,
    role: Literal["ends", "search", "confirmation"] = "search",
) -> Comparison:
    return Comparison(
        base=course.builds[base],
        candidate=course.builds[candidate],
        mark=mark,
        ratio=ratio,
        repeats=1 if ratio.is_exact else repeats,
        is_settled=is_settled,
        role=role,
    )
