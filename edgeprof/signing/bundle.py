"""A signed bundle of a model: a ZIP with its files, its bill of materials, and a manifest signed by the hub's key.

`manifest.json` names every other file with size and SHA-256, and `signature.json` signs the bytes of the manifest.
"""

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.signing.verification import is_signed_by
from edgeprof.wire import identity
from edgeprof.wire.files import FileRef, Manifest

CONTEXT = b"edgeprof bundle 1\n"
MANIFEST, SIGNATURE, BOM, RECORD, MODEL_FOLDER = "manifest.json", "signature.json", "bom.json", "model.json", "model/"
MAX_DOCUMENT_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class BundleManifest:
    """What the signature is over. `files`: every file of the archive but this one and its signature."""

    model_id: str
    name: str
    entry: str
    files: tuple[FileRef, ...]
    hub_id: str
    issued_s: float
    format: int = 1


@dataclass(frozen=True, kw_only=True)
class BundleSignature:
    """`key_hex` only says which key it was; whether that is the right one, the reader knows."""

    key_hex: str
    signature_hex: str
    algorithm: str = "Ed25519"


def signed_bytes(manifest: bytes) -> bytes:
    """What is signed."""
    return CONTEXT + manifest


def verify(file: Path, keys: Sequence[bytes]) -> BundleManifest:
    """The manifest of a bundle whose every byte is vouched for by one of these keys.

    Raises EdgeprofError: bundle_unreadable, bundle_signature_wrong, bundle_changed.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _signed_manifest(archive, keys)
            _check_files(archive, manifest)
            return manifest
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, KeyError) as error:
        raise EdgeprofError("bundle_unreadable", f"{file} is not a model's bundle: {error}.") from error


def _signed_manifest(archive: zipfile.ZipFile, keys: Sequence[bytes]) -> BundleManifest:
    text = _document(archive, MANIFEST)
    signature = msgspec.json.decode(_document(archive, SIGNATURE), type=BundleSignature)
    if not any(is_signed_by(key, signed_bytes(text), bytes.fromhex(signature.signature_hex)) for key in keys):
        raise EdgeprofError(
            "bundle_signature_wrong", f"The bundle is not signed by the given key; it names {signature.key_hex[:64]}."
        )
    return msgspec.json.decode(text, type=BundleManifest)


def _check_files(archive: zipfile.ZipFile, manifest: BundleManifest) -> None:
    """Nothing is missing, nothing is there beside it, and every byte is the signed one."""
    listed = {file.path: file for file in manifest.files}
    found = [info.filename for info in archive.infolist()]
    strange = set(found) ^ {*listed, MANIFEST, SIGNATURE}
    if strange or len(set(found)) != len(found):
        raise _changed(f"{min(strange, default='a name')!r} is missing, unlisted or repeated")
    for info in archive.infolist():
        expected = listed.get(info.filename)
        if expected is not None and (info.file_size != expected.size or _sha256(archive, info) != expected.sha256):
            raise _changed(f"{info.filename!r} has other bytes")
    model = [
        FileRef(path=file.path.removeprefix(MODEL_FOLDER), size=file.size, sha256=file.sha256)
        for file in manifest.files
        if file.path.startswith(MODEL_FOLDER)
    ]
    if identity.model_id(Manifest(entry=manifest.entry, files=tuple(model))) != manifest.model_id:
        raise _changed("the files are not those of the model that it names")


def _changed(what: str) -> EdgeprofError:
    return EdgeprofError("bundle_changed", f"The bundle was changed: {what}. Get it again.")


def _document(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > MAX_DOCUMENT_BYTES:
        raise ValueError(f"{name} is too long")
    with archive.open(info) as stream:
        return stream.read(MAX_DOCUMENT_BYTES)


def _sha256(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    digest, left = hashlib.sha256(), info.file_size
    with cast(BinaryIO, archive.open(info)) as stream:
        while left > 0 and (chunk := stream.read(min(_CHUNK_BYTES, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
