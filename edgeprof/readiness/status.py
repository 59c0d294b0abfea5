"""How a figure stands to a limit. Every rule is monotone: a laxer limit never gives a worse status. Pure."""

from collections.abc import Iterable
from typing import Literal

from edgeprof.readiness.evidence import Evidence

Status = Literal["not met", "unmeasured", "undecided", "met with limits", "met"]
Verdict = Literal["not ready", "unmeasured", "undecided", "ready with limits", "ready"]

STATUSES: tuple[Status, ...] = ("not met", "unmeasured", "undecided", "met with limits", "met")
"""From the worst to the best."""
VERDICTS: tuple[Verdict, ...] = ("not ready", "unmeasured", "undecided", "ready with limits", "ready")
MAX_DOUBT_RATIO = 2.0
"""A marked run (busy, throttled …) that misses a limit by more than this factor misses it for certain: our choice,
because a busy machine slows a run down and the marks do not say by how much."""


def at_most(found: Evidence, limit: float, *, is_statistical: bool = True) -> Status:
    """`is_statistical`: a figure without an interval decides nothing for certain. Else it is a fact of its run.

    >>> at_most(Evidence(metric="latency_p95_ms", value=31, unit="ms", ci_low=29, ci_high=34), 33)
    'met with limits'
    """
    if found.unreal:
        return "unmeasured"
    if is_statistical and (found.ci_low is None or found.ci_high is None):
        return "met with limits" if found.value <= limit else "undecided"
    if found.high <= limit:
        return "met"
    if found.low > limit:
        return "not met"
    return "met with limits" if found.value <= limit else "undecided"


def at_least(found: Evidence, limit: float) -> Status:
    """The same for a figure that must not be smaller."""
    flipped = Evidence(
        metric=found.metric,
        value=-found.value,
        unit=found.unit,
        ci_low=None if found.ci_high is None else -found.ci_high,
        ci_high=None if found.ci_low is None else -found.ci_low,
        unreal=found.unreal,
    )
    return at_most(flipped, -limit)


SLOWING = ("busy", "hot start", "stalled", "swapping", "throttled", "under voltage")
"""Marks that can only make a run slower: a time that met its limit all the same has met it."""
HARMLESS_TO_POWER = ("busy", "hot start")
"""Marks that only add to mean power. A run that waits or is throttled draws less than it would otherwise."""
HARMLESS_TO_ENERGY = (*HARMLESS_TO_POWER, "swapping")
"""Swapping lengthens each inference, and the device draws power meanwhile. A lower clock can save energy."""
HARMLESS_TO_MEMORY = tuple(cause for cause in SLOWING if cause != "swapping")
"""Swapping takes pages out of the resident set, so the peak of such a run is too low."""


def doubted(status: Status, miss_ratio: float, *, is_harmless: bool) -> Status:
    """The status where the run is marked. `miss_ratio`: how many times the figure is beyond the limit, above 1.

    `is_harmless`: the marks cannot have made the figure better.
    """
    if status == "met":
        return "met" if is_harmless else "met with limits"
    return "undecided" if status == "not met" and miss_ratio <= MAX_DOUBT_RATIO else status


def worst(statuses: Iterable[Status]) -> Status:
    """Of all conditions; without any, everything that is demanded is met."""
    return STATUSES[min((STATUSES.index(each) for each in statuses), default=len(STATUSES) - 1)]


def verdict_of(status: Status) -> Verdict:
    """The word for a whole set-up.

    >>> verdict_of("met with limits")
    'ready with limits'
    """
    return VERDICTS[STATUSES.index(status)]
