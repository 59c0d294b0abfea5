"""What a detector's outputs say, as boxes in its frame, by the `format` of the set's preparation. Imports numpy.

Formats, and where each is from:

- `ssd`: TFLite_Detection_PostProcess: boxes [1, n, 4] as y1, x1, y2, x2 from 0 to 1, classes, scores, count.
- `boxes-labels-scores`: torchvision's detectors: boxes [n, 4] as x1, y1, x2, y2 in pixels of the input, labels, scores.
- `xyxy-score-label`: one output [1, n, 6], suppression done (Ultralytics `nms=True`, YOLOv10).
- `yolo`: one output [1, 4 + classes, n] or [1, n, 4 + classes]: centre, width, height in pixels of the input, then one
  score a class (YOLOv8 and later). `has_objectness: true` where a score of its own comes before (YOLOv5, YOLOX).
- `blazeface`: regressors [1, n, 16] and one logit a box, over the anchors of `strides`; one class.

Keys: `outputs`, an object of the outputs' names by part, where they do not stand in the order above; `label_offset`,
added to every label (-1 where 0 is the background); `min_score`, 0.001 as detectors are validated with; `max_iou`, 0.7,
of the suppression where the format needs one; `max_found`, 300.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.suppression import suppressed
from edgeprof_agent.worker.evaluation.tensors import Floats
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure


class Found(NamedTuple):
    """Boxes [n, 4] as x1, y1, x2, y2 in pixels of the frame; scores [n] from 0 to 1; labels [n]."""

    boxes: Floats
    scores: Floats
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a set's outputs are read."""

    name: str
    parts: Mapping[str, str]
    label_offset: int
    min_score: float
    max_iou: float
    max_found: int
    has_objectness: bool
    strides: tuple[int, ...]

    @classmethod
    def of(cls, keys: Mapping[str, Any]) -> "Format":
        """Raises RuntimeFailure `bad_set` for a format that is not known."""
        name = keys.get("format")
        if name not in _READERS:
            raise RuntimeFailure(
                "bad_set", f"The set's preparation has format {name!r}. Write one of {', '.join(_READERS)}."
            )
        parts = keys.get("outputs", {})
        if not isinstance(parts, Mapping):
            raise RuntimeFailure("bad_set", "preparation.outputs is not an object of output names by part.")
        return cls(
            name=cast(str, name),
            parts=cast(Mapping[str, str], parts),
            label_offset=int(keys.get("label_offset", 0)),
            min_score=float(keys.get("min_score", 0.001)),
            max_iou=float(keys.get("max_iou", 0.7)),
            max_found=int(keys.get("max_found", 300)),
            has_objectness=bool(keys.get("has_objectness", False)),
            strides=tuple(int(each) for each in keys.get("strides", (8, 16, 16, 16))),
        )

    def read(self, outputs: Mapping[str, Floats], frame: tuple[int, int], classes: int) -> Found:
        """The boxes of one image, the likeliest first. `frame`: height and width. Raises NoAnswer."""
        raw = _READERS[self.name](self, outputs, frame)
        labels = raw.labels + self.label_offset
        values = np.column_stack([raw.boxes, raw.scores[:, None]])
        if not np.isfinite(values).all():
            raise NoAnswer("the detector's outputs have values that are NaN or infinite")
        sides = raw.boxes[:, 2:] - raw.boxes[:, :2]
        is_box = (raw.scores >= self.min_score) & (sides > 0).all(axis=1) & (labels >= 0) & (labels < classes)
        found = Found(raw.boxes[is_box], raw.scores[is_box], labels[is_box])
        if self.name in _SUPPRESSED:
            taken = suppressed(found.boxes, found.scores, found.labels, self.max_iou, self.max_found)
        else:
            taken = np.argsort(-found.scores, kind="stable")[: self.max_found]
        return Found(found.boxes[taken], found.scores[taken], found.labels[taken])

    def part(self, outputs: Mapping[str, Floats], part: str, place: int) -> Floats:
        """The output of a part, by name or by its place. Raises NoAnswer where there is none."""
        name = self.parts.get(part) or (list(outputs)[place] if place < len(outputs) else "")
        if name not in outputs:
            raise NoAnswer(f"format {self.name} needs an output {part!r}; the model has {', '.join(outputs)}")
        return outputs[name]


def _ssd(form: Format, outputs: Mapping[str, Floats], frame: tuple[int, int]) -> Found:
    boxes = _rows(form.part(outputs, "boxes", 0), 4)
    labels, scores = (form.part(outputs, part, place).ravel() for part, place in (("classes", 1), ("scores", 2)))
    count = form.part(outputs, "count", 3).ravel() if "count" in form.parts or len(outputs) > 3 else None
    end = len(scores) if count is None else int(count[0])
    height, width = frame
    ordered = boxes[:, [1, 0, 3, 2]] * np.array([width, height, width, height], np.float32)
    return _alike(ordered[:end], scores[:end], labels[:end])


def _boxes_labels_scores(form: Format, outputs: Mapping[str, Floats], frame: tuple[int, int]) -> Found:
    boxes = _rows(form.part(outputs, "boxes", 0), 4)
    return _alike(boxes, form.part(outputs, "scores", 2).ravel(), form.part(outputs, "labels", 1).ravel())


def _xyxy_score_label(form: Format, outputs: Mapping[str, Floats], frame: tuple[int, int]) -> Found:
    rows = _rows(form.part(outputs, "rows", 0), 6)
    return _alike(rows[:, :4], rows[:, 4], rows[:, 5])


def _yolo(form: Format, outputs: Mapping[str, Floats], frame: tuple[int, int]) -> Found:
    """Each box with its likeliest class. Boxes are many and values few, so the longer side counts boxes."""
    output = form.part(outputs, "rows", 0)
    if output.ndim < 2 or output.size != output.shape[-1] * output.shape[-2]:
        raise NoAnswer(f"a YOLO head is [1, values, boxes]; the output is {list(output.shape)}")
    rows = output.reshape(output.shape[-2], output.shape[-1])
    rows = rows.T if rows.shape[0] < rows.shape[1] else rows
    head = 5 if form.has_objectness else 4
    if rows.shape[1] <= head:
        raise NoAnswer(f"a YOLO head has {head} values and one a class; the output is {list(output.shape)}")
    by_class = rows[:, head:] * rows[:, 4:5] if form.has_objectness else rows[:, head:]
    labels = by_class.argmax(axis=1)
    half = rows[:, 2:4] / 2
    boxes = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
    return _alike(boxes, by_class[np.arange(len(rows)), labels], labels)


def _blazeface(form: Format, outputs: Mapping[str, Floats], frame: tuple[int, int]) -> Found:
    """As MediaPipe's tensors-to-detections calculator reads them; the six key points are not asked."""
    raw = form.part(outputs, "regressors", 0)
    rows = _rows(raw, raw.shape[-1])
    logits = np.clip(form.part(outputs, "scores", 1).ravel(), -80, 80)
    anchors = face_anchors(frame, form.strides)
    if len(anchors) != len(rows):
        raise NoAnswer(f"strides {list(form.strides)} make {len(anchors)} anchors; the model has {len(rows)} boxes")
    centres = rows[:, :2] + anchors * np.array([frame[1], frame[0]], np.float32)
    half = rows[:, 2:4] / 2
    boxes = np.concatenate([centres - half, centres + half], axis=1)
    return _alike(boxes, 1 / (1 + np.exp(-logits)), np.zeros(len(rows)))


def face_anchors(frame: tuple[int, int], strides: tuple[int, ...]) -> Floats:
    """Centres [n, 2] as x, y from 0 to 1: two a cell and layer, layers of one stride together, as MediaPipe has them.

    A single layer has one a cell: the full-range model is made so.

    >>> len(face_anchors((128, 128), (8, 16, 16, 16)))
    896
    """
    a_cell = 1 if len(strides) == 1 else 2
    layers: list[Floats] = []
    for stride in dict.fromkeys(strides):
        rows, columns = frame[0] // stride, frame[1] // stride
        y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
        cells = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        layers.append(np.repeat(cells, a_cell * strides.count(stride), axis=0))
    return np.concatenate(layers)


def _rows(output: Floats, values: int) -> Floats:
    if output.size % values or (output.size and output.shape[-1] != values):
        raise NoAnswer(f"an output of boxes has {values} values a box; this one is {list(output.shape)}")
    return output.reshape(-1, values)


def _alike(boxes: npt.NDArray[Any], scores: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Found:
    if not len(boxes) == len(scores) == len(labels):
        raise NoAnswer(f"the detector gave {len(boxes)} boxes, {len(scores)} scores and {len(labels)} labels")
    floats = boxes.astype(np.float32), scores.astype(np.float32)
    return Found(*floats, np.nan_to_num(np.rint(labels), nan=-1, posinf=-1, neginf=-1).astype(np.int64))


_Reader = Callable[[Format, Mapping[str, Floats], tuple[int, int]], Found]
_READERS: dict[str, _Reader] = {
    "ssd": _ssd,
    "boxes-labels-scores": _boxes_labels_scores,
    "xyxy-score-label": _xyxy_score_label,
    "yolo": _yolo,
    "blazeface": _blazeface,
}
_SUPPRESSED = frozenset({"yolo", "blazeface"})
