"""Reading a line of text: an image in, one value a column and character out. Its keys: `ctc.py`, and `max_width` here.

The image is resized to the input's height, its width in proportion. An input of fixed width is padded on the right with
the value of `pad` (of the input, after normalizing; 0); of free width it takes `min_width` (320) columns or more, and
`max_width` (3,200) at most.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.ctc import Alphabet
from edgeprof_agent.worker.evaluation.preparation import Preparation
from edgeprof_agent.worker.evaluation.stored_items import pillow, pixels
from edgeprof_agent.worker.evaluation.tensors import asked_model, only_input, real, stored
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

MIN_WIDTH = 320
MAX_WIDTH = 3_200


class OcrPipeline:
    """Decode, resize, normalize and pad; the model; decode its columns."""

    batch_shape = ""
    prepares_ahead = True
    prepares_ahead = True

    def __init__(self, question: Question) -> None:
        keys = question.facts.preparation
        self._model = asked_model(question)
        self._folder = question.folder
        self._need = only_input(self._model.needs())
        self._gives = {given.name: given for given in self._model.gives()}
        self._output = str(keys.get("output") or next(iter(self._gives)))
        pillow()
        self._preparation = Preparation.of(keys, self._need)
        if self._preparation.height is None:
            raise RuntimeFailure("bad_set", "The reader's input has no fixed height. Add 'size' to the preparation.")
        self._height = self._preparation.height
        self._fixed_width = self._need.shape[self._preparation.layout.index("W")] if self._need.shape else -1
        self._widths = int(keys.get("min_width", MIN_WIDTH)), int(keys.get("max_width", MAX_WIDTH))
        self._pad = float(keys.get("pad", 0.0))
        self._alphabet = Alphabet.of(keys, question)

    def decode(self, item: Item) -> Any:
        return pixels(self._folder / item["file"], self._preparation.channels)

    def prepare(self, item: Item, decoded: Any) -> dict[str, Any]:
        height, width = decoded.shape[:2]
        natural = max(1, math.ceil(width * self._height / height))
        total = self._fixed_width if self._fixed_width > 0 else min(max(natural, self._widths[0]), self._widths[1])
        line = replace(self._preparation, height=self._height, width=min(natural, total), short_side=None)
        values = line.normalized(line.fitted(decoded))
        axis = self._preparation.layout.index("W")
        around = [(0, 0)] * values.ndim
        around[axis] = (0, total - values.shape[axis])
        padded = np.pad(values, around, constant_values=self._pad)
        return {self._need.name: stored(padded, self._need)}

    def ask(self, item: Item, prepared: dict[str, Any]) -> dict[str, Any]:
        return self._model.answer(prepared)

    def finish(self, item: Item, output: dict[str, Any]) -> Answer:
        if self._output not in output:
            raise NoAnswer(f"the model has no output {self._output!r}; it has {', '.join(output)}")
        values = real(np.asarray(output[self._output]), self._gives[self._output])
        if values.ndim < 2:
            raise NoAnswer(f"a reader gives [columns, characters]; the output is {list(values.shape)}")
        reading = self._alphabet.read(values.reshape(-1, values.shape[-1]))
        return Answer(reading.text, {"confidence": reading.confidence})
