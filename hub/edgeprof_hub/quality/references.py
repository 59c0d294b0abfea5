"""Which evaluation the others of a family are held against: its float source, else its best variant. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from edgeprof.quality.standing_run import rank
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS

FLOATS = ("fp32", "f32", "fp64", "bf16", "fp16", "f16")
"""Quantizations of a source, the first first."""


def current(found: Iterable[rest.EvaluationRecord]) -> list[rest.EvaluationRecord]:
    """The real evaluation that stands for each set-up in a runtime on an architecture, from the oldest to the newest.

    A part that another device answered later does not take the place of the whole set.
    """
    standing: dict[tuple[str | int, ...], rest.EvaluationRecord] = {}
    for one in sorted(found, key=lambda each: (each.received_s, each.result_id)):
        if not one.unreal and one.value is not None:
            key = (one.model_id, one.base_key, one.set_id, one.shots, one.runtime, one.architecture)
            if key not in standing or rank_of(one) >= rank_of(standing[key]):
                standing.pop(key, None)
                standing[key] = one
    return list(standing.values())


def rank_of(one: rest.EvaluationRecord) -> tuple[bool, int, float]:
    """The highest of several stands for their set-up."""
    return rank(one.ended, one.answered, one.received_s)


def is_source(model: rest.ModelRecord) -> bool:
    """Whether its weights are floats."""
    return model.quantization.lower() in FLOATS


def reference(
    one: rest.EvaluationRecord,
    others: Sequence[rest.EvaluationRecord],
    models: Mapping[str, rest.ModelRecord],
    shapes: Mapping[str, str],
) -> rest.EvaluationRecord | None:
    """The evaluation that `one` is held against: the best one of the float source on the same set and shots.

    The best, since a source that collapsed in one runtime would let everything pass there; of parts of the set, which
    may be good by chance, only where there is no whole. Of equally good ones it is the nearest set-up. Of a family
    without a float model it is the best variant. `shapes`: of batches, by evaluation; those of the same shape come
    first, as others are not compared. None: the source was not evaluated on this set.
    """
    same = [other for other in others if (other.set_id, other.shots) == (one.set_id, one.shots)]
    if any(map(is_source, models.values())):
        same = [other for other in same if is_source(models[other.model_id])]
    alike = [other for other in same if shapes.get(other.result_id) == shapes.get(one.result_id)] or same
    return max(alike, key=lambda other: _rank(one, other, models), default=None)


def _rank(
    one: rest.EvaluationRecord, other: rest.EvaluationRecord, models: Mapping[str, rest.ModelRecord]
) -> tuple[object, ...]:
    mine, its = models[one.model_id], models[other.model_id]
    quantization = its.quantization.lower()
    return (
        -FLOATS.index(quantization) if quantization in FLOATS else 0,
        rank(other.ended, other.answered, 0.0),
        _goodness(other),
        one.result_id == other.result_id,
        mine.format == its.format,
        one.architecture == other.architecture,
        one.runtime == other.runtime,
        one.base_key == other.base_key,
        other.received_s,
        other.result_id,
    )


def _goodness(one: rest.EvaluationRecord) -> float:
    known = METRICS.get(one.metric or "")
    value = one.value or 0.0
    return -value if known and known.better == "lower" else value
