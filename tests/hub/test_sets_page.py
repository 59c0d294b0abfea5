"""The page of evaluation sets: an archive becomes a set, what is wrong with one is said, and nothing lands outside."""

import io
import random
import tarfile
import zipfile
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof.errors import EdgeprofError
from edgeprof.quality.sets import read_set
from edgeprof_hub.registry import set_archive
from tests.hub import fleet
from tests.hub.conftest import Open
from tests.hub.test_evaluation_sets import made


@pytest.fixture
def page(open_hub: Open) -> TestClient:
    return open_hub(fleet.typical())


def packed(folder: Path, name: str, top: str = "shapes/") -> bytes:
    """An archive of a set's folder."""
    stream = io.BytesIO()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if name.endswith(".zip"):
        with zipfile.ZipFile(stream, "w") as archive:
            for path in files:
                archive.write(path, f"{top}{path.relative_to(folder).as_posix()}")
    else:
        with tarfile.open(fileobj=stream, mode="w:gz" if name.endswith("gz") else "w") as archive:
            for path in files:
                archive.add(path, f"{top}{path.relative_to(folder).as_posix()}")
    return stream.getvalue()


def send(page: TestClient, name: str, content: bytes, called: str = "") -> tuple[int, str]:
    answer = page.post("/sets/upload", data={"name": called}, files={"file": (name, content)})
    return answer.status_code, answer.text if answer.status_code != 303 else answer.headers["location"]


@pytest.mark.parametrize(("name", "top"), [("set.zip", "shapes/"), ("set.tar", ""), ("set.tar.gz", "./")])
def test_an_archive_becomes_a_set(page: TestClient, tmp_path: Path, name: str, top: str) -> None:
    folder = made(tmp_path / "set", count=30)
    set_id = read_set(folder).set_id
    assert send(page, name, packed(folder, name, top), "my shapes") == (303, f"/sets#{set_id}")
    shown = page.get("/sets").text
    for text in ("my shapes", "image-classification", "CC0-1.0", set_id[:12], "30"):
        assert text in shown
    flash = page.get("/flash").text
    assert "Evaluate on" in flash
    assert set_id in flash


def test_without_sets_the_flash_page_offers_none(page: TestClient) -> None:
    assert "Evaluate on" not in page.get("/flash").text
    assert "No evaluation sets yet" in page.get("/sets").text


def test_a_ticked_set_starts_jobs_that_evaluate(page: TestClient, tmp_path: Path) -> None:
    folder = made(tmp_path / "set")
    send(page, "set.zip", packed(folder, "set.zip"))
    set_id = read_set(folder).set_id
    model, device = fleet.typical().models[0].model_id, fleet.device_id(1)
    answer = page.post("/flash", data={"model": model, "device": device, "evaluate": set_id})
    assert answer.status_code == 303
    shown = page.get(answer.headers["location"]).text
    assert "evaluates on" in shown
    assert "The agent cannot evaluate. Upgrade edgeprof on the device." in shown
    assert page.post(f"/sets/{set_id}/delete").status_code == 303
    assert page.get("/api/v1/sets").json() == []


def test_a_packaged_set_is_added_by_its_name(page: TestClient) -> None:
    answer = page.post("/sets/packaged", data={"name": "digits"})
    assert answer.status_code == 303
    (found,) = page.get("/api/v1/sets").json()
    assert found["names"] == ["digits"]
    assert answer.headers["location"] == f"/sets#{found['set_id']}"
    unknown = page.post("/sets/packaged", data={"name": "nothing"})
    assert (unknown.status_code, "No set &#39;nothing&#39;" in unknown.text) == (400, True)


def archive_of(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("set.json", b"{}", "is not an archive"),
        ("set.zip", b"no archive at all", "is damaged, or another kind of file"),
        ("set.tar", b"no archive at all", "cannot be unpacked"),
        ("set.zip", archive_of("items.jsonl"), "has no set.json"),
        ("set.zip", archive_of("../set.json"), "is not a plain path"),
        ("set.zip", archive_of("set.json", "items.jsonl"), "`name` is missing"),
        ("set.zip", archive_of("a/set.json", "b/set.json"), "has 2 sets, in a and b. Send an archive for each."),
    ],
)
def test_what_is_no_set_is_a_sentence_above_the_form(page: TestClient, name: str, content: bytes, problem: str) -> None:
    status, shown = send(page, name, content)
    assert status == 400
    assert problem in shown
    assert page.get("/api/v1/sets").json() == []


def test_links_in_an_archive_are_refused(tmp_path: Path) -> None:
    archive = tmp_path / "set.tar"
    with tarfile.open(archive, "w") as packed_set:
        link = tarfile.TarInfo("set.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        packed_set.addfile(link)
    with pytest.raises(EdgeprofError, match="is not a plain file"):
        set_archive.unpacked(archive, tmp_path / "out")


def damaged(name: str) -> bytes:
    """A packed set with bytes in the middle of its compressed contents turned round."""
    stream, text = io.BytesIO(), random.Random(1).randbytes(5_000).hex().encode()
    if name.endswith(".zip"):
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed_set:
            packed_set.writestr("set.json", text)
    else:
        with tarfile.open(fileobj=stream, mode="w:gz") as packed_tar:
            info = tarfile.TarInfo("set.json")
            info.size = len(text)
            packed_tar.addfile(info, io.BytesIO(text))
    content = bytearray(stream.getvalue())
    content[2_000:2_200] = b"\xff" * 200
    return bytes(content)


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz"])
def test_a_damaged_archive_is_a_sentence(page: TestClient, name: str) -> None:
    status, shown = send(page, name, damaged(name))
    assert (status, "cannot be unpacked" in shown) == (400, True)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("set.json", "set.json"), ("a", "a/set.json"), ("a/set.json", "a")])
def test_an_archive_whose_names_clash_is_a_sentence(page: TestClient, names: tuple[str, ...]) -> None:
    status, shown = send(page, "set.zip", archive_of(*names))
    assert (status, "cannot be unpacked" in shown) == (400, True)
    assert "/uploads/" not in shown


def test_unpacking_stops_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_archive, "RESERVED_BYTES", 1 << 62)
    (tmp_path / "set.zip").write_bytes(archive_of("set.json"))
    with pytest.raises(EdgeprofError) as refused:
        set_archive.unpacked(tmp_path / "set.zip", tmp_path / "out")
    assert refused.value.code == "no_space"


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_archive, "MAX_UNPACKED_BYTES", 1000)
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed_set:
        packed_set.writestr("set.json", b"0" * 2000)
    with pytest.raises(EdgeprofError) as refused:
        set_archive.unpacked(archive, tmp_path / "out")
    assert refused.value.code == "too_large"
