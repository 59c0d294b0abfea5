"""Voice activity: a recording in, segments of speech out.

Keys of `preparation`, as well as those of `streaming.py`: `threshold`, from which speech starts (0.5); `end_threshold`,
below which it ends (the threshold); `min_silence_s`, a pause of at most that is speech (0); `min_speech_s`, less is
none (0); `pad_s`, added at both ends (0); `column`, the place of speech in an output of several values (the last).
"""

from collections.abc import Mapping
from typing import Any

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.audio import Recording, at_rate, recording
from edgeprof_agent.worker.evaluation.base import Answer, Question
from edgeprof_agent.worker.evaluation.streaming import Steps, Stream
from edgeprof_agent.worker.evaluation.tensors import Floats, asked_model


class VoiceActivityPipeline:
    """Decode; cut into steps; the model, step by step; segments."""

    batch_shape = ""
    prepares_ahead = False  # a model may hold state, which `prepare` clears

    def __init__(self, question: Question) -> None:
        keys = question.facts.preparation
        self._folder = question.folder
        self._stream = Stream(asked_model(question), keys)
        self._segments = SegmentRule(keys)
        self._column = int(keys.get("column", -1))

    def decode(self, item: Item) -> Recording:
        return recording(self._folder / item["file"])

    def prepare(self, item: Item, decoded: Recording) -> Steps:
        self._stream.forget()
        return self._stream.steps(at_rate(decoded, self._stream.features.rate))

    def ask(self, item: Item, prepared: Steps) -> tuple[Steps, list[Any]]:
        return prepared, self._stream.ask(prepared)

    def finish(self, item: Item, output: tuple[Steps, list[Any]]) -> Answer:
        steps, found = output
        scores = self._stream.scores(found)[:, self._column]
        return Answer(self._segments.of(scores, steps.ends_s, float(item["duration_s"])), {"steps": float(len(scores))})


class SegmentRule:
    """Scores of steps as segments of speech."""

    def __init__(self, keys: Mapping[str, Any]) -> None:
        self._start = float(keys.get("threshold", 0.5))
        self._end = float(keys.get("end_threshold", self._start))
        self._min_silence_s = float(keys.get("min_silence_s", 0))
        self._min_speech_s = float(keys.get("min_speech_s", 0))
        self._pad_s = float(keys.get("pad_s", 0))

    def of(self, scores: Floats, ends_s: Floats, duration_s: float) -> list[list[float]]:
        """`[start_s, end_s]` each, in order. A step stands for the time since the step before it ended."""
        spans: list[list[float]] = []
        is_speech, before = False, 0.0
        for score, end in zip(scores.tolist(), ends_s.tolist(), strict=True):
            is_speech = score >= (self._end if is_speech else self._start)
            if is_speech and spans and before - spans[-1][1] <= self._min_silence_s:
                spans[-1][1] = end
            elif is_speech:
                spans.append([before, end])
            before = end
        long = [span for span in spans if span[1] - span[0] >= self._min_speech_s]
        padded = [[max(0.0, start - self._pad_s), min(duration_s, end + self._pad_s)] for start, end in long]
        return [[round(start, 4), round(end, 4)] for start, end in padded if end > start]
