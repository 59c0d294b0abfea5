"""Models on disk: nothing lands outside, nothing wrong is run, the right one goes when room is short."""

import dataclasses
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity
from edgeprof.wire.messages import FileRef, Manifest, ModelRef
from edgeprof_agent.daemon.store import HEADROOM_BYTES, ModelStore, check_manifest
from tests.agent.pieces import model


class Shelf:
    """A store whose downloads come from memory and are counted."""

    def __init__(self, folder: Path, budget_bytes: int = 10**9, free: int = 10**12) -> None:
        self.contents: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.free = free
        self.store = ModelStore(folder, budget_bytes, self._download, lambda _: self.free)

    def model(self, name: str, **files: bytes) -> ModelRef:
        contents = {path.replace("__", "/"): data for path, data in files.items()} or {"m": name.encode() * 10}
        made = model(name, contents)
        for file, data in zip(sorted(contents), [contents[key] for key in sorted(contents)], strict=True):
            self.contents[next(ref.sha256 for ref in made.manifest.files if ref.path == file)] = data
        return made

    def prepare(self, of: ModelRef, keep: set[str] | None = None) -> Path:
        return self.store.prepare(of, keep or set(), threading.Event(), _say_nothing)

    def has(self, of: ModelRef) -> bool:
        return (self.store.folder / "models" / of.model_id).exists()

    def _download(self, file: FileRef, part: Path, cancelled: threading.Event, on_bytes: Callable[[int], None]) -> None:
        self.fetched.append(file.path)
        part.write_bytes(self.contents[file.sha256])
        on_bytes(file.size)


def _say_nothing(_stage: str, _fraction: float | None, _note: str) -> None:
    return None


def test_a_model_lies_in_a_folder_of_its_own(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    tiny = shelf.model("tiny", model=b"graph", data__weights=b"weights")
    folder = shelf.prepare(tiny)
    assert folder == tmp_path / "models" / tiny.model_id
    assert (folder / "model").read_bytes() == b"graph"
    assert (folder / "data" / "weights").read_bytes() == b"weights"


def test_a_file_of_two_models_is_fetched_and_kept_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for name in ("a", "b"):
        shelf.prepare(shelf.model(name, model=name.encode(), tokenizer=b"same"))
    assert sorted(shelf.fetched) == ["model", "model", "tokenizer"]
    assert len(list((tmp_path / "blobs").iterdir())) == 3


def test_a_download_that_has_begun_needs_room_for_its_rest_only(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, free=HEADROOM_BYTES + 300)
    large = shelf.model("large", m=b"x" * 1000)
    part = tmp_path / "partial" / f"{large.manifest.files[0].sha256}.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 800)
    shelf.prepare(large)
    assert shelf.has(large)


def test_a_model_that_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    tiny = shelf.model("tiny")
    shelf.prepare(tiny)
    shelf.prepare(tiny)
    assert shelf.fetched == ["m"]


def test_a_blob_that_rotted_is_fetched_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    tiny = shelf.model("tiny")
    link = shelf.prepare(tiny) / "m"
    good = link.read_bytes()
    link.chmod(0o644)
    link.write_bytes(b"X" + good[1:])
    assert (shelf.prepare(tiny) / "m").read_bytes() == good
    assert shelf.fetched == ["m", "m"]


def test_a_link_that_was_swapped_is_put_right(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    tiny = shelf.model("tiny")
    link = shelf.prepare(tiny) / "m"
    good = link.read_bytes()
    link.unlink()
    link.symlink_to("/etc/hostname")
    assert (shelf.prepare(tiny) / "m").read_bytes() == good


BAD_PATHS = ["../x", "a/../../x", "/etc/passwd", "", ".", "..", "a//b", "a/", "./a", "a\\b", "a\0b", "a\nb", "x" * 300]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    shelf = Shelf(tmp_path / "data")
    bad = _with_files(FileRef(path=path, size=1, sha256="0" * 64))
    with pytest.raises(EdgeprofError) as caught:
        shelf.prepare(bad)
    assert caught.value.code == "not_a_model"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "files",
    [
        [FileRef(path="a", size=1, sha256="../../../../etc/x")],
        [FileRef(path="a", size=1, sha256="A" * 64)],
        [FileRef(path="a", size=-1, sha256="0" * 64)],
        [FileRef(path="a", size=1, sha256="0" * 64), FileRef(path="a/b", size=1, sha256="1" * 64)],
        [FileRef(path="a", size=1, sha256="0" * 64), FileRef(path="a", size=1, sha256="1" * 64)],
        [],
    ],
    ids=["hash is a path", "capitals", "negative size", "file and folder", "named twice", "no file"],
)
def test_a_manifest_that_makes_no_sense_is_refused(files: list[FileRef]) -> None:
    with pytest.raises(EdgeprofError) as caught:
        check_manifest(_with_files(*files))
    assert caught.value.code == "not_a_model"


def test_a_manifest_of_another_model_is_refused() -> None:
    with pytest.raises(EdgeprofError) as caught:
        check_manifest(dataclasses.replace(model("a"), model_id=model("b").model_id))
    assert caught.value.code == "hash_mismatch"


def _with_files(*files: FileRef) -> ModelRef:
    manifest = Manifest(entry=files[0].path if files else "a", files=files)
    return ModelRef(model_id=identity.model_id(manifest), name="bad", format="onnx", manifest=manifest)


def test_the_least_recently_used_model_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, budget_bytes=30)
    old, used, fresh = (shelf.model(name) for name in ("o", "u", "f"))  # 10 bytes each
    for age, each in ((3, used), (2, old), (1, used), (0, fresh)):
        shelf.prepare(each)
        record = tmp_path / "models" / f"{each.model_id}.json"
        os.utime(record, ns=(0, 10**18 - age * 10**9))
    shelf.prepare(shelf.model("n"))
    assert not shelf.has(old)
    assert shelf.has(used)
    assert shelf.has(fresh)
    assert len(list((tmp_path / "blobs").iterdir())) == 3


def test_a_queued_jobs_model_never_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, budget_bytes=20)
    queued, other = shelf.model("q"), shelf.model("o")
    shelf.prepare(queued)
    shelf.prepare(other)
    shelf.prepare(shelf.model("n"), keep={queued.model_id})
    assert shelf.has(queued)
    assert not shelf.has(other)


def test_a_model_over_the_budget_is_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, budget_bytes=5)
    with pytest.raises(EdgeprofError) as caught:
        shelf.prepare(shelf.model("big"))
    assert caught.value.code == "no_space"
    assert shelf.fetched == []


def test_a_model_for_which_the_disk_has_no_room_is_refused_before_a_byte_is_fetched(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, free=HEADROOM_BYTES + 10)
    with pytest.raises(EdgeprofError) as caught:
        shelf.prepare(shelf.model("x"))  # 10 bytes, and 10 % of them
    assert caught.value.code == "no_space"
    assert shelf.fetched == []
    shelf.free += 1
    shelf.prepare(shelf.model("x"))


def test_a_model_that_is_here_runs_on_a_full_disk(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    tiny = shelf.model("tiny")
    shelf.prepare(tiny)
    shelf.free = 0
    shelf.prepare(tiny)


def test_what_an_abandoned_download_left_is_removed_with_time(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.prepare(shelf.model("tiny"))
    left = tmp_path / "partial" / f"{'0' * 64}.part"
    left.write_bytes(b"half")
    shelf.prepare(shelf.model("other"))
    assert not left.exists()
