"""mAP equals that of pycocotools, the reference implementation of COCO, on made-up images of every kind."""

import contextlib
import importlib
import io
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edgeprof.quality.average_precision import (
    IOU_THRESHOLDS,
    RECALLS,
    FoundBox,
    ImageBoxes,
    Matched,
    TrueBox,
    mean_average_precision,
)

CLASSES = 3


def test_thresholds_are_those_of_coco_to_the_last_bit() -> None:
    assert list(RECALLS) == np.linspace(0.0, 1.0, 101).tolist()
    assert list(IOU_THRESHOLDS) == np.linspace(0.5, 0.95, 10).tolist()


@pytest.mark.parametrize("seed", range(8))
def test_map_equals_that_of_pycocotools(seed: int) -> None:
    images = _images(random.Random(seed), 12)
    both = mean_average_precision([Matched(images, label) for label in range(CLASSES)])
    assert both == pytest.approx(_reference(images), abs=1e-12)


def test_a_weight_of_an_image_is_as_many_copies_of_it() -> None:
    images = [ImageBoxes(image.truths, _apart(image.found)) for image in _images(random.Random(5), 6)]
    weights = [0, 1, 3, 0, 2, 1]
    copies = [image for image, weight in zip(images, weights, strict=True) for _ in range(weight)]
    weighted = mean_average_precision([Matched(images, label) for label in range(CLASSES)], weights)
    assert weighted == pytest.approx(mean_average_precision([Matched(copies, label) for label in range(CLASSES)]))


def test_no_object_anywhere_has_no_average_precision() -> None:
    empty = ImageBoxes((), (FoundBox(0, 0.9, (0, 0, 5, 5)),))
    assert mean_average_precision([Matched([empty], 0)]) is None


def _apart(found: Sequence[FoundBox]) -> list[FoundBox]:
    """No two scores alike: among equal ones the order of copies is anyone's choice."""
    return [FoundBox(box.label, box.score + 1e-6 * place, box.box) for place, box in enumerate(found)]


def _images(source: random.Random, count: int) -> list[ImageBoxes]:
    """Boxes beside true ones, missed, invented and double ones, equal scores, crowds, and over 100 of a class."""
    images: list[ImageBoxes] = []
    for number in range(count):
        truths: list[TrueBox] = []
        found: list[FoundBox] = []
        for _ in range(source.randrange(6)):
            box = [source.uniform(0, 80), source.uniform(0, 80), source.uniform(4, 40), source.uniform(4, 40)]
            label = source.randrange(CLASSES)
            truths.append(TrueBox(label, box, is_crowd=source.random() < 0.15))
            for _ in range(source.randrange(3)):
                moved = [side + source.uniform(-4, 4) for side in box]
                found.append(FoundBox(label, round(source.random(), 1), [moved[0], moved[1], *map(abs, moved[2:])]))
        for _ in range(130 if number == 0 else source.randrange(4)):
            box = [source.uniform(0, 80), source.uniform(0, 80), source.uniform(4, 40), source.uniform(4, 40)]
            found.append(FoundBox(source.randrange(2), source.random(), box))
        images.append(ImageBoxes(truths, found))
    return images


def _reference(images: list[ImageBoxes]) -> tuple[float, float]:
    coco: Any = importlib.import_module("pycocotools.coco")
    evaluation: Any = importlib.import_module("pycocotools.cocoeval")
    document: dict[str, Any] = {
        "info": {},
        "images": [{"id": number} for number in range(1, len(images) + 1)],
        "categories": [{"id": label, "name": str(label)} for label in range(CLASSES)],
        "annotations": [],
    }
    found: list[dict[str, Any]] = []
    for number, image in enumerate(images, start=1):
        for truth in image.truths:
            x, y, width, height = truth.box
            document["annotations"].append(
                {
                    "id": len(document["annotations"]) + 1,
                    "image_id": number,
                    "category_id": truth.label,
                    "bbox": [x, y, width, height],
                    "area": width * height,
                    "iscrowd": int(truth.is_crowd),
                }
            )
        found += [
            {"image_id": number, "category_id": box.label, "score": box.score, "bbox": list(box.box)}
            for box in image.found
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = document
        truth.createIndex()
        run = evaluation.COCOeval(truth, truth.loadRes(found), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0]), float(run.stats[1])
