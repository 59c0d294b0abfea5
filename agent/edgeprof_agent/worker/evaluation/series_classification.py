"""Series classification: values over time in, one value a class out."""

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.stored_items import Rows
from edgeprof_agent.worker.evaluation.tensors import (
    asked_model,
    margin,
    only_input,
    ranked,
    scores_of,
    stored,
)
from edgeprof_agent.worker_protocol.adapter import InputNeed, RuntimeFailure

_SHOWN = 5


class SeriesClassificationPipeline:
    """The item's values in the order of the input; the model; sort."""

    batch_shape = ""

    def __init__(self, question: Question) -> None:
        self._model = asked_model(question)
        self._need = only_input(self._model.needs())
        self._gives = self._model.gives()
        facts = question.facts
        self._classes = len(facts.classes)
        self._output = str(facts.preparation.get("output", ""))
        self._rows = Rows(question.folder, facts)
        self._order = str(facts.preparation.get("order", "time-channel"))
        if self._order not in ("time-channel", "channel-time"):
            raise RuntimeFailure("bad_set", f"The set's order {self._order!r} is not time-channel or channel-time.")
        self._scale, self._mean, self._std = _numbers(facts)

    def decode(self, item: Item) -> Any:
        if "row" in item:
            return self._rows.row(item)
        if "values" not in item:
            raise NoAnswer("the item has neither a row nor values")
        return np.asarray(item["values"], dtype=np.float32)

    def prepare(self, item: Item, decoded: Any) -> Any:
        values: npt.NDArray[Any] = np.asarray(decoded, dtype=np.float32)
        values = (values[:, None] if values.ndim == 1 else values) * self._scale
        values = (values - self._mean) / self._std  # channels stand last
        if self._order == "channel-time":
            values = values.T
        return {self._need.name: stored(_shaped(values, self._need), self._need)}

    def ask(self, item: Item, prepared: Any) -> Any:
        return self._model.answer(prepared)

    def finish(self, item: Item, output: Any) -> Answer:
        scores = scores_of(output, self._gives, self._classes, self._output)
        return Answer(ranked(scores, _SHOWN), {"margin": margin(scores)})


def _numbers(facts: SetFacts) -> tuple[np.float32, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    keys = facts.preparation
    mean, std = (np.asarray(keys.get(name, default), np.float32) for name, default in (("mean", 0.0), ("std", 1.0)))
    return np.float32(keys.get("scale", 1.0)), mean, std


def _shaped(values: npt.NDArray[np.float32], need: InputNeed) -> npt.NDArray[np.float32]:
    """The values in the input's sizes, of which a free one takes what is left. Raises NoAnswer for another count."""
    sizes = [1 if place == 0 and size < 0 else size for place, size in enumerate(need.shape)] or [1, -1]
    fixed = int(np.prod([size for size in sizes if size > 0]))
    free = sizes.count(-1)
    if (free == 0 and fixed != values.size) or (free and values.size % fixed):
        raise NoAnswer(f"the item has {values.size} values; the input takes {list(need.shape)}")
    if free > 1:
        sizes = [1, *values.shape]
    return np.ascontiguousarray(values.reshape(sizes))
