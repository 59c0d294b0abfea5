"""How stored items become a model's input, in numbers: layouts, normalization, resizing, quantized tensors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgeprof.quality.evaluation_set import SetFacts
from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.preparation import Preparation
from edgeprof_agent.worker.evaluation.stored_items import Rows, pixels
from edgeprof_agent.worker.evaluation.tensors import margin, ranked, real, scores_of, stored
from edgeprof_agent.worker_protocol.adapter import InputNeed, OutputGiven, RuntimeFailure

DRAW = np.random.default_rng(5)
IMAGE = DRAW.integers(0, 256, (6, 4, 3), dtype=np.uint8)
MEAN, STD = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]


def _need(*shape: int, dtype: str = "float32", **quantized: Any) -> InputNeed:
    return InputNeed("x", dtype, shape, **quantized)


@pytest.mark.parametrize(
    ("shape", "layout"),
    [((1, 3, 6, 4), "NCHW"), ((1, 6, 4, 3), "NHWC"), ((-1, 3, -1, -1), "NCHW"), ((1, -1, -1, 3), "NHWC")],
)
@pytest.mark.parametrize("mean", [0.5, MEAN])
def test_a_value_is_scaled_then_centred_then_divided(shape: tuple[int, ...], layout: str, mean: Any) -> None:
    preparation = Preparation.of({"scale": 1 / 255, "mean": mean, "std": STD}, _need(*shape))
    assert preparation.layout == layout
    values = preparation.normalized(preparation.fitted(IMAGE))
    expected = (IMAGE.astype(np.float64) / 255 - np.asarray(mean)) / np.asarray(STD)
    expected = expected if layout == "NHWC" else np.moveaxis(expected, -1, 0)
    np.testing.assert_allclose(values, expected[None], rtol=1e-5, atol=1e-6)
    assert values.dtype == np.float32
    assert values.flags.c_contiguous


def test_a_float_item_is_not_changed_by_being_prepared() -> None:
    image = IMAGE.astype(np.float32)
    Preparation.of({"scale": 0.5}, _need(1, 6, 4, 3)).normalized(image)
    np.testing.assert_array_equal(image, IMAGE)


def test_a_gray_item_fills_every_channel_and_a_row_of_pixels_takes_the_inputs_size() -> None:
    gray = IMAGE[..., 0]
    filled = Preparation.of({}, _need(1, 3, 6, 4)).fitted(gray)
    assert filled.shape == (6, 4, 3)
    flat = Preparation.of({}, _need(1, 1, 6, 4)).fitted(gray.reshape(-1))
    np.testing.assert_array_equal(flat[..., 0], gray)
    as_it_is = Preparation.of({}, _need(1, 24))
    np.testing.assert_array_equal(as_it_is.normalized(as_it_is.fitted(gray)), gray.reshape(1, -1))


def test_blue_comes_first_where_the_model_takes_it_so() -> None:
    values = Preparation.of({"channel_order": "bgr"}, _need(1, 6, 4, 3)).normalized(IMAGE)
    np.testing.assert_array_equal(values[0], IMAGE[..., ::-1])


def test_resizing_is_pillows_own() -> None:
    small = Preparation.of({"size": [3, 2], "resize": "box"}, _need(1, 3, -1, -1)).fitted(IMAGE)
    expected = Image.fromarray(IMAGE).resize((2, 3), Image.Resampling.BOX)
    np.testing.assert_array_equal(small, np.asarray(expected))


def test_the_middle_is_taken_after_the_shorter_side_was_resized() -> None:
    """As ImageNet models are validated: 256, then the middle 224."""
    wide = DRAW.integers(0, 256, (512, 768, 3), dtype=np.uint8)
    middle = Preparation.of({"short_side": 256}, _need(1, 3, 224, 224)).fitted(wide)
    whole = np.asarray(Image.fromarray(wide).resize((384, 256), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(middle, whole[16:240, 80:304])


@pytest.mark.parametrize(
    ("keys", "shape", "words"),
    [
        ({"layout": "CHW"}, (1, 3, 6, 4), "unknown layout"),
        ({"size": [6]}, (1, 3, 6, 4), "not [height, width]"),
        ({"size": "6x4"}, (1, 3, 6, 4), "not [height, width]"),
        ({"resize": "lanczos"}, (1, 3, 6, 4), "unknown resize"),
        ({"channels": 4}, (1, 3, 6, 4), "1 or 3 channels"),
        ({"mean": "dark"}, (1, 3, 6, 4), "mean and std"),
        ({}, (1, 2, 3, 4, 5), "5 dimensions"),
        ({"layout": "NHW"}, (1, 3, 6, 4), "3 dimensions"),
    ],
)
def test_a_preparation_that_fits_nothing_is_the_sets_failure(
    keys: dict[str, Any], shape: tuple[int, ...], words: str
) -> None:
    with pytest.raises(RuntimeFailure, match="preparation does not fit") as raised:
        Preparation.of(keys, _need(*shape))
    assert raised.value.code == "bad_set"
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (np.zeros((5, 4, 3), np.float32), "5 x 4 values"),
        (np.zeros((6, 4, 2), np.uint8), "2 channels"),
        (np.zeros(7, np.uint8), "7 values in a row"),
        (np.zeros((1, 6, 4, 3), np.uint8), "dimensions"),
    ],
)
def test_an_item_that_does_not_fit_has_no_answer(item: Any, words: str) -> None:
    with pytest.raises(NoAnswer, match=words):
        Preparation.of({}, _need(1, 3, 6, 4)).fitted(item)


def test_an_int8_input_takes_the_nearest_step_and_cuts_what_lies_beyond() -> None:
    """Of TensorFlow Lite's specification: real = scale * (stored - zero point)."""
    need = _need(4, dtype="int8", scale=0.5, zero_point=-2)
    values = np.array([0.0, 1.24, -0.26, 1000.0], np.float32)
    np.testing.assert_array_equal(stored(values, need), np.array([-2, 0, -3, 127], np.int8))
    back = real(np.array([-2, 0, 127], np.int8), OutputGiven("y", "int8", (3,), 0.5, -2))
    np.testing.assert_array_equal(back, np.array([0.0, 1.0, 64.5], np.float32))


def test_a_half_input_is_cast_and_a_plain_integer_one_rounded() -> None:
    values = np.array([0.4, 200.6], np.float32)
    assert stored(values, _need(2, dtype="float16")).dtype == np.float16
    np.testing.assert_array_equal(stored(values, _need(2, dtype="uint8")), np.array([0, 201], np.uint8))


def test_scores_are_of_the_output_that_has_one_for_each_class() -> None:
    outputs = {"features": np.zeros((1, 7)), "scores": np.array([[1.0, 3.0, 2.0]])}
    gives = [OutputGiven(name, "float32", ()) for name in outputs]
    assert scores_of(outputs, gives, 3).tolist() == [1.0, 3.0, 2.0]
    with pytest.raises(NoAnswer, match=r"each of the 4 classes; outputs: features \[1, 7\], scores \[1, 3\]"):
        scores_of(outputs, gives, 4)
    with pytest.raises(NoAnswer, match="NaN or infinite"):
        scores_of({"scores": np.array([1.0, np.nan, 2.0])}, gives, 3)


def test_of_equal_scores_the_lower_class_comes_first_and_the_margin_is_nought() -> None:
    scores = np.array([1.0, 5.0, 5.0, 0.0], np.float32)
    assert ranked(scores, 3) == [1, 2, 0]
    assert margin(scores) == 0.0
    assert margin(np.array([2.0, 5.0], np.float32)) == 3.0
    assert margin(np.array([2.0], np.float32)) == 0.0


def test_an_image_file_is_turned_as_it_says_and_gray_is_luma(tmp_path: Path) -> None:
    image = Image.fromarray(IMAGE)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    image.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(pixels(tmp_path / "a.png", 3), np.rot90(IMAGE, k=-1))
    assert pixels(tmp_path / "a.png", 1).shape == (4, 6, 1)


@pytest.mark.parametrize("data", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n\x00\x00"])
def test_a_file_that_does_not_decode_is_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(NoAnswer, match=r"a\.png does not decode"):
        pixels(tmp_path / "a.png", 3)


def test_rows_that_are_not_there_and_arrays_of_no_numbers(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((3, 2), np.float32))
    facts = SetFacts(name="s", task="image-classification", domain="vision", preparation={"array": "a.npy"})
    rows = Rows(tmp_path, facts)
    for row in (3, -1, "1", None, True):
        with pytest.raises(NoAnswer, match="not in the set's array of 3 rows"):
            rows.row({"id": "a", "row": row})
    np.save(tmp_path / "a.npy", np.array(["text"]))
    with pytest.raises(RuntimeFailure, match="does not hold rows of numbers"):
        Rows(tmp_path, facts)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-2])
    with pytest.raises(RuntimeFailure, match=r"Cannot read the set's array a\.npy"):
        Rows(tmp_path, facts)
