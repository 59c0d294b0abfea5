"""A perturbation makes a set from a set: the same from the same seed, within its bound, with the parent's ids."""

import io
import math
import random
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.evaluation_set import EvaluationSet, SetFacts
from edgeprof.quality.groups import group_of
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.quality.perturbations.base import (
    ItemPerturbation,
    PixelPerturbation,
    SoundPerturbation,
    TextPerturbation,
    parse_step,
)
from edgeprof.quality.perturbations.derive import derive
from edgeprof.quality.perturbations.look_alikes import LOOK_ALIKES_OF
from edgeprof.quality.perturbations.random_search import random_search
from edgeprof.quality.perturbations.sounds import read_sound, wav_of
from edgeprof.quality.perturbations.table import PERTURBATIONS
from edgeprof.quality.sets import read_set, write_set

VISION = SetFacts(
    name="grey",
    task="image-classification",
    domain="vision",
    classes=("a", "b"),
    licence="CC0-1.0",
    preparation={"array": "files/rows.npy"},
)
PIXELS = [name for name, kind in PERTURBATIONS.items() if isinstance(kind, PixelPerturbation)]
SOUNDS = [name for name, kind in PERTURBATIONS.items() if isinstance(kind, SoundPerturbation)]
TEXTS = [name for name, kind in PERTURBATIONS.items() if isinstance(kind, TextPerturbation)]
TEXT = "Why did the Copenhagen bakery not open at 9 in the morning? It does not say."


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Twelve images of 16 x 16 grey values in one array."""
    array = np.random.RandomState(7).randint(0, 256, (12, 16, 16)).astype(np.uint8)
    packed = io.BytesIO()
    np.save(packed, array)
    items = [{"id": f"i{place}", "row": place, "label": place % 2} for place in range(12)]
    write_set(tmp_path / "rows", VISION, items, {"files/rows.npy": packed.getvalue()})
    return tmp_path / "rows"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two items with a JPEG each, one of which says by EXIF that it lies on its side, and one with a PNG in grey."""
    stream = np.random.RandomState(3)
    exif = Image.Exif()
    exif[0x0112] = 6
    files: dict[str, Path | bytes] = {}
    for name, mode, kind in (("a.jpg", "RGB", "JPEG"), ("b.jpg", "RGB", "JPEG"), ("c.png", "L", "PNG")):
        packed = io.BytesIO()
        pixels = stream.randint(0, 256, (20, 30, 3) if mode == "RGB" else (20, 30)).astype(np.uint8)
        Image.fromarray(pixels).save(packed, kind, exif=exif if name == "a.jpg" else Image.Exif())
        files[f"files/{name}"] = packed.getvalue()
    items = [{"id": path, "file": path, "label": 0} for path in files]
    write_set(tmp_path / "photos", SetFacts(name="p", task=VISION.task, domain="vision", classes=("a",)), items, files)
    return tmp_path / "photos"


def made(folder: Path, text: str, out: str, seed: int = 1) -> EvaluationSet:
    return derive(folder, [parse_step(text, PERTURBATIONS, seed)], folder.parent / out).made


def array_of(folder: Path) -> Any:
    return np.load(folder / "files/rows.npy").astype(np.float64)


@pytest.mark.parametrize("name", PIXELS)
def test_a_seed_makes_one_set_and_another_seed_another(name: str, rows: Path) -> None:
    first, again, other = made(rows, name, "1"), made(rows, name, "2"), made(rows, name, "3", seed=2)
    assert first.set_id == again.set_id != other.set_id
    assert first.facts.parent == read_set(rows).set_id
    assert first.facts.perturbation.startswith(f"{name}(")
    assert first.facts.perturbation.endswith("seed=1)")
    assert first.facts.licence == "CC0-1.0"


@pytest.mark.parametrize("name", PIXELS)
def test_ids_labels_shape_and_type_of_images_stay(name: str, rows: Path) -> None:
    found, parent = made(rows, name, "1"), read_set(rows)
    assert [(item["id"], item["label"]) for item in found.items] == [(i["id"], i["label"]) for i in parent.items]
    before, after = np.load(rows / "files/rows.npy"), np.load(rows.parent / "1/files/rows.npy")
    assert (before.shape, before.dtype) == (after.shape, after.dtype)
    assert not np.array_equal(before, after)


@pytest.mark.parametrize(
    ("text", "bound"),
    [("noise:sigma=0.02", 0.02 * 6 * 255), ("brightness:shift=0.1", 26), ("brightness:shift=-0.1", 26)],
)
def test_pixels_stay_within_the_bound_of_their_parameters(text: str, bound: float, rows: Path) -> None:
    made(rows, text, "1")
    change = np.abs(array_of(rows.parent / "1") - array_of(rows))
    assert 0 < change.max() <= bound


def test_occlusion_covers_the_stated_share_with_grey(rows: Path) -> None:
    made(rows, "occlusion:share=0.25", "1")
    before, after = array_of(rows), array_of(rows.parent / "1")
    assert set(after[before != after]) == {128.0}
    assert (before != after).sum(axis=(1, 2)).max() <= 0.25 * 16 * 16


def test_blur_keeps_the_mean_of_a_flat_image_and_smooths_others(rows: Path) -> None:
    made(rows, "blur:sigma_px=2", "1")
    before, after = array_of(rows), array_of(rows.parent / "1")
    assert after.std() < before.std() / 2
    flat = PERTURBATIONS["blur"]
    assert isinstance(flat, PixelPerturbation)
    assert flat.change(np.full((9, 7, 1), 0.25), {"sigma_px": 1.5}, None) == pytest.approx(0.25)


def test_what_becomes_of_an_item_rests_on_its_id_alone(rows: Path) -> None:
    made(rows, "noise", "whole")
    derive(rows, [parse_step("noise", PERTURBATIONS, 1)], rows.parent / "part", items=3)
    assert np.array_equal(array_of(rows.parent / "whole")[:3], array_of(rows.parent / "part"))


def test_bytes_that_reach_16_are_white_at_16(tmp_path: Path) -> None:
    """As the packaged digits: noise of 0.1 is 1.6 there, and nothing exceeds 16."""
    found = derive(resolve_set("digits").folder, [parse_step("noise:sigma=0.1", PERTURBATIONS, 1)], tmp_path / "noisy")
    assert (found.changed, found.parents) == (500, 500)
    before, after = array_of(resolve_set("digits").folder), array_of(tmp_path / "noisy")
    assert after.max() == 16
    inner = (before > 5) & (before < 11)
    assert (after - before)[inner].std() == pytest.approx(1.6, abs=0.1)


def test_an_array_with_values_below_black_is_refused(tmp_path: Path) -> None:
    """Clipping them at black would be a change of its own, and its cost would count as that of the noise."""
    packed = io.BytesIO()
    np.save(packed, np.linspace(-1, 1, 2 * 16, dtype=np.float32).reshape(2, 4, 4))
    items = [{"id": f"i{place}", "row": place, "label": 0} for place in range(2)]
    write_set(tmp_path / "normalized", VISION, items, {"files/rows.npy": packed.getvalue()})
    with pytest.raises(UsageError, match="values down to -1, and black is 0") as caught:
        made(tmp_path / "normalized", "noise", "1")
    assert caught.value.code == "bad_perturbation"


def test_jpeg_takes_no_image_of_four_channels(tmp_path: Path) -> None:
    packed = io.BytesIO()
    np.save(packed, np.full((1, 4, 4, 4), 9, np.uint8))
    write_set(tmp_path / "rgba", VISION, [{"id": "1", "row": 0, "label": 0}], {"files/rows.npy": packed.getvalue()})
    with pytest.raises(UsageError, match="these have 4 channels") as caught:
        made(tmp_path / "rgba", "jpeg", "1")
    assert caught.value.code == "bad_perturbation"


def test_a_sound_without_samples_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.write_bytes(wav_of(np.zeros((0, 1)), 8_000))
    with pytest.raises(EdgeprofError, match="it holds no samples") as caught:
        read_sound(path, "item '1'")
    assert caught.value.code == "bad_item"


def test_files_that_no_item_names_go_over(tmp_path: Path) -> None:
    """A reader's characters lie in a file of the set: without it, no item of the new set has an answer."""
    packed = io.BytesIO()
    Image.fromarray(np.full((8, 30), 200, np.uint8)).save(packed, "PNG")
    files: dict[str, Path | bytes] = {"files/a.png": packed.getvalue(), "files/characters.txt": b"a\nb\n"}
    facts = SetFacts(name="l", task="ocr", domain="vision", preparation={"characters": "files/characters.txt"})
    write_set(tmp_path / "lines", facts, [{"id": "1", "file": "files/a.png", "text": "ab"}], files)
    found = made(tmp_path / "lines", "noise:sigma=0.2", "noisy")
    assert [file.path for file in found.files] == ["files/a.png", "files/characters.txt"]
    assert (tmp_path / "noisy/files/characters.txt").read_bytes() == b"a\nb\n"


def test_set_ids_are_pinned(rows: Path) -> None:
    """Of what rests on no compressor's version: the same set on every machine."""
    ids = {name: made(rows, name, name).set_id[:12] for name in ("noise", "occlusion", "brightness")}
    assert ids == {"noise": "094de9ffbfc8", "occlusion": "164a69ec6671", "brightness": "bb52ca4f61e6"}


def test_image_files_become_png_that_lie_as_their_parents_do(photos: Path) -> None:
    found = made(photos, "noise:sigma=0.05", "1")
    assert [item["file"] for item in found.items] == ["files/a.jpg.png", "files/b.jpg.png", "files/c.png"]
    with Image.open(photos.parent / "1/files/a.jpg.png") as turned, Image.open(photos.parent / "1/files/c.png") as grey:
        assert turned.getexif()[0x0112] == 6
        assert (turned.mode, turned.size, grey.mode) == ("RGB", (30, 20), "L")


def test_an_image_that_does_not_decode_is_named(photos: Path) -> None:
    (photos / "files/b.jpg").write_bytes(b"not an image")
    with pytest.raises(EdgeprofError, match=r"item 'files/b.jpg': b.jpg does not decode") as caught:
        made(photos, "noise", "1")
    assert caught.value.code == "bad_item"
    assert not (photos.parent / "1").exists()


def test_the_set_is_bounded_in_size(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgeprof.quality.perturbations.files.MAX_BYTES", 3_000)
    with pytest.raises(EdgeprofError, match="--items") as caught:
        made(photos, "noise", "1")
    assert caught.value.code == "set_too_large"


def test_several_steps_are_one_set(rows: Path) -> None:
    steps = [parse_step(text, PERTURBATIONS, 4) for text in ("brightness:shift=0.1", "repeats:times=2")]
    found = derive(rows, steps, rows.parent / "both")
    assert found.made.facts.perturbation == "brightness(shift=0.1, seed=4); repeats(times=2, temperature=0, seed=4)"
    assert [item["id"] for item in found.made.items][:3] == ["i0~1", "i0~2", "i1~1"]
    assert {group_of(item["id"]) for item in found.made.items} == {item["id"] for item in read_set(rows).items}
    assert (found.changed, found.parents) == (12, 12)


def test_repeats_at_a_temperature_have_a_seed_each() -> None:
    kind = PERTURBATIONS["repeats"]
    assert isinstance(kind, ItemPerturbation)
    facts = SetFacts(name="n", task="exact-match", domain="language")
    plain = kind.change({"id": "q"}, facts, {"times": 2, "temperature": 0.0}, random.Random(1))
    assert plain == [{"id": "q~1", "group": "q"}, {"id": "q~2", "group": "q"}]
    sampled = kind.change({"id": "q"}, facts, {"times": 2, "temperature": 0.7}, random.Random(1))
    assert [(item["temperature"], item["seed"]) for item in sampled] == [(0.7, 1), (0.7, 2)]


def test_a_step_that_changes_nothing_makes_no_set(rows: Path) -> None:
    with pytest.raises(EdgeprofError) as caught:
        made(rows, "noise:sigma=0", "1")
    assert caught.value.code == "nothing_changed"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("noize", "noise, blur"),
        ("noise:sigma=2", "from 0 to 1"),
        ("noise:sigma=nan", "from 0 to 1"),
        ("noise:size=2", "Parameters: sigma"),
        ("jpeg:quality=1.5", "a whole number from 1 to 95"),
        ("letter-case:to=title", "upper, lower, swap"),
    ],
)
def test_a_step_that_is_not_one_names_what_is(text: str, named: str) -> None:
    with pytest.raises(UsageError, match=named) as caught:
        parse_step(text, PERTURBATIONS, 1)
    assert caught.value.code == "bad_perturbation"


@pytest.mark.parametrize("name", ["typos", "hiss"])
def test_a_step_for_another_kind_of_set_is_refused(name: str, rows: Path) -> None:
    with pytest.raises(UsageError, match="its domain is vision"):
        made(rows, name, "1")


@pytest.mark.parametrize("name", ["distractors", "paraphrase"])
def test_words_of_one_language_are_not_put_into_another(name: str, tmp_path: Path) -> None:
    german = resolve_set("capitals-de").folder
    with pytest.raises(UsageError, match=r"words in 'en', and .* is in 'de'"):
        derive(german, [parse_step(name, PERTURBATIONS, 1)], tmp_path / "a")
    assert derive(german, [parse_step("typos", PERTURBATIONS, 1)], tmp_path / "b").changed == 40
    assert derive(resolve_set("capitals-en").folder, [parse_step(name, PERTURBATIONS, 1)], tmp_path / "c").changed == 40


@pytest.mark.parametrize(
    ("task", "item"),
    [("perplexity", {"text": "A b c."}), ("code", {"prompt": "def f():", "test": "assert f()", "entry_point": "f"})],
)
def test_a_text_that_is_the_right_answer_is_not_changed(task: str, item: dict[str, str], tmp_path: Path) -> None:
    facts = SetFacts(name="n", task=task, domain="language", template="{prompt}" if "prompt" in item else "")
    write_set(tmp_path / "set", facts, [{"id": "1", **item}])
    with pytest.raises(UsageError, match="changes the text that a model reads") as caught:
        derive(tmp_path / "set", [parse_step("typos", PERTURBATIONS, 1)], tmp_path / "a")
    assert caught.value.code == "bad_perturbation"


def changed_text(name: str, text: str = TEXT, seed: int = 1, **values: Any) -> str:
    step = parse_step(name, PERTURBATIONS, seed)
    assert isinstance(step.kind, TextPerturbation)
    return step.kind.change(text, {**step.values, **values}, random.Random(seed))


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_changes_the_same_way_from_the_same_seed(name: str) -> None:
    assert changed_text(name) == changed_text(name) != TEXT


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "distractors"])
@pytest.mark.parametrize("seed", range(20))
def test_no_number_of_a_text_changes(name: str, seed: int) -> None:
    assert [char for char in changed_text(name, seed=seed) if char.isdigit()] == ["9"]


@pytest.mark.parametrize("seed", range(20))
def test_typing_errors_stay_within_their_share(seed: int) -> None:
    letters = sum(char.isalpha() for char in TEXT)
    wrong = changed_text("typos", seed=seed, share=0.1)
    assert abs(len(wrong) - len(TEXT)) <= round(0.1 * letters)


def test_look_alikes_look_alike_and_stay_within_their_share() -> None:
    found = changed_text("look-alikes", share=0.5)
    differing = [(old, new) for old, new in zip(TEXT, found, strict=True) if old != new]
    candidates = sum(char in LOOK_ALIKES_OF for char in TEXT)
    assert len(differing) == round(0.5 * candidates)
    assert all(LOOK_ALIKES_OF[old] == new for old, new in differing)


WORDS_STAY: dict[str, Callable[[str], str]] = {
    "letter-case": str.casefold,
    "whitespace": lambda text: " ".join(text.split()),
}


@pytest.mark.parametrize("name", WORDS_STAY)
def test_case_and_whitespace_leave_the_words(name: str) -> None:
    assert WORDS_STAY[name](changed_text(name)) == WORDS_STAY[name](TEXT)


def test_a_paraphrase_writes_negations_the_other_way() -> None:
    assert "doesn't say" in changed_text("paraphrase")
    assert "does not" in changed_text("paraphrase", "It doesn't.")


def test_the_right_choice_stays_the_right_choice_in_any_order() -> None:
    kind = PERTURBATIONS["option-order"]
    assert isinstance(kind, ItemPerturbation)
    item = {"id": "1", "choices": ["x", "y", "z"], "label": 1}
    facts = SetFacts(name="n", task="multiple-choice", domain="language")
    for seed in range(30):
        (found,) = kind.change(item, facts, {}, random.Random(seed))
        assert found["choices"] != item["choices"]
        assert sorted(found["choices"]) == item["choices"]
        assert found["choices"][found["label"]] == "y"


SOUND = 0.25 * np.sin(2 * np.pi * 3_000 * np.arange(16_000) / 16_000)[:, np.newaxis]


def changed_sound(text: str) -> Any:
    step = parse_step(text, PERTURBATIONS, 1)
    assert isinstance(step.kind, SoundPerturbation)
    return step.kind.change(SOUND, 16_000, step.values, np.random.RandomState(1))


def test_hiss_has_the_stated_ratio_to_the_sound() -> None:
    noise = changed_sound("hiss:snr_db=12") - SOUND
    assert 10 * math.log10(float((SOUND**2).mean() / (noise**2).mean())) == pytest.approx(12, abs=0.2)


def test_gain_is_in_decibels() -> None:
    assert changed_sound("gain:gain_db=-6").max() == pytest.approx(0.25 * 10 ** (-6 / 20), rel=1e-6)


def test_resampling_loses_what_is_above_half_of_the_rate() -> None:
    assert np.abs(changed_sound("resampling:rate_hz=4000")).max() < 1e-3
    assert changed_sound("resampling:rate_hz=8000") == pytest.approx(SOUND, abs=1e-6)


def test_a_sound_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav_of(SOUND, 16_000))
    samples, rate_hz = read_sound(tmp_path / "a.wav", "item 'a'")
    assert rate_hz == 16_000
    assert samples == pytest.approx(SOUND, abs=1 / 32_768)


def test_a_sound_of_another_width_is_named(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes(bytes(100))
    with pytest.raises(EdgeprofError, match=r"item 'a': a.wav .* 8 bits a sample, not 16"):
        read_sound(tmp_path / "a.wav", "item 'a'")


def test_every_perturbation_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/quality.md").read_text()
    assert [name for name in PERTURBATIONS if f"`{name}`" not in page] == []


def test_sounds_are_covered_by_the_tests_above() -> None:
    assert SOUNDS == ["hiss", "gain", "resampling"]


def linear_margin(weights: Any) -> Callable[[Any], float]:
    return lambda pixels: float((pixels * weights).sum())


def test_a_random_search_stays_within_its_bound_and_finds_the_weak_side() -> None:
    stream = np.random.RandomState(5)
    pixels, weights = stream.uniform(0.2, 0.8, (8, 8, 1)), stream.normal(0, 1, (8, 8, 1))
    weights *= np.sign((pixels * weights).sum())
    found = random_search(pixels, linear_margin(weights), 0.05, 300, np.random.RandomState(1))
    again = random_search(pixels, linear_margin(weights), 0.05, 300, np.random.RandomState(1))
    assert np.abs(found.pixels - pixels).max() <= 0.05 + 1e-12
    assert found.after < found.before
    assert np.array_equal(found.pixels, again.pixels)
    noise = 0.05 * np.sign(np.random.RandomState(2).normal(size=pixels.shape))
    assert found.after < linear_margin(weights)(pixels + noise)


def test_a_random_search_asks_no_more_than_it_may_and_leaves_a_wrong_item() -> None:
    pixels = np.full((4, 4, 1), 0.5)
    stubborn = random_search(pixels, lambda _: 1.0, 0.1, 20, np.random.RandomState(1))
    assert (stubborn.calls, stubborn.is_fooled) == (21, False)
    wrong = random_search(pixels, lambda _: -1.0, 0.1, 20, np.random.RandomState(1))
    assert (wrong.calls, wrong.is_fooled) == (1, False)
    assert wrong.pixels is pixels
