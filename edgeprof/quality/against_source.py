"""A variant next to its source: does it lose more under a perturbation, and do more groups flip? Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgeprof.errors import UsageError
from edgeprof.quality.capability import Evaluated
from edgeprof.quality.consistency import FlipChange, consistency, flip_change
from edgeprof.quality.robustness import ExtraDrop, extra_drop
from edgeprof.quality.tasks.table import TASKS


@dataclass(frozen=True, kw_only=True)
class AgainstSource:
    """One variant on one set, next to the source on the same set, device and number of shots."""

    set_name: str
    perturbation: str
    source: str
    model: str
    device: str
    is_share: bool
    """Whether scores are right and wrong answers, whose differences are told in points."""
    extra: ExtraDrop | None = None
    """Of a perturbed set whose parent both answered."""
    flips: FlipChange | None = None
    """Of a set of groups."""


def source_of(evaluated: Sequence[Evaluated], words: str) -> str:
    """The label of the one model that has the words in it. Raises UsageError `bad_source`."""
    labels = dict.fromkeys(one.label for one in evaluated)
    found = [label for label in labels if words.lower() in label.lower()]
    if len(found) != 1:
        problem = "several models have" if found else "no model has"
        raise UsageError("bad_source", f"{problem.capitalize()} {words!r} in its name. Models: {', '.join(labels)}.")
    return found[0]


def against_source(evaluated: Sequence[Evaluated], source: str) -> Iterator[AgainstSource]:
    """Every other model against the source, where both answered the same set in the same way."""
    known = {_key(one, one.label, one.evaluation.set_id): one for one in evaluated}
    for one in evaluated:
        base = known.get(_key(one, source, one.evaluation.set_id))
        if one.label == source or base is None or one.evaluation.task not in TASKS:
            continue
        extra, flips = _extra(one, base, known), _flips(one, base)
        if extra or flips:
            yield AgainstSource(
                set_name=one.evaluation.set_name,
                perturbation=one.evaluation.perturbation,
                source=source,
                model=one.label,
                device=one.device,
                is_share=TASKS[one.evaluation.task].is_paired_by == "correct",
                extra=extra,
                flips=flips,
            )


def _extra(one: Evaluated, base: Evaluated, known: dict[tuple[str | int, ...], Evaluated]) -> ExtraDrop | None:
    parents = [known.get(_key(one, side.label, one.evaluation.parent)) for side in (base, one)]
    if not one.evaluation.parent or parents[0] is None or parents[1] is None:
        return None
    return extra_drop((parents[0].outcomes, base.outcomes), (parents[1].outcomes, one.outcomes))


def _flips(one: Evaluated, base: Evaluated) -> FlipChange | None:
    groups = [consistency(side.outcomes) for side in (base, one)]
    return flip_change(groups[0], groups[1]) if groups[0] and groups[1] else None


def _key(one: Evaluated, label: str, set_id: str) -> tuple[str | int, ...]:
    """Runs that are compared: one device, one runtime, one number of shots, one shape of batches."""
    return set_id, label, one.device, one.runtime, one.shots, one.evaluation.batch_shape
