"""Uploads in parts: resumed after a cut and a restart of the hub, checked at the end, cleaned when abandoned."""

import hashlib
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient

import edgeprof_exports
from edgeprof.client import resumable
from edgeprof.client.http_client import HubClient, HubError
from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof.wire.messages import FileRef
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.registry import parts
from edgeprof_hub.registry.parts import Parts, Upload
from tests.hub import live
from tests.hub.live import Live, eventually

DIGITS = (Path(edgeprof_exports.__file__).parent / "bundled" / "digits-cnn-int8.onnx").read_bytes()
BIG = os.urandom(3 * 2**20 + 17)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def ref(data: bytes, path: str = "model.gguf") -> FileRef:
    return FileRef(path=path, size=len(data), sha256=sha(data))


@pytest.fixture
def page(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(HubSettings(data=tmp_path / "data", mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


def begin(page: TestClient, data: bytes, name: str = "digits.onnx") -> dict[str, Any]:
    answer = page.post("/api/v1/uploads", json={"name": name, "size": len(data), "key": "1700000000000"})
    assert answer.status_code == 201
    return answer.json()


def send(page: TestClient, state: dict[str, Any], data: bytes, digest: str | None = None) -> Any:
    target = f"/api/v1/uploads/{state['upload_id']}?offset={state['offset']}&sha256={digest or sha(data)}"
    return page.patch(target, content=data)


def left(tmp_path: Path) -> list[str]:
    return sorted(file.suffix for file in (tmp_path / "data" / "parts").iterdir())


def test_a_page_sends_a_model_in_parts_and_it_is_registered(page: TestClient, tmp_path: Path) -> None:
    state = begin(page, DIGITS)
    for start in range(0, len(DIGITS), 9000):
        state = send(page, state, DIGITS[start : start + 9000]).json()
    assert (state["offset"], state["is_stored"]) == (len(DIGITS), False)
    said = {"upload_ids": [state["upload_id"]], "name": "digits <b>", "task": "image-classification"}
    answer = page.post("/api/v1/models/uploaded", json=said)
    assert answer.status_code == 201
    (model,) = answer.json()
    assert (model["name"], model["task"], model["format"]) == ("digits <b>", "image-classification", "onnx")
    assert page.get(f"/api/v1/blobs/{sha(DIGITS)}").content == DIGITS
    assert left(tmp_path) == []


def test_the_same_file_is_found_again_and_a_damaged_part_does_not_count(page: TestClient) -> None:
    state = send(page, begin(page, DIGITS), DIGITS[:5000]).json()
    assert begin(page, DIGITS)["offset"] == 5000
    refused = send(page, state, DIGITS[5000:6000], sha(b"else"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_part")
    assert page.get(f"/api/v1/uploads/{state['upload_id']}").json()["offset"] == 5000
    wrong = send(page, {**state, "offset": 4000}, DIGITS[4000:5000])
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (409, "bad_offset")
    long = send(page, state, DIGITS[5000:] + b"more")
    assert long.json()["error"]["code"] == "bad_part"
    assert send(page, state, DIGITS[5000:]).json()["offset"] == len(DIGITS)


def test_what_is_no_model_is_refused_and_stays_for_another_try(page: TestClient, tmp_path: Path) -> None:
    poem = b"roses are red" * 10
    state = send(page, begin(page, poem, "poem.gguf"), poem).json()
    said = {"upload_ids": [state["upload_id"]]}
    answer = page.post("/api/v1/models/uploaded", json=said)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_a_model")
    assert page.get("/api/v1/models").json() == []
    assert left(tmp_path) == [".json", ".part"]
    assert page.delete(f"/api/v1/uploads/{state['upload_id']}").status_code == 204
    assert left(tmp_path) == []


def test_an_unfinished_file_is_not_taken(page: TestClient) -> None:
    state = send(page, begin(page, DIGITS), DIGITS[:5000]).json()
    answer = page.post("/api/v1/models/uploaded", json={"upload_ids": [state["upload_id"]]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "unfinished_upload")


@pytest.mark.parametrize("name", ["..", "a\u202eb.onnx", "."])
def test_a_name_that_is_no_files_name_is_refused(page: TestClient, name: str) -> None:
    state = send(page, begin(page, DIGITS, name), DIGITS).json()
    answer = page.post("/api/v1/models/uploaded", json={"upload_ids": [state["upload_id"]]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_file_name")


def test_a_path_in_a_name_is_only_its_last_part(page: TestClient) -> None:
    state = send(page, begin(page, DIGITS, "..\\..\\etc/net.onnx"), DIGITS).json()
    (model,) = page.post("/api/v1/models/uploaded", json={"upload_ids": [state["upload_id"]]}).json()
    assert model["manifest"]["entry"] == "net.onnx"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "a.gguf", "size": 9 * 2**30}, "too_large"),
        ({"name": "a.gguf", "size": -1}, "invalid_request"),
        ({"name": "a.gguf", "size": False}, "invalid_request"),
        ({"name": "", "size": 1}, "invalid_request"),
        ({"name": "a.gguf", "size": 1, "sha256": "../x"}, "invalid_request"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_a_byte(page: TestClient, body: dict[str, Any], code: str) -> None:
    answer = page.post("/api/v1/uploads", json=body)
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize("upload_id", ["x", "../hub.sqlite", "0" * 64])
def test_an_id_that_is_none_names_no_file(page: TestClient, upload_id: str) -> None:
    assert page.get(f"/api/v1/uploads/{upload_id}").status_code in (404, 422)
    assert page.patch(f"/api/v1/uploads/{upload_id}?offset=0", content=b"x").status_code in (404, 422)


def crowded(_: Path) -> SimpleNamespace:
    return SimpleNamespace(free=2**20)


def test_a_full_disk_is_named(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", crowded)
    answer = page.post("/api/v1/uploads", json={"name": "a.gguf", "size": 2**20})
    assert answer.json()["error"]["code"] == "no_space"


def test_abandoned_uploads_go_after_a_day_and_others_stay(tmp_path: Path) -> None:
    store = Parts(tmp_path)
    old, new = (Upload(name=name, size=5, sha256="", key="") for name in ("old", "new"))
    for each in (old, new):
        store.begin(each)
    stray = tmp_path / f"{'0' * 64}.part"
    stray.write_bytes(b"of no upload")
    for file in (*tmp_path.glob(f"{old.upload_id}.*"), stray):
        os.utime(file, (0, time.time() - parts.KEEP_S - 60))
    assert {file.name.partition(".")[0] for file in Parts(tmp_path)._folder.iterdir()} == {new.upload_id}  # pyright: ignore[reportPrivateUsage]


def test_only_so_many_are_unfinished_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_UPLOADS", 2)
    store = Parts(tmp_path)
    for name in ("one", "two", "one"):
        store.begin(Upload(name=name, size=5, sha256="", key=""))
    with pytest.raises(Exception, match="2 uploads are unfinished"):
        store.begin(Upload(name="three", size=5, sha256="", key=""))


def cut(live: Live, state: rest.UploadState, data: bytes) -> None:
    """A connection that announces the whole rest, sends some of it and breaks."""
    with socket.create_connection(("127.0.0.1", live.port)) as line:
        head = (
            f"PATCH /api/v1/uploads/{state.upload_id}?offset={state.offset} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n"
            f"Content-Length: {state.size - state.offset}\r\n\r\n"
        )
        line.sendall(head.encode() + data)


def test_a_cut_costs_nothing_that_arrived(live: Live, tmp_path: Path) -> None:
    file = ref(BIG)
    state = live.client.begin_upload("model.gguf", file.size, file.sha256)
    cut(live, state, BIG[:1_500_000])
    eventually(lambda: live.client.begin_upload("other-name.gguf", file.size, file.sha256).offset == 1_500_000)
    path = tmp_path / "model.gguf"
    path.write_bytes(BIG)
    told: list[tuple[int, int]] = []
    resumable.send_file(live.client, file, path, lambda done, total: told.append((done, total)), lambda _: None)
    assert told[0][0] > 1_500_000
    assert told[-1] == (len(BIG), len(BIG))
    assert live.hub.blobs.path(file.sha256).read_bytes() == BIG
    assert list((live.hub.settings.data / "parts").iterdir()) == []
    assert live.client.begin_upload("again", file.size, file.sha256).is_stored


def test_an_upload_goes_on_after_a_restart_of_the_hub(tmp_path: Path) -> None:
    path, file = tmp_path / "model.gguf", ref(BIG)
    path.write_bytes(BIG)
    with live.serving(tmp_path / "data") as first:
        state = first.client.begin_upload("model.gguf", file.size, file.sha256)
        cut(first, state, BIG[:2_000_000])
        eventually(lambda: first.client.begin_upload("x", file.size, file.sha256).offset == 2_000_000)
    with live.serving(tmp_path / "data") as second:
        assert second.client.begin_upload("x", file.size, file.sha256).offset == 2_000_000
        resumable.send_file(second.client, file, path)
        assert second.hub.blobs.path(file.sha256).read_bytes() == BIG


def test_a_file_that_changed_on_the_way_is_refused_and_nothing_of_it_stays(live: Live, tmp_path: Path) -> None:
    path, file = tmp_path / "model.gguf", ref(BIG)
    path.write_bytes(BIG[:-1] + b"!")
    with pytest.raises(HubError) as caught:
        resumable.send_file(live.client, file, path)
    assert caught.value.code == "hash_mismatch"
    assert not live.hub.blobs.has(file.sha256)
    assert list((live.hub.settings.data / "parts").iterdir()) == []


class Flaky:
    """A hub whose connection breaks after so many new bytes of each request."""

    def __init__(self, client: HubClient, data: bytes, breaks: int) -> None:
        self.client, self.data, self.breaks = client, data, breaks
        self.requests = 0

    def begin_upload(self, name: str, size: int, sha256: str) -> rest.UploadState:
        self.requests += 1
        return self.client.begin_upload(name, size, sha256)

    def send_rest(self, state: rest.UploadState, path: Path, sent: resumable.Sent | None) -> rest.UploadState:
        if self.breaks:
            self.breaks -= 1
            raise HubError("hub_unreachable", "It broke.")
        return self.client.send_rest(state, path, sent)


def test_a_connection_that_breaks_is_tried_again_and_then_given_up(live: Live, tmp_path: Path) -> None:
    path, file = tmp_path / "model.gguf", ref(BIG)
    path.write_bytes(BIG)
    dead = Flaky(live.client, BIG, breaks=99)
    with pytest.raises(HubError, match="It broke"):
        resumable.send_file(dead, file, path, pause=lambda _: None)
    assert dead.requests == resumable.TRIES
    resumable.send_file(Flaky(live.client, BIG, breaks=3), file, path, pause=lambda _: None)
    assert live.hub.blobs.has(file.sha256)


def test_a_hub_that_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"x")
    waits: list[float] = []
    with pytest.raises(HubError) as caught:
        resumable.send_file(HubClient("http://127.0.0.1:1"), ref(b"x"), path, pause=waits.append)
    assert (caught.value.code, waits) == ("hub_unreachable", [])


def test_an_empty_file_goes_up_too(live: Live, tmp_path: Path) -> None:
    path = tmp_path / "empty.bin"
    path.write_bytes(b"")
    resumable.send_file(live.client, ref(b""), path)
    assert live.hub.blobs.path(sha(b"")).read_bytes() == b""


def test_the_pages_check_takes_what_goes_up_in_parts(page: TestClient) -> None:
    plan = {"files": [{"name": "a.gguf", "size": 5 * 2**30, "head_base64": "R0dVRgMAAAA="}]}
    answer = page.post("/api/v1/models/check", json=plan)
    assert "too_large" not in answer.text
    plan["files"][0]["size"] = 9 * 2**30
    assert page.post("/api/v1/models/check", json=plan).json()["error"]["code"] == "too_large"


def test_an_upload_begun_again_takes_no_hash_of_its_removed_bytes(tmp_path: Path) -> None:
    announced = b"a" * 5000
    upload = Upload(name="model.gguf", size=len(announced), sha256=sha(announced), key="")
    store = Parts(tmp_path / "parts")
    store.begin(upload)

    async def removed_meanwhile() -> AsyncIterator[bytes]:
        yield announced
        store.remove(upload.upload_id)
        store.begin(upload)

    async def other() -> AsyncIterator[bytes]:
        yield b"b" * 5000

    async def both() -> None:
        await store.append(upload.upload_id, 0, "", removed_meanwhile())
        await store.append(upload.upload_id, 0, sha(b"b" * 5000), other())

    anyio.run(both)
    with pytest.raises(EdgeprofError) as caught:
        store.finished(upload.upload_id)
    assert caught.value.code == "hash_mismatch"
