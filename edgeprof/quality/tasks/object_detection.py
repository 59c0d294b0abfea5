"""Object detection: `{"id", "file", "objects": [{"box": [x, y, w, h], "label", "is_crowd"?}]}`, boxes in pixels.

An answer is a list of `[label, score, x, y, w, h]`, in pixels of the item's own image, not of the model's input.
Keys of `preparation`: `docs/quality.md`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from edgeprof.quality.average_precision import (
    FoundBox,
    ImageBoxes,
    Matched,
    TrueBox,
    mean_average_precision,
)
from edgeprof.quality.bootstrap import RESAMPLES, corrected_ends, resamples
from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.outcomes import Outcome
from edgeprof.quality.tasks.base import BadItem, Judged, ModelKind, QualityFigure
from edgeprof.quality.tasks.item_fields import check_file, check_label, is_number

MIN_RESAMPLES = 200
"""Of large sets: 200 give an interval's ends within a few percent of its width, at a fifth of the work."""
MAX_BOXES_RESAMPLED = 1_000_000


class ObjectDetection:
    """mAP as COCO has it. Each image's score is its own mAP, over the classes that are in it."""

    name = "object-detection"
    title = "Object detection"
    domain = "vision"
    kind: ModelKind = "tensor"
    lead = "map_50_95_percent"
    is_paired_by: Literal["correct", "score"] = "score"

    def check(self, item: Item, facts: SetFacts) -> None:
        check_file(item)
        objects = item.get("objects")
        if not isinstance(objects, (list, tuple)):
            raise BadItem("has no list 'objects'. Write [] where nothing is in the image.")
        for found in cast(Sequence[Any], objects):
            _check_object(found, facts)

    def judge(self, item: Item, facts: SetFacts, answer: Any) -> Judged:
        image = ImageBoxes(truths_of(item), boxes_of(answer))
        labels = sorted({truth.label for truth in image.truths if not truth.is_crowd})
        both = mean_average_precision([Matched([image], label) for label in labels])
        details = {"objects": float(len(image.truths)), "found": float(len(image.found))}
        if both is None:  # nothing is there: the surest of what was found counts against it
            return Judged(correct=None, score=1 - max((box.score for box in image.found), default=0.0), details=details)
        return Judged(correct=None, score=both[0], details=details)

    def figures(
        self, items: Mapping[str, Item], facts: SetFacts, outcomes: Sequence[Outcome]
    ) -> tuple[QualityFigure, ...]:
        answered = [outcome for outcome in outcomes if outcome.score is not None]
        images = [ImageBoxes(truths_of(items[each.item_id]), boxes_of(each.answer)) for each in answered]
        labels = sorted({truth.label for image in images for truth in image.truths})
        classes = [Matched(images, label) for label in labels]
        both = mean_average_precision(classes)
        if both is None:
            return ()
        drawn = _resampled(classes, len(images))
        return tuple(
            _figure(metric, value, len(images), [pair[place] for pair in drawn])
            for place, (metric, value) in enumerate(zip(("map_50_95_percent", "map_50_percent"), both, strict=True))
        )


def truths_of(item: Item) -> list[TrueBox]:
    """The objects of a checked item."""
    return [TrueBox(each["label"], each["box"], bool(each.get("is_crowd"))) for each in item["objects"]]


def boxes_of(answer: Any) -> list[FoundBox]:
    """The boxes of an answer."""
    return [FoundBox(int(row[0]), float(row[1]), row[2:6]) for row in answer or ()]


def _check_object(found: Any, facts: SetFacts) -> None:
    if not isinstance(found, dict):
        raise BadItem(f"object {found!r} is not an object with 'box' and 'label'")
    each = cast(dict[str, Any], found)
    check_label(each.get("label"), len(facts.classes))
    box = each.get("box")
    if not isinstance(box, (list, tuple)) or len(cast(Sequence[Any], box)) != 4:
        raise BadItem(f"box {box!r} is not [x, y, width, height]")
    numbers = cast(Sequence[Any], box)
    if not all(map(is_number, numbers)) or numbers[2] <= 0 or numbers[3] <= 0:
        raise BadItem(f"box {list(numbers)} is not [x, y, width, height] with a width and height above 0")


def _resampled(classes: Sequence[Matched], images: int) -> list[tuple[float, float]]:
    """Both figures of each resample of the images; none of fewer than two."""
    if images < 2:
        return []
    boxes = sum(matched.found for matched in classes)
    count = max(MIN_RESAMPLES, min(RESAMPLES, MAX_BOXES_RESAMPLED // max(boxes, 1)))
    found: list[tuple[float, float]] = []
    for drawn in resamples(images, count):
        weights = [0] * images
        for index in drawn:
            weights[index] += 1
        if (both := mean_average_precision(classes, weights)) is not None:
            found.append(both)
    return found


def _figure(metric: str, value: float, n: int, drawn: list[float]) -> QualityFigure:
    ends = corrected_ends(drawn, value)
    low, high = (None, None) if ends is None else (100 * ends[0], 100 * ends[1])
    return QualityFigure(metric=metric, value=100 * value, n=n, ci_low=low, ci_high=high)
