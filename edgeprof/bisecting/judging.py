"""What a comparison of a build with the good one says of it: good, bad, or not known yet. Pure.

Between the ends lies a ratio R (1.10: the bad end is 10 % slower). A build counts as bad once it has lost half of that,
√R on the log scale. It is known when the interval of its own ratio lies on one side of √R.
"""

import math
from dataclasses import dataclass
from typing import Literal

from edgeprof.statistics.verdict import Verdict

SMALLEST_EFFECT = 0.05
"""A slowdown below this share is not looked for, unless it is asked for: repeats would take hours."""

EndsOutcome = Literal["worse", "better", "no_difference", "unclear"]


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """The candidate's figure over the good build's, with its interval. Of figures of which less is better.

    `is_exact`: a figure without noise, as a difference in answers: no repeat could change it.
    """

    value: float
    low: float
    high: float
    percent: int
    is_exact: bool = False

    def text(self) -> str:
        """For a line: `1.098 (97 %: 1.081 to 1.115)`."""
        if self.is_exact:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.percent} %: {self.low:.3f} to {self.high:.3f})"


def ratio_of(verdict: Verdict) -> Ratio | None:
    """None where the verdict has no interval to go by."""
    if verdict.ratio is None or verdict.low is None or verdict.high is None:
        return None
    return Ratio(value=verdict.ratio, low=verdict.low, high=verdict.high, percent=verdict.interval_percent)


def ends_outcome(ratio: Ratio, smallest_effect: float = SMALLEST_EFFECT) -> EndsOutcome:
    """Whether the bad end is worse than the good one.

    `no_difference` where the interval leaves no room for an effect as large as the smallest that is looked for;
    `unclear` where more repeats could still show one.

    >>> ends_outcome(Ratio(value=1.10, low=1.08, high=1.12, percent=97))
    'worse'
    >>> ends_outcome(Ratio(value=1.00, low=0.99, high=1.01, percent=97))
    'no_difference'
    """
    if ratio.low > 1 and ratio.value >= 1 + smallest_effect:
        return "worse"
    if ratio.high < 1:
        return "better"
    return "no_difference" if ratio.high < 1 + smallest_effect else "unclear"


def is_bad(ratio: Ratio, ends: Ratio) -> bool | None:
    """Whether a build has lost half of what the bad end has; None: the interval holds both answers.

    >>> is_bad(Ratio(value=1.09, low=1.07, high=1.11, percent=97), Ratio(value=1.1, low=1.08, high=1.12, percent=97))
    True
    """
    half = math.sqrt(ends.value)
    if ratio.low > half:
        return True
    return False if ratio.high < half else None


def nearer_to_bad(ratio: Ratio, ends: Ratio) -> bool:
    """The likelier of the two answers, where repeats did not settle it."""
    return ratio.value > math.sqrt(ends.value)
