"""A run as one file: whole, checked before it is believed, and of nothing but its run."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import edgeprof_exports
from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.record import Labels, record_of_file
from edgeprof.wire import identity
from edgeprof.wire import messages as m
from edgeprof_agent.series import bundle
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from tests.hub import fleet, live, stores
from tests.modelfiles import makers

BUNDLED = Path(edgeprof_exports.__file__).parent / "bundled"
SAMPLES = json.dumps({"unit": "ns", "series": {"latency": [1_000_000] * 30}}).encode()


def keep(data: Path, folder: str, contents: bytes) -> str:
    digest = identity.sha256_hex(contents)
    file = data / folder / digest[:2] / digest
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(contents)
    return digest


def serve(data: Path, entry: Path) -> tuple[m.Result, Iterator[TestClient]]:
    model = inspect(entry)
    record = record_of_file(model, entry, Labels(name="digits", quantization="int8"))
    for file in model.manifest.files:
        keep(data, "blobs", (model.folder / file.path).read_bytes())
    ref = m.ArtifactRef(
        name="samples", sha256=keep(data, "artifacts", SAMPLES), size=len(SAMPLES), media_type="application/json"
    )
    made = replace(fleet.result(1, record, fleet.vision_rows(1.0, 0.1)), artifacts=(ref,))
    with stores.opened(data) as store:
        fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [record], [made]))

    def opened() -> Iterator[TestClient]:
        with TestClient(
            create_app(HubSettings(data=data, mqtt_port=live.free_port())), base_url="http://127.0.0.1"
        ) as client:
            yield client

    return made, opened()


def bundle_of(data: Path, entry: Path) -> tuple[m.Result, bytes]:
    made, clients = serve(data, entry)
    for client in clients:
        answer = client.get(f"/api/v1/results/{made.result_id}/bundle")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="edgeprof-{made.result_id}.zip"'
        return made, answer.content
    raise AssertionError


def test_a_bundle_holds_the_run_its_artifacts_and_its_model(tmp_path: Path) -> None:
    made, contents = bundle_of(tmp_path / "data", BUNDLED / "digits-cnn-int8.onnx")
    file = tmp_path / "run.zip"
    file.write_bytes(contents)
    with bundle.opened(file) as found:
        assert found.result == made
        assert found.model.format == "onnx"
        assert (found.model.folder / found.model.manifest.entry).read_bytes() == (
            BUNDLED / "digits-cnn-int8.onnx"
        ).read_bytes()
        assert found.run.fetch(made.artifacts[0]) == SAMPLES
        folder = found.model.folder
    assert not folder.exists()
    assert "edgeprof reproduce" in zipfile.ZipFile(file).read("README.txt").decode()


def test_external_data_travels_with_its_model(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(1200))
    _, contents = bundle_of(tmp_path / "data", makers.onnx_with_external_data(tmp_path, "weights.bin"))
    assert "model/weights.bin" in zipfile.ZipFile(io.BytesIO(contents)).namelist()


def test_a_run_without_its_model_has_no_bundle(tmp_path: Path) -> None:
    made, clients = serve(tmp_path, BUNDLED / "digits-cnn-int8.onnx")
    for client in clients:
        assert client.get("/api/v1/results/nothing/bundle").status_code == 404
        keep_model = next((tmp_path / "blobs").glob("??/*"))
        keep_model.unlink()
        answer = client.get(f"/api/v1/results/{made.result_id}/bundle")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def changed(contents: bytes, **entries: bytes | None) -> bytes:
    """The archive with some entries put in place of those that it has, or left out."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(contents)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = entries.get(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return made.getvalue()


def test_what_is_no_whole_bundle_is_refused(tmp_path: Path) -> None:
    _, good = bundle_of(tmp_path / "data", BUNDLED / "digits-cnn-int8.onnx")
    entry = "model/digits-cnn-int8.onnx"
    data = zipfile.ZipFile(io.BytesIO(good)).read(entry)
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(good)).read("model.json"))
    outside = json.loads(json.dumps(manifest).replace("digits-cnn-int8.onnx", "../outside.onnx"))
    bad = {
        "no archive": b"roses are red",
        "cut": good[: len(good) // 2],
        "no result": changed(good, **{"result.json": None}),
        "odd result": changed(good, **{"result.json": b"{}"}),
        "another model": changed(good, **{entry: data[:-1] + bytes([data[-1] ^ 1])}),
        "longer model": changed(good, **{entry: data + b"x"}),
        "outside": changed(good, **{"model.json": json.dumps(outside).encode()}),
    }
    for name, contents in bad.items():
        file = tmp_path / "bad.zip"
        file.write_bytes(contents)
        with pytest.raises(EdgeprofError) as refused, bundle.opened(file):
            pass
        assert refused.value.code in ("not_a_bundle", "truncated", "not_a_model"), name
    assert not (tmp_path / "outside.onnx").exists()
    with pytest.raises(EdgeprofError, match="No such file"), bundle.opened(tmp_path / "missing.zip"):
        pass
