"""Which of an ordered series of builds to try next, and between which two it became worse. Pure.

The search halves the span between the last build known to be good and the first known to be bad. A build that cannot be
tried is skipped, as `git bisect skip` does: the nearest untried one to the middle takes its place.
"""

from collections.abc import Mapping
from math import ceil, log2
from typing import Literal, NamedTuple

Mark = Literal["good", "bad", "skipped"]


class Span(NamedTuple):
    """Builds by their place. `skipped` lie between the two, and none of them could be tried."""

    last_good: int
    first_bad: int
    skipped: tuple[int, ...]


def span_of(marks: Mapping[int, Mark]) -> Span:
    """Where the series became worse, as far as it is known. The ends must be marked good and bad.

    >>> span_of({0: "good", 3: "good", 4: "skipped", 5: "bad", 9: "bad"})
    Span(last_good=3, first_bad=5, skipped=(4,))
    """
    first_bad = min(place for place, mark in marks.items() if mark == "bad")
    last_good = max(place for place, mark in marks.items() if mark == "good" and place < first_bad)
    skipped = sorted(place for place, mark in marks.items() if mark == "skipped" and last_good < place < first_bad)
    return Span(last_good, first_bad, tuple(skipped))


def next_place(marks: Mapping[int, Mark]) -> int | None:
    """The build to try next; None: nothing is left to try between the last good one and the first bad one.

    >>> next_place({0: "good", 15: "bad"}), next_place({0: "good", 7: "skipped", 15: "bad"})
    (7, 8)
    """
    last_good, first_bad, skipped = span_of(marks)
    untried = [place for place in range(last_good + 1, first_bad) if place not in skipped]
    middle = (last_good + first_bad) / 2
    return min(untried, key=lambda place: (abs(place - middle), place), default=None)


def comparisons_needed(builds: int) -> int:
    """The most that a search makes if no build is skipped: the two ends, then a half of the span each time.

    >>> comparisons_needed(16), comparisons_needed(2)
    (5, 1)
    """
    return 1 + (ceil(log2(builds - 1)) if builds > 2 else 0)
