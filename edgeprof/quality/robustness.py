"""What a perturbation costs: the same items with and without it, one model or two. Paired, as every claim of quality.

Repeats are no perturbation in this sense: they have ids of their own, see `consistency`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.paired_difference import PairedDifference, measure
from edgeprof.quality.pairing import is_answered, pair
from edgeprof.statistics.paired_scores import compare_scores


def drop(task: str, parent: Sequence[Outcome], perturbed: Sequence[Outcome]) -> PairedDifference | None:
    """The perturbed run minus the run on the parent set, over items that both answered; None where none is.

    `task`: the name of the task of both, which says whether answers or scores are paired.
    """
    both = pair(parent, perturbed).both
    return measure(task, both) if both else None


@dataclass(frozen=True, kw_only=True)
class ExtraDrop:
    """A variant's drop minus its source's, in the score of the task: below 0 the variant is less robust.

    Shares of right answers are 0 to 1. The interval is 95 %.
    """

    n: int
    source: float
    variant: float
    difference: float
    ci_low: float
    ci_high: float
    p: float
    smallest_effect: float
    """The extra drop that as many items show in 4 of 5 cases."""

    @property
    def is_shown(self) -> bool:
        return self.p <= 0.05 and (self.ci_high < 0 or self.ci_low > 0)


def extra_drop(
    source: tuple[Sequence[Outcome], Sequence[Outcome]], variant: tuple[Sequence[Outcome], Sequence[Outcome]]
) -> ExtraDrop | None:
    """Each side: outcomes on the parent set, outcomes on the perturbed one. Over the items that all four answered.

    None with fewer than two of them. A difference of differences item by item: what an item loses under the
    perturbation in the variant, less what it loses in the source.
    """
    tables = [_scores(outcomes) for side in (source, variant) for outcomes in side]
    common = [item for item in tables[0] if all(item in table for table in tables)]
    if len(common) < 2:
        return None
    lost_source = [tables[1][item] - tables[0][item] for item in common]
    lost_variant = [tables[3][item] - tables[2][item] for item in common]
    found = compare_scores(lost_source, lost_variant)
    low, high = found.interval()
    return ExtraDrop(
        n=found.n,
        source=sum(lost_source) / found.n,
        variant=sum(lost_variant) / found.n,
        difference=found.difference,
        ci_low=low,
        ci_high=high,
        p=found.p,
        smallest_effect=found.smallest_effect,
    )


def _scores(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Right answers as 1 and 0 where the task has them, else scores."""
    return {
        each.item_id: float(each.correct) if each.correct is not None else each.score or 0.0
        for each in outcomes
        if is_answered(each)
    }
