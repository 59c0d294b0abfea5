"""Metric rows of a result as they are gathered, and the reasons for those that are missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeprof.statistics.quantiles import Percentile, TooFewSamples, percentiles
from edgeprof.wire.figures import AbsentMetric, MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof_agent.measuring.published_median import MEDIAN, PublishedMedian, published_median


@dataclass
class Figures:
    """Rows and reasons, in the order in which they came. A metric that is missing stays so, for its first reason."""

    rows: list[MetricRow] = field(default_factory=lambda: [])
    absent: list[AbsentMetric] = field(default_factory=lambda: [])
    medians: dict[str, PublishedMedian] = field(default_factory=lambda: {})
    """Of the metrics that are a median, what its row was made of: what judges the run judges these."""

    def add(
        self,
        metric: str,
        value: float,
        n: int = 1,
        interval: tuple[float, float] | None = None,
        no_interval: str | None = None,
    ) -> None:
        """`no_interval`: why a figure that usually has an interval has none."""
        if self.is_missing(metric):
            return
        low, high = interval or (None, None)
        self.rows.append(MetricRow(metric=metric, value=value, n=n, ci_low=low, ci_high=high, no_interval=no_interval))

    def miss(self, metric: str, reason: str) -> None:
        if not self.is_missing(metric):
            self.absent.append(AbsentMetric(metric=metric, reason=reason))

    def is_missing(self, metric: str) -> bool:
        """Whether it was said before why there is no such figure."""
        return any(one.metric == metric for one in self.absent)

    def add_percentiles(
        self, samples: Sequence[float], wanted: Sequence[tuple[str, float]], taken_in_s: float = 0.0
    ) -> None:
        """Percentiles of samples in the order in which they were taken; without an interval where they allow none.

        `taken_in_s`: how long samples taken back to back took together; 0 where they stand apart.
        The median of a run that never settled has one, too: its interval spans what its blocks' medians did.
        """
        for (metric, p), one in zip(wanted, percentiles(samples, [p for _, p in wanted]), strict=True):
            if p == MEDIAN:
                self._add_median(metric, published_median(samples, taken_in_s, METRICS[metric].unit))
            else:
                self._add_percentile(metric, one)

    def _add_median(self, metric: str, median: PublishedMedian) -> None:
        if self.is_missing(metric):
            return
        self.medians[metric] = median
        if median.value is None:
            self.miss(metric, median.missing or "")
        else:
            self.add(metric, median.value, median.n, median.interval, median.missing)

    def _add_percentile(self, metric: str, found: Percentile | TooFewSamples) -> None:
        if isinstance(found, Percentile):
            self.add(metric, found.value, found.n, (found.low, found.high))
        elif found.value is None:
            self.miss(metric, found.why_not_shown)
        else:
            self.add(metric, found.value, found.n, no_interval=found.reason)

    def value(self, metric: str) -> float | None:
        """A figure that was added before."""
        return next((row.value for row in self.rows if row.metric == metric), None)
