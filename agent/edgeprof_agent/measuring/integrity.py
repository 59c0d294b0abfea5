"""The bytes on disk against the manifest that a job names, before anything loads them."""

import hashlib
import threading
from pathlib import Path, PurePosixPath

from edgeprof.wire.messages import Failure, FileRef, Manifest

_CHUNK_BYTES = 1024 * 1024


def check_files(manifest: Manifest, folder: Path, cancelled: threading.Event) -> Failure | None:
    """The first thing that is wrong, or None. A cancel is heeded within a large file."""
    return next((wrong for file in manifest.files if (wrong := _check(file, folder, cancelled)) is not None), None)


def _check(file: FileRef, folder: Path, cancelled: threading.Event) -> Failure | None:
    named = PurePosixPath(file.path)
    if named.is_absolute() or ".." in named.parts:
        message = f"The model names {file.path}, which is outside its own folder."
        return Failure(stage="verify", code="external_data_outside", message=message)
    try:
        found = _sha256(folder / named, cancelled)
    except OSError as error:
        return _mismatch(f"Cannot read {file.path}: {error.strerror}.")
    if found is None:
        return Failure(
            stage="verify", code="cancelled", message="The run was cancelled while its model was being checked."
        )
    if found != file.sha256:
        return _mismatch(f"{file.path} has SHA-256 {found}, but its manifest lists {file.sha256}.")
    return None


def _mismatch(message: str) -> Failure:
    return Failure(stage="verify", code="hash_mismatch", message=message)


def _sha256(path: Path, cancelled: threading.Event) -> str | None:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if cancelled.is_set():
                return None
            digest.update(chunk)
    return digest.hexdigest()
