"""What kept the median's interval wider than requested: what the machine did, else what the samples look like. Pure."""

from collections.abc import Mapping, Sequence

from edgeprof.statistics.quantiles import percentile, quantile
from edgeprof.wire.evidence import Timing, Trust, TrustCause

_CAUSES: tuple[TrustCause, ...] = ("busy", "stalled", "swapping", "throttled", "unstable_clock", "unsettled", "noisy")
"""Marks that widen an interval, the machine's own doing first."""
_MAX_NAMED = 2
_DEPENDENT = 0.5
"""Samples worth less than this share of their number widen an interval by more than their scatter does."""


def prevented_by(
    timing: Timing, precision: float, trust: Trust, medians_of: Mapping[str, Sequence[float]]
) -> str | None:
    """None where the published interval is as narrow as requested. `medians_of`: the series whose medians are shown."""
    if timing.relative_half_width is not None and timing.relative_half_width <= precision:
        return None
    marks = {mark.cause: mark.reason for mark in trust.marks}
    found = [marks[cause] for cause in _CAUSES if cause in marks][:_MAX_NAMED]
    return "; ".join(found) or _in_samples(medians_of)


def _in_samples(medians_of: Mapping[str, Sequence[float]]) -> str | None:
    """Of the series whose middle half is widest."""
    several = [samples for samples in medians_of.values() if len(samples) > 1]
    if not several:
        return None
    samples = max(several, key=_spread)
    median = percentile(samples, 0.5)
    if median.effective_n < _DEPENDENT * median.n:
        return f"samples depend on each other: {median.n:,} are worth {median.effective_n:,} independent ones"
    spread = f"{_spread(samples):.1%}".replace("%", " %")
    return f"{median.n:,} samples scatter: their middle half spans {spread} of the median"


def _spread(samples: Sequence[float]) -> float:
    ordered = sorted(samples)
    return (quantile(ordered, 0.75) - quantile(ordered, 0.25)) / max(quantile(ordered, 0.5), 1e-12)
