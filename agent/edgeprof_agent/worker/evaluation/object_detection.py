"""Object detection: an image in, boxes out. Its formats and keys: `detections.py`, `framing.py`."""

from typing import Any

import numpy as np

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.detections import Format
from edgeprof_agent.worker.evaluation.framing import Framing, Placed
from edgeprof_agent.worker.evaluation.preparation import Preparation
from edgeprof_agent.worker.evaluation.stored_items import pillow, pixels
from edgeprof_agent.worker.evaluation.tensors import asked_model, only_input, real, stored


class ObjectDetectionPipeline:
    """Decode, fit into the frame and normalize; the model; read its boxes, suppress doubles, back to the image."""

    batch_shape = ""
    prepares_ahead = True
    prepares_ahead = True

    def __init__(self, question: Question) -> None:
        keys = question.facts.preparation
        self._model = asked_model(question)
        self._folder = question.folder
        self._need = only_input(self._model.needs())
        self._gives = {given.name: given for given in self._model.gives()}
        self._classes = len(question.facts.classes)
        pillow()  # its absence is the run's failure, not each item's
        self._format = Format.of(keys)
        self._preparation = Preparation.of(keys, self._need)
        self._framing = Framing(self._preparation, keys)

    def decode(self, item: Item) -> Any:
        return pixels(self._folder / item["file"], self._preparation.channels)

    def prepare(self, item: Item, decoded: Any) -> tuple[dict[str, Any], Placed]:
        framed, placed = self._framing.framed(decoded)
        return {self._need.name: stored(self._preparation.normalized(framed), self._need)}, placed

    def ask(self, item: Item, prepared: tuple[dict[str, Any], Placed]) -> tuple[dict[str, Any], Placed]:
        feeds, placed = prepared
        return self._model.answer(feeds), placed

    def finish(self, item: Item, output: tuple[dict[str, Any], Placed]) -> Answer:
        outputs, placed = output
        if not outputs:
            raise NoAnswer("the model gave no output")
        values = {name: real(np.asarray(tensor), self._gives[name]) for name, tensor in outputs.items()}
        found = self._format.read(values, (placed.frame_height, placed.frame_width), self._classes)
        boxes = placed.to_image(found.boxes)
        sizes = boxes[:, 2:] - boxes[:, :2]
        rows = np.concatenate([boxes[:, :2], sizes], axis=1)
        return Answer(
            [
                [int(label), round(float(score), 6), *(round(float(side), 3) for side in row)]
                for label, score, row in zip(found.labels, found.scores, rows, strict=True)
            ]
        )
