"""The interval of a figure on a set of groups: repeats and wordings of one item are not further items. Pure."""

import math
from collections.abc import Sequence
from dataclasses import replace

from edgeprof.quality.groups import group_of
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import QualityFigure
from edgeprof.statistics.shares import wilson
from edgeprof.wire.metrics import METRICS


def group_count(outcomes: Sequence[Outcome]) -> int:
    """How many independent items there are."""
    return len({group_of(outcome.item_id) for outcome in outcomes})


def for_groups(figure: QualityFigure, answered: Sequence[Outcome]) -> QualityFigure:
    """The figure with the interval of as many items as there are groups; unchanged where items form no groups.

    Items of a group that always agree widen it by √(items / groups), and nothing widens it more: Kish, Survey Sampling,
    1965, 5.4, with a correlation of 1. Of a share it holds Wilson's interval of so many items, too.
    """
    groups = group_count(answered)
    if figure.ci_low is None or figure.ci_high is None or groups == len(answered):
        return figure
    stretch = math.sqrt(len(answered) / groups)
    low = figure.value - stretch * (figure.value - figure.ci_low)
    high = figure.value + stretch * (figure.ci_high - figure.value)
    if METRICS[figure.metric].unit == "%" and 0 <= figure.value <= 100:
        ends = wilson(figure.value / 100 * groups, groups)
        low, high = min(low, 100 * ends[0]), min(max(high, 100 * ends[1]), max(100.0, figure.ci_high))
    return replace(figure, ci_low=max(0.0, low), ci_high=high)
