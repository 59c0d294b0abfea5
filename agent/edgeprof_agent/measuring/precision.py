"""What kept the median's interval wider than requested: what the machine did, else what the samples look like. Pure."""

from collections.abc import Mapping, Sequence

from edgeprof.statistics.quantiles import quantile
from edgeprof.wire.evidence import Timing, Trust, TrustCause
from edgeprof_agent.measuring.published_median import PublishedMedian

_CAUSES: tuple[TrustCause, ...] = ("busy", "stalled", "swapping", "throttled", "unstable_clock", "unsettled", "noisy")
"""Marks that widen an interval, the machine's own doing first."""
_MAX_NAMED = 2
_DEPENDENT = 0.5
"""Samples worth less than this share of their number widen an interval by more than their scatter does."""


def prevented_by(
    timing: Timing,
    precision: float,
    trust: Trust,
    medians_of: Mapping[str, Sequence[float]],
    published: Mapping[str, PublishedMedian],
) -> str | None:
    """None where the published interval is as narrow as requested.

    `medians_of`: the series whose medians are shown; `published`: those medians, by the names of the series.
    """
    if timing.relative_half_width is not None and timing.relative_half_width <= precision:
        return None
    marks = {mark.cause: mark.reason for mark in trust.marks}
    found = [marks[cause] for cause in _CAUSES if cause in marks][:_MAX_NAMED]
    return "; ".join(found) or _without_interval(published) or _in_samples(medians_of, published)


def _without_interval(published: Mapping[str, PublishedMedian]) -> str | None:
    """Where a median has no interval at all."""
    return next((f"{name} {median.missing}" for name, median in published.items() if median.missing), None)


def _in_samples(medians_of: Mapping[str, Sequence[float]], published: Mapping[str, PublishedMedian]) -> str | None:
    """Of the series whose middle half is widest."""
    several = {name: samples for name, samples in medians_of.items() if len(samples) > 1 and name in published}
    if not several:
        return None
    name = max(several, key=lambda each: _spread(several[each]))
    samples, median = several[name], published[name]
    if median.effective_n < _DEPENDENT * median.n:
        why = "samples within 20 ms count as one" if median.in_time else "samples depend on each other"
        return f"{why}: {median.n:,} are worth {median.effective_n:,} independent ones"
    spread = f"{_spread(samples):.1%}".replace("%", " %")
    return f"{median.n:,} samples scatter: their middle half spans {spread} of the median"


def _spread(samples: Sequence[float]) -> float:
    ordered = sorted(samples)
    return (quantile(ordered, 0.75) - quantile(ordered, 0.25)) / max(quantile(ordered, 0.5), 1e-12)
