"""Mean average precision as COCO defines it: IoU 0.50 to 0.95 in ten steps, precision at 101 recalls, every area.

After `cocoeval.py` of pycocotools (Lin and others 2014): in an image the likeliest box takes the free true box that it
covers best; regions marked as crowd count neither for nor against. A test holds both against each other.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, compress
from operator import mul, sub

Box = Sequence[float]
"""`[x, y, width, height]` in pixels of the original image."""

IOU_THRESHOLDS = (*((0.95 - 0.5) / 9 * step + 0.5 for step in range(9)), 0.95)
RECALLS = (*(0.01 * step for step in range(100)), 1.0)
"""Both as `numpy.linspace` has them, to the last bit: 0.01 * 7 is not 0.07."""
MAX_FOUND = 100
"""Boxes of one class in one image that count, the likeliest first."""


@dataclass(frozen=True)
class TrueBox:
    """What is in an image."""

    label: int
    box: Box
    is_crowd: bool = False


@dataclass(frozen=True)
class FoundBox:
    """What a model says is in it."""

    label: int
    score: float
    box: Box


@dataclass(frozen=True)
class ImageBoxes:
    """One image."""

    truths: Sequence[TrueBox]
    found: Sequence[FoundBox]


def iou(found: Box, truth: Box, *, is_crowd: bool = False) -> float:
    """Intersection over union; over the found box's own area where the truth is a crowd.

    >>> iou([0, 0, 2, 2], [1, 0, 2, 2])
    0.3333333333333333
    """
    width = min(found[0] + found[2], truth[0] + truth[2]) - max(found[0], truth[0])
    height = min(found[1] + found[3], truth[1] + truth[3]) - max(found[1], truth[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared, own = width * height, found[2] * found[3]
    return shared / (own if is_crowd else own + truth[2] * truth[3] - shared)


class Matched:
    """All images of one class, matched once: average precision of any weights of the images."""

    def __init__(self, images: Sequence[ImageBoxes], label: int) -> None:
        rows: list[tuple[float, int, list[bool | None]]] = []
        self._truths: list[int] = []
        for place, image in enumerate(images):
            truths = [truth for truth in image.truths if truth.label == label]
            found = sorted((box for box in image.found if box.label == label), key=lambda box: -box.score)[:MAX_FOUND]
            self._truths.append(sum(not truth.is_crowd for truth in truths))
            by_threshold = [_matches(found, truths, threshold) for threshold in IOU_THRESHOLDS]
            rows += [(box.score, place, [right[index] for right in by_threshold]) for index, box in enumerate(found)]
        rows.sort(key=lambda row: -row[0])
        self._images = [place for _, place, _ in rows]
        self._right = [[row[2][step] is True for row in rows] for step in range(len(IOU_THRESHOLDS))]
        self._ignored = [[row[2][step] is None for row in rows] for step in range(len(IOU_THRESHOLDS))]
        self._has_ignored = [any(ignored) for ignored in self._ignored]

    @property
    def found(self) -> int:
        """Boxes that the model found of this class."""
        return len(self._images)

    def average_precisions(self, weights: Sequence[int] | None = None) -> list[float] | None:
        """One for each IoU threshold; None where nothing of the class is there. `weights`: copies of each image."""
        images_weights = weights or [1] * len(self._truths)
        truths = sum(map(mul, self._truths, images_weights))
        if not truths:
            return None
        counted = list(map(images_weights.__getitem__, self._images))
        so_far = list(accumulate(counted))
        return [self._average_precision(step, counted, so_far, truths) for step in range(len(IOU_THRESHOLDS))]

    def _average_precision(self, step: int, counted: list[int], so_far: list[int], truths: int) -> float:
        right = self._right[step]
        if self._has_ignored[step]:
            so_far = list(accumulate(map(mul, counted, (not ignored for ignored in self._ignored[step]))))
        hits = list(accumulate(compress(counted, right)))
        if not hits or not hits[-1]:
            return 0.0
        precisions = [hit / all_ if all_ else 0.0 for hit, all_ in zip(hits, compress(so_far, right), strict=True)]
        best = list(accumulate(reversed(precisions), max))
        recalled = [bisect_right(RECALLS, hit / truths) for hit in hits]
        steps = map(sub, recalled, [0, *recalled[:-1]])
        return sum(map(mul, reversed(best), steps)) / len(RECALLS)


def mean_average_precision(
    classes: Sequence[Matched], weights: Sequence[int] | None = None
) -> tuple[float, float] | None:
    """mAP over all thresholds and at IoU 0.50, each 0 to 1; None where no image has an object."""
    found = [each for each in (matched.average_precisions(weights) for matched in classes) if each is not None]
    if not found:
        return None
    over_all = sum(map(sum, found)) / (len(found) * len(IOU_THRESHOLDS))
    return over_all, sum(each[0] for each in found) / len(found)


def _matches(found: Sequence[FoundBox], truths: Sequence[TrueBox], threshold: float) -> list[bool | None]:
    """For each found box, the likeliest first: right, wrong, or None where it lies in a crowd."""
    truths = sorted(truths, key=lambda truth: truth.is_crowd)
    taken: set[int] = set()
    answers: list[bool | None] = []
    for box in found:
        best, best_iou = -1, threshold
        for place, truth in enumerate(truths):
            if place in taken and not truth.is_crowd:
                continue
            if truth.is_crowd and best >= 0 and not truths[best].is_crowd:
                break
            covered = iou(box.box, truth.box, is_crowd=truth.is_crowd)
            if covered >= best_iou:
                best, best_iou = place, covered
        taken.add(best)
        answers.append(False if best < 0 else None if truths[best].is_crowd else True)
    return answers
