"""Between the real values of an item and what a model's tensors hold: element types, quantized inputs and outputs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.base import NoAnswer, Question
from edgeprof_agent.worker_protocol.adapter import AnswersTensors, InputNeed, OutputGiven, RuntimeFailure

Floats = npt.NDArray[np.float32]
_FED = "biuf"
_FEW = 64
"""Values that Python sorts sooner than numpy."""


def asked_model(question: Question) -> AnswersTensors:
    """The model as one that takes given arrays. Raises RuntimeFailure."""
    if not isinstance(question.model, AnswersTensors):
        raise RuntimeFailure("unsupported_task", "This runtime's adapter takes no given arrays. Use another runtime.")
    return question.model


def only_input(needs: Sequence[InputNeed]) -> InputNeed:
    """The model's one input. Raises RuntimeFailure `input_unsupported`."""
    if len(needs) != 1:
        names = ", ".join(need.name for need in needs)
        raise RuntimeFailure("input_unsupported", f"The task feeds one input; the model has {len(needs)}: {names}.")
    return checked(needs[0])


def checked(need: InputNeed) -> InputNeed:
    """An input of a type that numpy has. Raises RuntimeFailure `input_unsupported`."""
    try:
        kind = np.dtype(need.dtype).kind
    except TypeError:
        kind = ""
    if kind not in _FED:
        raise RuntimeFailure("input_unsupported", f"Input {need.name!r} takes {need.dtype}, not numbers of an item.")
    return need


def stored(values: Floats, need: InputNeed) -> npt.NDArray[Any]:
    """Real values as the input stores them: rounded to the nearest step of its scale, or cast to its type.

    A quantized value is `round(value / scale) + zero_point`, cut to the type's range (TensorFlow Lite's 8-bit
    quantization specification). An integer without a scale takes the rounded value itself.
    """
    dtype = np.dtype(need.dtype)
    if dtype.kind not in "iu":
        return values.astype(dtype, copy=False)
    steps = np.rint(values / need.scale) + need.zero_point if need.scale else np.rint(values)
    limits = np.iinfo(dtype)
    return np.clip(steps, limits.min, limits.max).astype(dtype)


def real(tensor: npt.NDArray[Any], given: OutputGiven) -> Floats:
    """The real values of an output, float32."""
    values = np.asarray(tensor, dtype=np.float32)
    return (values - given.zero_point) * np.float32(given.scale) if given.scale else values


def scores_of(outputs: Mapping[str, Any], gives: Sequence[OutputGiven], classes: int, name: str = "") -> Floats:
    """One number for each class, from the output of that name, else the first one that has so many. Raises NoAnswer.

    Leading sizes of 1 are dropped. An output of another length, and one with NaN, is no answer.
    """
    by_name = {given.name: given for given in gives}
    named = [name] if name else list(outputs)
    tensors = {each: np.asarray(outputs[each]) for each in named if each in outputs}
    for each, tensor in tensors.items():
        if tensor.size == classes and tensor.dtype.kind in _FED:
            scores = real(tensor.ravel(), by_name[each])
            if not np.isfinite(scores).all():
                raise NoAnswer(
                    f"output {each!r} has {int((~np.isfinite(scores)).sum())} values that are NaN or infinite"
                )
            return scores
    sizes = ", ".join(f"{each} {list(tensor.shape)}" for each, tensor in tensors.items()) or "none"
    raise NoAnswer(f"no output has one value for each of the {classes} classes; outputs: {sizes}")


def ranked(scores: Floats, count: int) -> list[int]:
    """The places of the largest values, largest first; of equal ones the lower place comes first."""
    if scores.size <= _FEW:
        values: list[float] = scores.tolist()
        return sorted(range(len(values)), key=lambda place: -values[place])[:count]
    return [int(place) for place in np.argsort(-scores, kind="stable")[:count]]


def margin(scores: Floats) -> float:
    """How far the largest value lies above the next, in the output's own unit; 0 where two share it."""
    if scores.size < 2:
        return 0.0
    second, first = sorted(scores.tolist())[-2:] if scores.size <= _FEW else np.partition(scores, -2)[-2:]
    return float(first - second)
