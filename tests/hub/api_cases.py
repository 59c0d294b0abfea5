"""What the tests of the REST API share: a hub that serves, an agent of it, a model, an error's one shape."""

import json
from pathlib import Path

import edgeprof_exports
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.wire import identity, rest
from tests.hub.live import Live

DIGITS = Path(edgeprof_exports.__file__).parent / "bundled" / "digits-cnn-int8.onnx"


def record_of(model: ModelFile, **labels: str) -> rest.ModelRecord:
    return rest.ModelRecord(
        model_id=identity.model_id(model.manifest),
        name=labels.get("name", "digits"),
        family="digits",
        variant="int8",
        quantization="int8",
        format=model.format,
        manifest=model.manifest,
        size_bytes=1,
        source=labels.get("source", "uploaded"),
    )


def add_digits(live: Live) -> rest.ModelRecord:
    model = inspect(DIGITS)
    return live.client.add_model(model, record_of(model))


def error_of(live: Live, method: str, path: str, body: bytes | None = None) -> tuple[int, rest.ErrorBody]:
    headers = {"Content-Type": "application/json"} if body else {}
    with live.http(method, path, body, headers) as answer:
        document = json.loads(answer.read())
        assert set(document) == {"error"}
        assert set(document["error"]) == {"code", "message"}
        assert document["error"]["message"].endswith(".")
        return answer.status, rest.ErrorBody(**document["error"])


def put(live: Live, contents: bytes) -> str:
    digest = identity.sha256_hex(contents)
    with live.http("PUT", f"/blobs/{digest}", contents) as answer:
        assert answer.status == 201
    return digest


JSON = {"Content-Type": "application/json"}
