"""A GGUF model in several files is all of them: in its id, its size, and on its way to a device."""

from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from tests.modelfiles import makers

FIRST, SECOND, THIRD = (f"big-0000{number}-of-00003.gguf" for number in (1, 2, 3))


def written(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for number, name in enumerate((FIRST, SECOND, THIRD)):
        (folder / name).write_bytes(makers.gguf_part(number, 3))
    return folder / FIRST


def refusal(path: Path) -> EdgeprofError:
    with pytest.raises(EdgeprofError) as caught:
        inspect(path)
    return caught.value


def test_every_part_is_a_file_of_the_model(tmp_path: Path) -> None:
    first = written(tmp_path)
    model = inspect(first)
    assert model.manifest.entry == FIRST
    assert [file.path for file in model.manifest.files] == [FIRST, SECOND, THIRD]
    assert identity.model_bytes(model.manifest) == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert model.gguf is not None
    assert model.gguf.elements == {0: 3 * 32}


def test_models_that_differ_in_a_later_part_have_different_ids(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one"), written(tmp_path / "other")
    (other.with_name(THIRD)).write_bytes(makers.gguf_part(2, 3, rows=5))
    assert identity.model_id(inspect(one).manifest) != identity.model_id(inspect(other).manifest)


@pytest.mark.parametrize("gone", [SECOND, THIRD])
def test_a_missing_part_is_named(tmp_path: Path, gone: str) -> None:
    first = written(tmp_path)
    (tmp_path / gone).unlink()
    error = refusal(first)
    assert (error.code, gone in error.message) == ("truncated", True)


def test_a_part_that_was_cut_is_named(tmp_path: Path) -> None:
    first = written(tmp_path)
    (tmp_path / SECOND).write_bytes(makers.gguf_part(1, 3)[:-1])
    error = refusal(first)
    assert (error.code, SECOND in error.message) == ("truncated", True)


@pytest.mark.parametrize("later", [SECOND, THIRD])
def test_a_later_part_is_refused_with_the_name_of_the_first(tmp_path: Path, later: str) -> None:
    error = refusal(written(tmp_path).with_name(later))
    assert error.code == "not_a_model"
    assert f"Name the first part: {FIRST}" in error.message


def test_parts_that_changed_places_are_refused(tmp_path: Path) -> None:
    first = written(tmp_path)
    (tmp_path / SECOND).write_bytes(makers.gguf_part(2, 3))
    error = refusal(first)
    assert (error.code, SECOND in error.message) == ("not_a_model", True)


def test_a_part_by_another_name_is_refused_because_the_runtime_would_not_find_the_rest(tmp_path: Path) -> None:
    first = written(tmp_path).rename(tmp_path / "renamed.gguf")
    assert "NAME-00001-of-00003.gguf" in refusal(first).message


def test_links_into_a_cache_are_followed(tmp_path: Path) -> None:
    """Downloaders store blobs once and link to them by name."""
    cache = written(tmp_path / "cache")
    folder = tmp_path / "snapshot"
    folder.mkdir()
    for name in (FIRST, SECOND, THIRD):
        (folder / name).symlink_to(cache.with_name(name))
    assert inspect(folder / FIRST).manifest == inspect(cache).manifest
