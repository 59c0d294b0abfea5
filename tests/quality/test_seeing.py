"""Images on their way into a detector's frame, and boxes on their way out."""

from typing import Any

import numpy as np
import pytest

from edgeprof.quality.average_precision import iou
from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.ctc import Alphabet
from edgeprof_agent.worker.evaluation.detections import Format, face_anchors
from edgeprof_agent.worker.evaluation.framing import Framing
from edgeprof_agent.worker.evaluation.preparation import Preparation
from edgeprof_agent.worker.evaluation.suppression import suppressed
from edgeprof_agent.worker_protocol.adapter import InputNeed, RuntimeFailure

NEED = InputNeed("image", "float32", (1, 3, 100, 200))


def framing(**keys: Any) -> Framing:
    return Framing(Preparation.of(keys, NEED), keys)


@pytest.mark.parametrize(("fit", "corner"), [("letterbox", (50, 0)), ("top-left", (0, 0))])
def test_a_fitted_image_keeps_its_shape_and_boxes_find_back(fit: str, corner: tuple[int, int]) -> None:
    frame, placed = framing(fit=fit, pad=7).framed(np.full((50, 50, 3), 200, np.uint8))
    left, top = corner
    assert frame.shape == (100, 200, 3)
    assert (frame[top + 50, left + 50] == 200).all()
    assert (frame[50, 199] == 7).all()
    back = placed.to_image(np.array([[left + 20, top + 40, left + 60, top + 100]], np.float32))
    assert back.tolist() == [[10, 20, 30, 50]]


def test_a_stretched_image_has_a_scale_of_its_own_on_each_axis() -> None:
    _, placed = framing().framed(np.zeros((50, 50, 3), np.uint8))
    assert placed.to_image(np.array([[40, 20, 80, 100]], np.float32)).tolist() == [[10, 10, 20, 50]]


def test_boxes_are_cut_at_the_edges_of_the_image() -> None:
    _, placed = framing(fit="letterbox").framed(np.zeros((50, 50, 3), np.uint8))
    assert placed.to_image(np.array([[0, -9, 200, 300]], np.float32)).tolist() == [[0, 0, 50, 50]]


def test_a_model_of_blue_first_gets_blue_first() -> None:
    pixel = np.array([[[10, 20, 30]]], np.uint8)
    keys = {"channel_order": "bgr", "mean": [1, 2, 3]}
    assert Preparation.of(keys, NEED).normalized(pixel).ravel().tolist() == [29, 18, 7]
    with pytest.raises(RuntimeFailure, match="'rbg' is not rgb or bgr"):
        Preparation.of({"channel_order": "rbg"}, NEED)


def test_an_unknown_fit_is_refused() -> None:
    with pytest.raises(RuntimeFailure, match="not one of stretch, letterbox, top-left"):
        framing(fit="crop")


@pytest.mark.parametrize("seed", range(3))
def test_suppression_is_that_of_the_definition(seed: int) -> None:
    source = np.random.default_rng(seed)
    low = source.uniform(0, 50, (80, 2))
    boxes = np.concatenate([low, low + source.uniform(5, 40, (80, 2))], axis=1).astype(np.float32)
    scores, labels = source.random(80).astype(np.float32), source.integers(0, 2, 80)
    staying: list[int] = []
    for place in np.argsort(-scores):
        rivals = [other for other in staying if labels[other] == labels[place]]
        if all(iou(_sized(boxes[place]), _sized(boxes[other])) <= 0.5 for other in rivals):
            staying.append(int(place))
    assert suppressed(boxes, scores, labels, 0.5, 100).tolist() == staying
    assert suppressed(boxes, scores, labels, 0.5, 3).tolist() == staying[:3]


def _sized(box: Any) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]


def test_a_head_of_either_order_and_with_objectness_gives_the_same_box() -> None:
    rows = np.zeros((1, 20, 7), np.float32)
    rows[0, 0] = [50, 50, 20, 10, 0.5, 0.2, 0.9]
    form = Format.of({"format": "yolo", "has_objectness": True, "min_score": 0.1})
    for head in (rows, rows.transpose(0, 2, 1)):
        found = form.read({"head": head}, (100, 200), 2)
        assert found.boxes.tolist() == [[40, 45, 60, 55]]
        assert found.scores.tolist() == pytest.approx([0.45])
        assert found.labels.tolist() == [1]


def test_labels_beyond_the_classes_and_boxes_without_an_area_are_left_out() -> None:
    rows = [[[0, 0, 5, 5, 0.9, 7], [5, 5, 5, 9, 0.9, 0], [0, 0, 5, 5, 0.8, 1], [0, 0, 5, 5, 0.7, 0]]]
    form = Format.of({"format": "xyxy-score-label", "label_offset": -1})
    found = form.read({"rows": np.array(rows, np.float32)}, (100, 200), 2)
    assert found.labels.tolist() == [0]


@pytest.mark.parametrize(
    ("keys", "outputs", "message"),
    [
        ({"format": "yolo"}, {"head": np.zeros((1, 4, 9), np.float32)}, "one a class"),
        ({"format": "xyxy-score-label"}, {"rows": np.zeros((1, 5, 7), np.float32)}, "6 values a box"),
        ({"format": "ssd"}, {"boxes": np.zeros((1, 5, 4), np.float32)}, "needs an output 'classes'"),
        ({"format": "xyxy-score-label"}, {"rows": np.full((1, 1, 6), np.nan, np.float32)}, "NaN or infinite"),
        (
            {"format": "blazeface"},
            {"regressors": np.zeros((1, 5, 16), np.float32), "scores": np.zeros((1, 5, 1), np.float32)},
            "make 896 anchors; the model has 5 boxes",
        ),
    ],
)
def test_outputs_that_do_not_fit_the_format_are_no_answer(keys: Any, outputs: Any, message: str) -> None:
    with pytest.raises(NoAnswer, match=message):
        Format.of(keys).read(outputs, (128, 128), 1)


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RuntimeFailure, match=r"has format None\. Write one of ssd, "):
        Format.of({})


@pytest.mark.parametrize(
    ("size", "strides", "count"), [(128, (8, 16, 16, 16), 896), (256, (16, 32, 32, 32), 896), (192, (4,), 2304)]
)
def test_anchors_are_as_many_as_the_published_models_have(size: int, strides: tuple[int, ...], count: int) -> None:
    assert face_anchors((size, size), strides).shape == (count, 2)


def test_a_face_lies_where_its_anchor_and_offsets_say() -> None:
    regressors, logits = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -100, np.float32)
    regressors[0, 2, :4] = [4, 0, 24, 12]  # the second cell of 8 pixels, at 12, 4
    logits[0, 2] = 0
    found = Format.of({"format": "blazeface"}).read({"r": regressors, "c": logits}, (128, 128), 1)
    assert found.boxes.tolist() == [[4, -2, 28, 10]]
    assert found.scores.tolist() == [0.5]


def test_repeats_are_one_character_unless_a_blank_is_between() -> None:
    columns = np.eye(4, dtype=np.float32)[[0, 1, 1, 0, 1, 2, 2, 3, 0]]
    assert Alphabet(["a", "b", "c"], 0).read(columns).text == "aabc"
    assert Alphabet(["a", "b"], 0).read(columns).text == "aab "  # one output more: a space


def test_a_blank_may_stand_last() -> None:
    assert Alphabet(["a", "b", "c"], 3).read(np.eye(4, dtype=np.float32)[[0, 3, 0, 2]]).text == "aac"


def test_characters_that_are_not_as_many_as_outputs_are_no_answer() -> None:
    with pytest.raises(NoAnswer, match="4 outputs; blank and 1 characters"):
        Alphabet(["a"], 0).read(np.eye(4, dtype=np.float32))
