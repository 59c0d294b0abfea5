"""Figures that pool the units of all items, as frames or words: a share of units, with items as what varies."""

from collections.abc import Sequence

from edgeprof.quality.bootstrap import ratio_interval
from edgeprof.quality.tasks.base import QualityFigure
from edgeprof.statistics.shares import wilson


def pooled_share(metric: str, hits: Sequence[float], units: Sequence[float]) -> QualityFigure | None:
    """`sum(hits) / sum(units)` in percent; one value an item. None where there is no unit.

    Units of one item are alike, so items are resampled. Where every item has one unit at most, or the resamples do not
    vary, the interval is Wilson's with an item for a unit: all right in 3 clips proves little, however long they are.
    """
    if not (total := sum(units)):
        return None
    with_units = [index for index, count in enumerate(units) if count]
    ends = None
    if max(units) > 1:
        ends = ratio_interval([hits[index] for index in with_units], [units[index] for index in with_units])
    if ends is None:
        ends = wilson(round(sum(hits) / total * len(with_units)), len(with_units))
    return QualityFigure(
        metric=metric, value=100 * sum(hits) / total, n=len(units), ci_low=100 * ends[0], ci_high=100 * ends[1]
    )


def detection_figures(
    right: Sequence[float], wrong: Sequence[float], missed: Sequence[float]
) -> tuple[QualityFigure, ...]:
    """F1, precision and recall of counts, one of each an item. A figure whose denominator is 0 is absent."""
    doubled = [2 * count for count in right]
    figures = (
        pooled_share("f1_percent", doubled, [a + b + c for a, b, c in zip(doubled, wrong, missed, strict=True)]),
        pooled_share("precision_percent", right, [a + b for a, b in zip(right, wrong, strict=True)]),
        pooled_share("recall_percent", right, [a + b for a, b in zip(right, missed, strict=True)]),
    )
    return tuple(figure for figure in figures if figure is not None)
