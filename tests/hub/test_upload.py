"""Model files from the browser: what is stored, what is refused at its first bytes, and that nothing of it stays."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import edgeprof_exports
from edgeprof.wire import identity
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.registry import uploads
from tests.hub import live
from tests.modelfiles import makers

BUNDLED = Path(edgeprof_exports.__file__).parent / "bundled"
INT8 = (BUNDLED / "digits-cnn-int8.onnx").read_bytes()
FP32 = (BUNDLED / "digits-cnn-fp32.onnx").read_bytes()

CUT_FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.onnx"\r\n\r\n' + INT8

Files = list[tuple[str, tuple[str, bytes, str]]]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(HubSettings(data=tmp_path / "data", mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


def files(**contents: bytes) -> Files:
    return [("file", (name.replace("__", "."), data, "application/octet-stream")) for name, data in contents.items()]


def models(client: TestClient) -> list[dict[str, object]]:
    return client.get("/api/v1/models").json()


def leftovers(tmp_path: Path) -> list[Path]:
    data = tmp_path / "data"
    kept = [data / "uploads", data / "blobs"]
    return [path for folder in kept if folder.exists() for path in folder.rglob("*") if path.is_file()]


def test_an_uploaded_model_is_stored_under_its_names_and_ticked_on_the_next_page(
    client: TestClient, tmp_path: Path
) -> None:
    said = {"name": "digits <b>", "family": "cnn", "quantization": "int8", "task": "image-classification"}
    answer = client.post("/models/upload", data=said, files=files(digits__onnx=INT8))
    assert answer.status_code == 303
    (model,) = models(client)
    assert {name: model[name] for name in said} == said
    assert model["format"] == "onnx"
    assert answer.headers["location"] == f"/flash?model={model['model_id']}"
    shown = client.get(answer.headers["location"]).text
    assert f'value="{model["model_id"]}" checked' in shown
    assert "digits &lt;b&gt;" in shown
    assert client.get(f"/api/v1/blobs/{identity.sha256_hex(INT8)}").content == INT8
    assert not list((tmp_path / "data" / "uploads").iterdir())


def test_several_models_go_up_at_once_under_their_files_names(client: TestClient) -> None:
    answer = client.post("/models/upload", files=files(one__onnx=INT8, two__onnx=FP32))
    assert answer.headers["location"].count("model=") == 2
    assert sorted(str(model["name"]) for model in models(client)) == ["one", "two"]


def test_external_data_belongs_to_the_model_that_names_it(client: TestClient, tmp_path: Path) -> None:
    path = makers.onnx_with_external_data(tmp_path, "weights.bin")
    both = files(net__onnx=path.read_bytes(), weights__bin=bytes(1200))
    assert client.post("/models/upload", files=both).status_code == 303
    assert [file["path"] for file in models(client)[0]["manifest"]["files"]] == ["net.onnx", "weights.bin"]  # type: ignore[index]


def test_the_parts_of_a_split_model_go_up_as_one_model(client: TestClient) -> None:
    parts = {f"big-0000{number}-of-00002__gguf": makers.gguf_part(number - 1, 2) for number in (1, 2)}
    assert client.post("/models/upload", files=files(**parts)).status_code == 303
    (model,) = models(client)
    assert [file["path"] for file in model["manifest"]["files"]] == [  # type: ignore[index]
        "big-00001-of-00002.gguf",
        "big-00002-of-00002.gguf",
    ]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (files(poem__gguf=b"roses are red" * 10), "its first bytes are not GGUF"),
        (files(page__onnx=b"<!DOCTYPE html><p>404"), "a web page. The download went wrong"),
        (files(cut__onnx=INT8[:-500]), "cut.onnx"),
        (files(lora__gguf=makers.gguf((makers.gguf_text("general.type", "adapter"),))), "a LoRA adapter"),
        (files(empty__onnx=b""), "is empty"),
        (files(other__tflite=INT8), "its first bytes are not TFLite"),
        (files(digits__onnx=INT8, stray__bin=b"x" * 99), "stray.bin belongs to none of the selected models"),
        ([*files(digits__onnx=INT8), *files(digits__onnx=INT8)], "Two files have the name digits.onnx"),
        ([("file", ("..", INT8, "x/y"))], "is not a valid file name"),
        ([("file", ("a\u202eb.onnx", INT8, "x/y"))], "is not a valid file name"),
        ([("other", ("", b"", "x/y"))], "Select a model file"),
    ],
)
def test_what_is_no_model_is_refused_with_its_reason_and_nothing_stays(
    client: TestClient, tmp_path: Path, sent: Files, told: str
) -> None:
    answer = client.post("/models/upload", files=sent)
    assert answer.status_code == 400
    assert told in answer.text
    assert models(client) == []
    assert leftovers(tmp_path) == []


def test_a_path_in_a_files_name_is_only_its_last_part(client: TestClient) -> None:
    sent: Files = [("file", ("../../etc/net.onnx", INT8, "x/y"))]
    assert client.post("/models/upload", files=sent).status_code == 303
    assert [model["name"] for model in models(client)] == ["net"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"task": "juggling"}, "&#39;juggling&#39; is not a task"),
        ({"name": "x" * 200}, "80 characters"),
        ({"name": "x" * 5000}, "longer than"),
    ],
)
def test_a_field_of_no_use_is_refused(client: TestClient, tmp_path: Path, said: dict[str, str], told: str) -> None:
    answer = client.post("/models/upload", data=said, files=files(digits__onnx=INT8))
    assert answer.status_code == 400
    assert told in answer.text
    assert leftovers(tmp_path) == []


def test_one_name_is_not_for_two_models(client: TestClient) -> None:
    answer = client.post("/models/upload", data={"name": "x"}, files=files(one__onnx=INT8, two__onnx=FP32))
    assert "2 models selected. Leave the name empty" in answer.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"hello"),
        ("multipart/form-data", b"hello"),
        ("multipart/form-data; boundary=x", b"hello"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.onnx"\r\n\r\n' + INT8,
        ),
    ],
)
def test_a_broken_form_is_refused(client: TestClient, tmp_path: Path, kind: str, body: bytes) -> None:
    answer = client.post("/models/upload", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "The upload is incomplete, or is not a form with files" in answer.text
    assert leftovers(tmp_path) == []


def test_size_and_room_are_looked_at_before_a_byte_is_read(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = {"Content-Length": str(3 * 2**30), "Content-Type": "multipart/form-data; boundary=x"}
    refused = client.post("/models/upload", content=b"", headers=declared).text
    assert "at most 2 GiB without JavaScript, and files of up to 8 GiB with it" in refused
    monkeypatch.setattr(uploads, "RESERVED_BYTES", 2**60)
    assert "too full" in client.post("/models/upload", files=files(digits__onnx=INT8)).text


def test_a_body_that_is_longer_than_it_said_ends(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 1000)
    endless = (b"x" * 500 for _ in range(10))
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = client.post("/models/upload", content=endless, headers=headers)
    assert refused.status_code == 400
    assert "edgeprof flash" in refused.text


def test_what_a_cut_off_upload_left_goes_at_the_next_start(tmp_path: Path) -> None:
    left = tmp_path / "data" / "uploads" / "abc" / "half.onnx"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x" * 1000)
    with TestClient(create_app(HubSettings(data=tmp_path / "data", mqtt_port=live.free_port()))):
        assert not left.exists()


def test_a_file_system_without_second_names_takes_uploads_too(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(uploads.os, "link", refuse)
    assert client.post("/models/upload", files=files(digits__onnx=INT8)).status_code == 303


def test_a_header_without_end_is_refused(client: TestClient) -> None:
    body = b"--x\r\n" + b"n" * 100_000
    answer = client.post("/models/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400


def test_another_sites_page_may_not_upload(client: TestClient) -> None:
    answer = client.post("/models/upload", files=files(digits__onnx=INT8), headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert models(client) == []


def check(client: TestClient, name: str, size: int, head: bytes | str) -> tuple[int, str]:
    encoded = head if isinstance(head, str) else base64.b64encode(head).decode()
    body = {"files": [{"name": name, "size": size, "head_base64": encoded}]}
    answer = client.post("/api/v1/models/check", json=body)
    return answer.status_code, "" if answer.status_code == 204 else answer.json()["error"]["code"]


def test_a_page_learns_before_it_sends_whether_it_is_worth_it(client: TestClient) -> None:
    assert check(client, "digits.onnx", len(INT8), INT8[:32]) == (204, "")
    assert check(client, "weights.bin", 100, b"\x00" * 32) == (204, "")
    assert check(client, "digits.gguf", len(INT8), INT8[:32]) == (422, "wrong_format")
    assert check(client, "page.onnx", 100, b"<html><body>") == (422, "not_a_model")
    assert check(client, "large.gguf", 9 * 2**30, b"GGUF" + b"\x03" * 28) == (413, "too_large")
    assert check(client, "odd.onnx", 100, "no base 64!") == (422, "invalid_request")
    assert check(client, "odd.onnx", 100, "Ø") == (422, "invalid_request")
    assert check(client, "digits.onnx", -5, INT8[:32]) == (204, "")
    assert check(client, "digits.onnx", False, INT8[:32]) == (422, "invalid_request")
