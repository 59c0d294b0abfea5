"""A model as one signed ZIP file: its files, its bill of materials, and a manifest with the hub's signature."""

import time
import zipfile
from collections.abc import Iterator
from typing import IO, cast

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.signing import bundle
from edgeprof.wire import rest
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import FileRef
from edgeprof_hub.context import HubContext
from edgeprof_hub.exports.model_bom import Json, model_bom
from edgeprof_hub.exports.zip_stream import Pipe, copied
from edgeprof_hub.failures import not_found
from edgeprof_hub.signing.job_key import JobKey

MAX_EVALUATIONS = 200


def bom_of(hub: HubContext, model_id: str) -> Json:
    """The bill of materials of a model, with its newest evaluations. Raises EdgeprofError: not_found."""
    model = hub.reader.model(model_id)
    if model is None:
        raise not_found("model", model_id)
    found = hub.reader.evaluations.newest(model_id=model_id, limit=MAX_EVALUATIONS)
    return model_bom(model, found, {one.set_id: one for one in hub.reader.evaluation_sets()}, time.time())


def check(hub: HubContext, model_id: str) -> tuple[rest.ModelRecord, JobKey]:
    """The model with its files here, and the key. Raises EdgeprofError: not_found, no_signing_key."""
    model = hub.reader.model(model_id)
    if model is None:
        raise not_found("model", model_id)
    for file in model.manifest.files:
        if not hub.blobs.has(file.sha256):
            raise not_found("file", file.path)
    if hub.job_key is None:
        raise EdgeprofError("no_signing_key", "This hub only shows a recording, so it signs nothing.")
    return model, hub.job_key


def pieces(hub: HubContext, model: rest.ModelRecord, key: JobKey) -> Iterator[bytes]:
    """The archive, in pieces. Models hardly shrink, so nothing is compressed."""
    texts = {bundle.BOM: _json(bom_of(hub, model.model_id)), bundle.RECORD: _json(model)}
    manifest = _json(
        bundle.BundleManifest(
            model_id=model.model_id,
            name=model.name,
            entry=model.manifest.entry,
            files=(
                *(FileRef(path=name, size=len(text), sha256=sha256_hex(text)) for name, text in texts.items()),
                *(
                    FileRef(path=f"{bundle.MODEL_FOLDER}{file.path}", size=file.size, sha256=file.sha256)
                    for file in model.manifest.files
                ),
            ),
            hub_id=hub.hub_id,
            issued_s=time.time(),
        )
    )
    signature = bundle.BundleSignature(
        key_hex=key.public_hex, signature_hex=key.sign(bundle.signed_bytes(manifest)).hex()
    )
    pipe = Pipe()
    with zipfile.ZipFile(cast("IO[bytes]", pipe), "w", zipfile.ZIP_STORED) as archive:
        for name, text in {bundle.MANIFEST: manifest, bundle.SIGNATURE: _json(signature), **texts}.items():
            archive.writestr(name, text)
            yield pipe.taken()
        for file in model.manifest.files:
            yield from copied(archive, pipe, f"{bundle.MODEL_FOLDER}{file.path}", hub.blobs.path(file.sha256))
    yield pipe.taken()


def _json(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document))
