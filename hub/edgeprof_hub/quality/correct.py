"""What a right answer costs, in money and in energy: figure per inference over the share of right answers. Pure."""

from collections.abc import Mapping

from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS

PER_1000 = "1,000 inferences"
ENERGY = "energy_per_inference_j"


def share_of_right(found: rest.EvaluationRecord) -> bool:
    """Whether its figure is the share of right answers of a task in which an answer is right or wrong."""
    task, metric = TASKS.get(found.task), METRICS.get(found.metric or "")
    is_lead = task is not None and task.lead == found.metric and task.is_paired_by == "correct"
    return is_lead and metric is not None and metric.unit == "%" and found.metric != "f1_percent"


def right_percents(found: rest.EvaluationRecord) -> tuple[float | None, float | None, float | None]:
    """Right answers in percent of all items that were asked, with the ends of the interval.

    The figure itself is of the items with an answer.
    """
    asked = found.answered + found.problems
    with_answer = found.answered / asked if asked else 1.0
    value, low, high = (
        None if each is None else each * with_answer for each in (found.value, found.ci_low, found.ci_high)
    )
    return value, low, high


def correct_cost(cell: rest.Cell, found: rest.EvaluationRecord) -> rest.CorrectCost | None:
    """As `correct_of`, of a cell; None where speed and answers are of two runtime versions."""
    return correct_of(cell.cost, cell.metrics, found) if is_same_runtime(cell, found) else None


def is_same_runtime(cell: rest.Cell, found: rest.EvaluationRecord) -> bool:
    """Whether a cell's speed and an evaluation are of one runtime version, as far as both are known."""
    return not cell.effective_runtime or not found.runtime or cell.effective_runtime == found.runtime


def correct_of(
    cost: rest.CostView | None, metrics: Mapping[str, rest.MetricRow], found: rest.EvaluationRecord
) -> rest.CorrectCost | None:
    """Of a set-up whose task has right and wrong answers, one inference each; None where no figure comes of it.

    C = c / a, with c the cost of 1,000 inferences (or the energy of one) and a the share of right answers. The interval
    is c / a_high to c / a_low: that of the share alone. An answer that is wrong is paid for as well, and so is an item
    without an answer: a is of all items that were asked, while the figure is of those with an answer.
    """
    if found.value is None or not share_of_right(found):
        return None
    usd = cost.edge_usd if cost is not None and cost.unit == PER_1000 else None
    row = metrics.get(ENERGY)
    energy = row.value if row is not None and row.origin == "measured" else None
    share, low, high = right_percents(found)
    shares = (share, high, low)
    if found.value <= 0 or (usd is None and energy is None):
        return None
    money, joules = ([_over(figure, share) for share in shares] for figure in (usd, energy))
    return rest.CorrectCost(
        usd_per_1000=money[0],
        usd_per_1000_low=money[1],
        usd_per_1000_high=money[2],
        energy_j=joules[0],
        energy_j_low=joules[1],
        energy_j_high=joules[2],
    )


def _over(figure: float | None, percent: float | None) -> float | None:
    return None if figure is None or not percent or percent <= 0 else figure / (percent / 100)
