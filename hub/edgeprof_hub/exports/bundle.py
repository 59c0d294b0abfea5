"""One file that holds a run and all that it takes to run it again elsewhere: result, artifacts, model files."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import msgspec

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.exports.zip_stream import Pipe, copied
from edgeprof_hub.failures import not_found

README = """This is run {result_id} of {model} on {device}, measured by edgeprof {version}.

    pip install edgeprof
    edgeprof reproduce THIS_FILE

This runs the same model with the same configuration and protocol on your machine, and compares the results.

result.json   all records of the run
artifacts/    samples and traces, by the names in result.json
model/        the model's files, by their paths in its manifest
model.json    the manifest and details of the model, including its licence ({licence})
"""


def pieces(hub: HubContext, stored: rest.StoredResult, model: rest.ModelRecord) -> Iterator[bytes]:
    """The ZIP archive, in pieces. Models hardly shrink, so nothing is compressed."""
    pipe = Pipe()
    with zipfile.ZipFile(cast("IO[bytes]", pipe), "w", zipfile.ZIP_STORED) as archive:
        for name, text in _texts(hub, stored, model).items():
            archive.writestr(name, text)
            yield pipe.taken()
        for name, path in _files(hub, stored, model).items():
            yield from copied(archive, pipe, name, path)
    yield pipe.taken()


def check(hub: HubContext, stored: rest.StoredResult) -> rest.ModelRecord:
    """The model of a run, with its files here. Raises EdgeprofError: not_found, evaluation_run."""
    if stored.result.config.evaluation_set:
        raise UsageError("evaluation_run", "A bundle holds no evaluation set. Use a run that measured speed.")
    if stored.result.config.load_only:
        raise UsageError("evaluation_run", "This run only flashed the model. Use a run that measured speed.")
    model = hub.reader.model(stored.result.model_id)
    if model is None:
        raise not_found("model", stored.result.model_id)
    for file in model.manifest.files:
        if not hub.blobs.has(file.sha256):
            raise not_found("file", file.path)
    return model


def _texts(hub: HubContext, stored: rest.StoredResult, model: rest.ModelRecord) -> dict[str, bytes]:
    device = hub.reader.device(stored.result.device_id)
    readme = README.format(
        result_id=stored.result.result_id,
        model=model.name,
        device=device.label if device else stored.result.device_id,
        version=stored.result.agent_version,
        licence=model.licence,
    )
    return {
        "README.txt": readme.encode(),
        "result.json": _json(stored.result),
        "model.json": _json(model),
    }


def _files(hub: HubContext, stored: rest.StoredResult, model: rest.ModelRecord) -> dict[str, Path]:
    artifacts = {
        f"artifacts/{ref.name}": hub.artifacts.path(ref.sha256)
        for ref in stored.result.artifacts
        if hub.artifacts.has(ref.sha256)
    }
    return {**artifacts, **{f"model/{file.path}": hub.blobs.path(file.sha256) for file in model.manifest.files}}


def _json(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document))
