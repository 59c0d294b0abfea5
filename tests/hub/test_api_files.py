"""Blobs and models over HTTP: stored under their hash, registered only where they are whole, deleted apart."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from edgeprof.client.http_client import HubError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.wire import identity
from edgeprof.wire import messages as m
from edgeprof_hub import blobs
from tests.hub.api_cases import DIGITS, add_digits, error_of, put, record_of
from tests.hub.live import Live

CONTENTS = bytes(range(256)) * 40
DIGEST = identity.sha256_hex(CONTENTS)


def test_a_blob_comes_back_whole_in_part_and_only_if_unchanged(live: Live) -> None:
    put(live, CONTENTS)
    with live.http("GET", f"/blobs/{DIGEST}") as answer:
        assert (answer.status, answer.read()) == (200, CONTENTS)
        assert answer.getheader("ETag") == f'"{DIGEST}"'
        assert answer.getheader("Content-Type") == "application/octet-stream"
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": "bytes=100-"}) as answer:
        assert (answer.status, answer.read()) == (206, CONTENTS[100:])
        assert answer.getheader("Content-Range") == f"bytes 100-{len(CONTENTS) - 1}/{len(CONTENTS)}"
    resume = {"Range": "bytes=100-", "If-Range": f'"{DIGEST}"'}
    with live.http("GET", f"/blobs/{DIGEST}", headers=resume) as answer:
        assert (answer.status, answer.read()) == (206, CONTENTS[100:])
    with live.http("GET", f"/blobs/{DIGEST}", headers={**resume, "If-Range": '"another"'}) as answer:
        assert (answer.status, answer.read()) == (200, CONTENTS)
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": f"bytes={len(CONTENTS)}-"}) as answer:
        assert answer.status == 416
        assert answer.getheader("Content-Range") == f"bytes */{len(CONTENTS)}"
        assert json.loads(answer.read())["error"]["code"] == "bad_range"
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": "bytes=odd"}) as answer:
        assert answer.status == 400
        assert json.loads(answer.read())["error"]["code"] == "bad_range"
    with live.http("HEAD", f"/blobs/{DIGEST}") as answer:
        assert (answer.status, answer.getheader("Content-Length")) == (200, str(len(CONTENTS)))


def test_a_thousand_ranges_cost_no_more_than_the_file(live: Live) -> None:
    put(live, CONTENTS)
    ranges = ",".join(f"{start}-{start + 5000}" for start in range(1000))
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": f"bytes={ranges}"}) as answer:
        assert len(answer.read()) <= len(CONTENTS) + 1000


def test_bytes_of_another_hash_are_not_stored(live: Live) -> None:
    assert error_of(live, "PUT", f"/blobs/{DIGEST}", b"other bytes")[1].code == "hash_mismatch"
    with live.http("HEAD", f"/blobs/{DIGEST}") as answer:
        assert answer.status == 404
    assert list((live.hub.settings.data / "blobs" / "incoming").iterdir()) == []


def test_what_is_too_large_or_finds_no_room_is_refused(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    with live.http("PUT", f"/artifacts/{DIGEST}", headers={"Content-Length": str(65 * 2**20)}) as answer:
        assert answer.status == 413
    monkeypatch.setattr(blobs, "RESERVED_BYTES", 2**60)
    status, error = error_of(live, "PUT", f"/blobs/{DIGEST}", CONTENTS)
    assert (status, error.code) == (507, "no_space")


@pytest.mark.parametrize("name", ["abc", "..%2f..%2fhub.sqlite", "A" * 64, "%00" * 64, f"{'a' * 63}%5c"])
def test_no_text_but_a_hash_names_a_file(live: Live, name: str) -> None:
    assert error_of(live, "GET", f"/blobs/{name}")[0] in (404, 422)
    assert error_of(live, "PUT", f"/artifacts/{name}", b"x")[0] in (404, 405, 422)


def test_a_model_is_registered_from_its_stored_files(live: Live) -> None:
    added = add_digits(live)
    assert live.client.models() == [added]
    assert (added.size_bytes, added.format) == (DIGITS.stat().st_size, "onnx")
    assert added.created_s > 0
    assert add_digits(live) == replace(live.client.models()[0])


@pytest.mark.parametrize(
    ("name", "contents", "code"),
    [
        ("poem.onnx", b"roses are red, violets are blue, this is no model, not even for you", "not_a_model"),
        ("cut.onnx", DIGITS.read_bytes()[:-500], "truncated"),
        ("other.tflite", DIGITS.read_bytes(), "wrong_format"),
        ("empty.onnx", b"", "not_a_model"),
    ],
)
def test_what_is_no_whole_model_is_refused_and_not_listed(live: Live, name: str, contents: bytes, code: str) -> None:
    digest = put(live, contents)
    manifest = identity.manifest_of(name, [m.FileRef(path=name, size=len(contents), sha256=digest)])
    record = record_of(ModelFile("onnx", manifest, Path()))
    status, error = error_of(live, "POST", "/models", json.dumps(asdict(record)).encode())
    assert (status, error.code) == (422, code)
    assert live.client.models() == []
    assert not list(live.hub.settings.data.glob("looking-into-*"))


@pytest.mark.parametrize("path", ["../x.onnx", "/etc/passwd", "a//b.onnx", "a\\b.onnx", "", ".", "a\x00b", "x" * 300])
def test_a_manifest_with_a_path_of_no_use_is_refused(live: Live, path: str) -> None:
    digest = put(live, DIGITS.read_bytes())
    manifest = identity.manifest_of(path, [m.FileRef(path=path, size=DIGITS.stat().st_size, sha256=digest)])
    record = record_of(ModelFile("onnx", manifest, Path()))
    assert error_of(live, "POST", "/models", json.dumps(asdict(record)).encode())[1].code == "bad_manifest"


def test_a_model_without_its_files_or_under_a_false_id_is_refused(live: Live) -> None:
    record = record_of(inspect(DIGITS))
    assert error_of(live, "POST", "/models", json.dumps(asdict(record)).encode())[1].code == "blob_missing"
    put(live, DIGITS.read_bytes())
    false = replace(record, model_id="0" * 64)
    assert error_of(live, "POST", "/models", json.dumps(asdict(false)).encode())[1].code == "bad_model_id"
    other = replace(record, format="gguf")
    assert error_of(live, "POST", "/models", json.dumps(asdict(other)).encode())[1].code == "wrong_format"


def test_a_plain_upload_does_not_overwrite_what_a_recipe_told(live: Live) -> None:
    model = inspect(DIGITS)
    live.client.add_model(model, record_of(model, source="our recipe"))
    live.client.add_model(model, record_of(model, name="file name"))
    assert [(known.name, known.source) for known in live.client.models()] == [("digits", "our recipe")]


def test_a_deleted_model_takes_its_files_but_not_those_of_others(live: Live, tmp_path: Path) -> None:
    added = add_digits(live)
    copy = tmp_path / "another-name.onnx"
    shutil.copy(DIGITS, copy)
    model = inspect(copy)
    second = live.client.add_model(model, record_of(model))
    digest = added.manifest.files[0].sha256
    live.client.delete("models", added.model_id)
    assert live.hub.blobs.has(digest)
    live.client.delete("models", second.model_id)
    assert not live.hub.blobs.has(digest)
    with pytest.raises(HubError, match="No model"):
        live.client.delete("models", second.model_id)
