"""The capability matrix: what each model, on each device, can do: task × domain × language × shots × context length.

Pure: from evaluations to rows. Terminal, files and the hub's page show the same rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from edgeprof.quality.effective_context import PlaceShare, context_text, effective_context, shares_by_length
from edgeprof.quality.grouped_interval import group_count
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.paired_difference import measure
from edgeprof.quality.pairing import pair
from edgeprof.quality.tasks.table import TASKS
from edgeprof.statistics.paired_power import smallest_difference
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS

ASSUMED_DISCORDANCE = 0.1
"""The share of items that a variant and its source answer differently: what 4-bit language models were seen to do
(arXiv:2605.28873). It decides what so many items can show."""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """One evaluation with everything that tells it from another."""

    model: str
    device: str
    runtime: str
    evaluation: Evaluation
    outcomes: tuple[Outcome, ...]
    figures: tuple[MetricRow, ...]
    shots: int = 0
    quantization: str = ""
    result_id: str = ""

    @property
    def label(self) -> str:
        """Of the model: its name, and its quantization where the name does not say it."""
        known = not self.quantization or spelled(self.quantization) in spelled(self.model)
        return self.model if known else f"{self.model} {self.quantization}"


def spelled(name: str) -> str:
    """For a comparison of names: `Q4_0` and `q4-0` are one.

    >>> spelled("Q4_K_M")
    'q4-k-m'
    """
    return name.lower().replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Few shots minus none on the same items, in points or the metric's unit, with its 95 % interval."""

    value: float
    ci_low: float
    ci_high: float
    p: float
    n: int
    smallest_effect: float


@dataclass(frozen=True, kw_only=True)
class CapabilityRow:
    """One cell: a figure, its interval, on how many items it rests, and the smallest difference they could show.

    `value` is None where nothing was answered; `absent` then has the reason. Figures are in the unit of the metric.
    """

    task: str
    set_name: str
    set_id: str
    domain: str
    language: str
    shots: int
    context_tokens: int | None
    """Nominal length of the prompts, where the set has lengths."""
    perturbation: str
    model: str
    quantization: str
    runtime: str
    device: str
    metric: str
    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    asked: int
    smallest_difference: float | None
    """In the unit of a share's metric, for a paired comparison of two models that differ on 10 % of the items; None
    where the figure is no share."""
    few_shot: Difference | None = None
    """Of a row with shots: against the same cell without."""
    absent: str = ""
    result_id: str = ""
    chance_percent: float | None = None
    """The chance level of multiple choice, in percent."""
    effective_context: str = ""
    """Of a set with lengths, over all of them: as `effective_context.context_text`."""

    @property
    def is_above_chance(self) -> bool:
        """False: the interval includes the chance level, or lies below it."""
        return self.chance_percent is None or self.ci_low is None or self.ci_low > self.chance_percent


def capability_rows(evaluated: Iterable[Evaluated]) -> tuple[CapabilityRow, ...]:
    """A row for each evaluation, and for each context length of a set that has lengths; sorted for reading."""
    known = list(evaluated)
    zero = {_cell(each): each for each in known if each.shots == 0}
    rows = [row for each in known for row in _rows(each, zero.get(_cell(each)) if each.shots else None)]
    return tuple(sorted(with_distinct_sets(rows), key=_order))


@lru_cache(maxsize=4_096)
def smallest_points(n: int) -> float | None:
    """In points, of a share on `n` items, with `ASSUMED_DISCORDANCE`; None where n items show nothing.

    >>> round(smallest_points(100), 1)
    8.2
    """
    found = smallest_difference(n, ASSUMED_DISCORDANCE) if n else None
    return None if found is None else 100 * found


def _rows(one: Evaluated, zero: Evaluated | None) -> list[CapabilityRow]:
    lengths = shares_by_length(one.outcomes)
    if not lengths:
        return [_row(one, zero, None)]
    context = effective_context(one.outcomes, one.evaluation.context_tokens)
    text = context_text(context) if context else ""
    return [replace(_row(one, zero, length), effective_context=text) for length in lengths]


def _row(one: Evaluated, zero: Evaluated | None, length: PlaceShare | None) -> CapabilityRow:
    task = TASKS.get(one.evaluation.task)
    metric = task.lead if task else next((row.metric for row in one.figures), "")
    value, low, high, n, asked = _figure(one, metric, length)
    is_share = metric in METRICS and METRICS[metric].unit == "%" and bool(task) and task.is_paired_by == "correct"
    return CapabilityRow(
        task=one.evaluation.task,
        set_name=one.evaluation.set_name,
        set_id=one.evaluation.set_id,
        domain=task.domain if task else "",
        language=one.evaluation.language,
        shots=one.shots,
        context_tokens=length.tokens if length else None,
        perturbation=one.evaluation.perturbation,
        model=one.label,
        quantization=one.quantization,
        runtime=one.runtime,
        device=one.device,
        metric=metric,
        value=value,
        ci_low=low,
        ci_high=high,
        n=n,
        asked=asked,
        smallest_difference=smallest_points(_independent(one, length)) if is_share else None,
        few_shot=_few_shot(one, zero, length.tokens if length else None) if zero else None,
        absent="" if value is not None else _why_absent(one, length),
        result_id=one.result_id,
        chance_percent=_chance_percent(one),
    )


def _chance_percent(one: Evaluated) -> float | None:
    """Of multiple choice, whose answers have a likelihood for each choice."""
    if one.evaluation.task != "multiple-choice":
        return None
    counts = [len(each.answer) for each in one.outcomes if isinstance(each.answer, list) and each.answer]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    return 100 * sum(1 / count for count in counts) / len(counts) if counts else None


def with_distinct_sets(rows: Iterable[CapabilityRow]) -> tuple[CapabilityRow, ...]:
    """With the start of its id in a set's name where two sets share one: their rows would look alike."""
    known = tuple(rows)
    ids: dict[str, set[str]] = {}
    for row in known:
        ids.setdefault(row.set_name, set()).add(row.set_id)
    return tuple(
        replace(row, set_name=f"{row.set_name} {row.set_id[:8]}") if len(ids[row.set_name]) > 1 else row
        for row in known
    )


def _figure(
    one: Evaluated, metric: str, length: PlaceShare | None
) -> tuple[float | None, float | None, float | None, int, int]:
    """Value, interval, items answered, items asked."""
    if length is not None:
        low, high = length.interval or (None, None)
        percent = [None if each is None else 100 * each for each in (length.share, low, high)]
        return percent[0], percent[1], percent[2], length.n, length.n + length.unanswered
    row = next((row for row in one.figures if row.metric == metric), None)
    if row is None:
        return None, None, None, 0, one.evaluation.asked
    return row.value, row.ci_low, row.ci_high, row.n, one.evaluation.asked


def _independent(one: Evaluated, length: PlaceShare | None) -> int:
    """Groups among the answered items: repeats and wordings of one item are not further items."""
    if length is not None:
        return length.groups
    answered = [each for each in one.outcomes if not each.problem]
    return group_count(answered) if answered else one.evaluation.groups or one.evaluation.answered


def _why_absent(one: Evaluated, length: PlaceShare | None) -> str:
    problems = [
        each.problem for each in one.outcomes if each.problem and (length is None or _is_at(each, length.tokens))
    ]
    return problems[0] if problems else "no item was answered"


def _is_at(outcome: Outcome, tokens: int) -> bool:
    return any(each.tokens == tokens for each in shares_by_length([outcome]))


def _few_shot(few: Evaluated, zero: Evaluated, tokens: int | None) -> Difference | None:
    if few.evaluation.task not in TASKS or few.evaluation.batch_shape != zero.evaluation.batch_shape:
        return None
    chosen = [[each for each in one.outcomes if tokens is None or _is_at(each, tokens)] for one in (zero, few)]
    both = pair(chosen[0], chosen[1]).both
    if not both:
        return None
    found = measure(few.evaluation.task, both)
    low, high = found.interval(0.95)
    return Difference(
        value=found.difference,
        ci_low=low,
        ci_high=high,
        p=found.p,
        n=found.n,
        smallest_effect=found.smallest_effect,
    )


def _cell(one: Evaluated) -> tuple[str, ...]:
    """All that few-shot and zero-shot runs share."""
    return one.evaluation.set_id, one.model, one.quantization, one.runtime, one.device


def _order(row: CapabilityRow) -> tuple[str | int, ...]:
    tokens = row.context_tokens or 0
    asked: Sequence[str | int] = (row.domain, row.set_name, row.perturbation, row.language, row.shots, tokens)
    return (*asked, row.device, row.model, row.runtime)
