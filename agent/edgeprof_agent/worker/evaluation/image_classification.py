"""Image classification: an image in, one value a class out, the likeliest classes first."""

from typing import Any

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.preparation import Preparation
from edgeprof_agent.worker.evaluation.stored_items import Rows, pillow, pixels
from edgeprof_agent.worker.evaluation.tensors import asked_model, margin, only_input, ranked, scores_of, stored

_SHOWN = 5
_AHEAD_FROM = 100_000
"""Values of a row: smaller ones are prepared in less time than it takes to hand them from thread to thread."""


class ImageClassificationPipeline:
    """Decode, resize and normalize; the model; sort."""

    batch_shape = ""

    def __init__(self, question: Question) -> None:
        self._model = asked_model(question)
        self._folder = question.folder
        self._need = only_input(self._model.needs())
        self._gives = self._model.gives()
        self._classes = len(question.facts.classes)
        self._output = str(question.facts.preparation.get("output", ""))
        self._rows = Rows(question.folder, question.facts)
        has_files = any("file" in item for item in question.items)
        self.prepares_ahead = has_files or self._rows.values > _AHEAD_FROM
        if has_files:
            pillow()  # its absence is the run's failure, not each item's
        self._preparation = Preparation.of(question.facts.preparation, self._need)

    def decode(self, item: Item) -> Any:
        if "row" in item:
            return self._rows.row(item)
        if "file" not in item:
            raise NoAnswer("the item names neither a row nor a file")
        return pixels(self._folder / item["file"], self._preparation.channels)

    def prepare(self, item: Item, decoded: Any) -> Any:
        values = self._preparation.normalized(self._preparation.fitted(decoded))
        return {self._need.name: stored(values, self._need)}

    def ask(self, item: Item, prepared: Any) -> Any:
        return self._model.answer(prepared)

    def finish(self, item: Item, output: Any) -> Answer:
        scores = scores_of(output, self._gives, self._classes, self._output)
        return Answer(ranked(scores, _SHOWN), {"margin": margin(scores)})
