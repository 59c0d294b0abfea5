"""The median of a series as a result shows it: with its interval, or with the reason why it has none. Pure.

The trust badge and the cause of a wide interval judge this median and no other, so that neither contradicts what is
shown beside it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from edgeprof.statistics.blocks import block_medians
from edgeprof.statistics.estimate import estimate_median
from edgeprof.statistics.quantiles import Percentile, TooFewSamples, apart_of, percentile, relative_half_width

MEDIAN = 0.5
MIN_INSIDE = 9
"""Of so many independent samples the interval leaves out the smallest and the largest: it lies between ranks 2 and 8.
That of 6 to 8 spans them all, which of thousands of samples says where the worst outliers lie, not the median."""


class PublishedMedian(NamedTuple):
    """`value`: None where it is not shown. `interval`: None where it has none, for the reason `missing`.

    `effective_n`: how many independent samples the n are worth. `in_time`: it is that few because samples within 20 ms
    of each other count as one. `settled`: False where the samples depend so much on each other that the interval spans
    their blocks' medians. `unit`: that of the metric.
    """

    value: float | None
    n: int
    effective_n: int
    interval: tuple[float, float] | None = None
    missing: str | None = None
    in_time: bool = False
    settled: bool = True
    unit: str = "ms"

    @property
    def half_width(self) -> float | None:
        """Of the interval, as a share of the median."""
        return None if self.value is None else relative_half_width(self.value, *(self.interval or (None, None)))


def published_median(samples: Sequence[float], taken_in_s: float = 0.0, unit: str = "ms") -> PublishedMedian:
    """Of samples in the order in which they were taken. `taken_in_s`: together, back to back; 0 where they stand apart.

    >>> published_median([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]).interval
    (2.0, 8.0)
    """
    n, apart = len(samples), apart_of(len(samples), taken_in_s)
    found = percentile(samples, MEDIAN, apart)
    in_time = math.floor(n / apart)
    if apart > 1 and in_time < MIN_INSIDE:
        few = TooFewSamples(MEDIAN, n, in_time, math.ceil(MIN_INSIDE * apart), found.value)
        return _without(few, f"{few.reason} (at most one per 20 ms)", unit)._replace(in_time=True)
    if isinstance(found, Percentile) and not _spans_all(found, samples):
        crowded = in_time <= found.effective_n < n
        return PublishedMedian(
            found.value, n, found.effective_n, (found.low, found.high), in_time=apart > 1 and crowded, unit=unit
        )
    estimate = estimate_median(samples)
    blocks = block_medians(samples)
    if isinstance(estimate, str) or not blocks:
        return _without(found, found.reason, unit) if isinstance(found, TooFewSamples) else _spanning(found, unit)
    settled = isinstance(found, Percentile)
    return PublishedMedian(estimate.value, n, found.effective_n, (min(blocks), max(blocks)), settled=settled, unit=unit)


def _spans_all(found: Percentile, samples: Sequence[float]) -> bool:
    """Although there are more samples than independent ones."""
    return found.effective_n < min(found.n, MIN_INSIDE) and (found.low, found.high) == (min(samples), max(samples))


def _without(few: TooFewSamples, reason: str, unit: str) -> PublishedMedian:
    return PublishedMedian(
        few.value, few.n, few.effective_n, missing=reason if few.value is not None else few.why_not_shown, unit=unit
    )


def _spanning(found: Percentile, unit: str) -> PublishedMedian:
    """Samples that are not positive have no blocks' medians to show instead."""
    reason = f"its interval spans all {found.n:,} samples, which are worth {found.effective_n:,} independent ones"
    return PublishedMedian(found.value, found.n, found.effective_n, missing=reason, unit=unit)
