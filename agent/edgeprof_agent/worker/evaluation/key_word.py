"""Key word or wake word: a recording in, detections out.

Keys of `preparation`, as well as those of `streaming.py`: `threshold`, which a word's mean score must exceed (0.5);
`average`, steps that the mean is over (1), as a detector needs them before it says anything; `refractory_s`, seconds
after a detection in which the word is not detected again (1); `columns`, the place of each class in an output that has
more values than the set has classes.
"""

from typing import Any

import numpy as np

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.audio import Recording, at_rate, recording
from edgeprof_agent.worker.evaluation.base import Answer, NoAnswer, Question
from edgeprof_agent.worker.evaluation.streaming import Steps, Stream
from edgeprof_agent.worker.evaluation.tensors import Floats, asked_model
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure


class KeyWordPipeline:
    """Decode; features cut into steps; the model, step by step; means above the threshold."""

    batch_shape = ""
    prepares_ahead = False  # a model may hold state, which `prepare` clears

    def __init__(self, question: Question) -> None:
        keys = question.facts.preparation
        self._folder = question.folder
        self._stream = Stream(asked_model(question), keys)
        classes = len(question.facts.classes)
        self._columns = [int(each) for each in keys.get("columns", range(classes))]
        if len(self._columns) != classes or not classes:
            raise RuntimeFailure("bad_set", f"The set has {classes} classes and {len(self._columns)} columns for them.")
        self._threshold = float(keys.get("threshold", 0.5))
        self._average = max(1, int(keys.get("average", 1)))
        self._refractory_s = float(keys.get("refractory_s", 1.0))

    def decode(self, item: Item) -> Recording:
        return recording(self._folder / item["file"])

    def prepare(self, item: Item, decoded: Recording) -> Steps:
        self._stream.forget()
        return self._stream.steps(at_rate(decoded, self._stream.features.rate))

    def ask(self, item: Item, prepared: Steps) -> tuple[Steps, list[Any]]:
        return prepared, self._stream.ask(prepared)

    def finish(self, item: Item, output: tuple[Steps, list[Any]]) -> Answer:
        steps, found = output
        scores = self._stream.scores(found)
        if scores.shape[1] <= max(self._columns):
            raise NoAnswer(f"the model gives {scores.shape[1]} values a step; the set reads place {max(self._columns)}")
        means = running_means(scores[:, self._columns], self._average)
        rows = [row for label in range(means.shape[1]) for row in self._detected(label, means[:, label], steps.ends_s)]
        highest = float(means.max()) if means.size else 0.0
        return Answer(sorted(rows, key=lambda row: row[1]), {"highest": highest})

    def _detected(self, label: int, means: Floats, ends_s: Floats) -> list[list[float]]:
        found: list[list[float]] = []
        for mean, end_s in zip(means.tolist(), ends_s.tolist(), strict=True):
            if mean > self._threshold and (not found or end_s - found[-1][1] >= self._refractory_s):
                found.append([label, round(end_s, 4), round(mean, 6)])
        return found


def running_means(scores: Floats, steps: int) -> Floats:
    """[steps, classes]: the mean of the last so many; 0 until there are as many."""
    if len(scores) < steps:
        return np.zeros_like(scores)
    sums = np.cumsum(np.concatenate([np.zeros((1, scores.shape[1])), scores]), axis=0)
    means = (sums[steps:] - sums[:-steps]) / steps
    return np.concatenate([np.zeros((steps - 1, scores.shape[1])), means]).astype(np.float32)
