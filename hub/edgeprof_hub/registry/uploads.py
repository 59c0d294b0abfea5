"""Model files that come by the browser: looked into in a folder of their own, and stored only when they are models."""

import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path, PurePosixPath

import anyio.to_thread

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import ModelFile, format_of_name, inspect
from edgeprof.modelfiles.gguf_split import first_part_of
from edgeprof.modelfiles.record import Labels, record_of_file
from edgeprof.wire import rest
from edgeprof.wire.messages import Manifest
from edgeprof_hub.blobs import GIB, MAX_MODEL_FILE_BYTES, MIB, RESERVED_BYTES, no_space
from edgeprof_hub.context import HubContext
from edgeprof_hub.registry import registration
from edgeprof_hub.registry.upload_form import UploadForm

FOLDER = "uploads"
MAX_FILES_BYTES = 2 * GIB
MAX_UPLOAD_BYTES = MAX_FILES_BYTES + MIB
"""The files, and the form around them."""
_AT_ONCE_BYTES = MIB


def clear(data: Path) -> None:
    """Remove what uploads left that a stopped hub cut off."""
    shutil.rmtree(data / FOLDER, ignore_errors=True)


@contextmanager
def place(hub: HubContext) -> Generator[Path]:
    """An empty folder for one upload; what is left in it goes."""
    folder = hub.settings.data / FOLDER / secrets.token_hex(8)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_size(hub: HubContext, size: int) -> None:
    """Whether so much may come at all, before a byte of it is read. Raises EdgeprofError: too_large, no_space."""
    if size > MAX_UPLOAD_BYTES:
        raise _too_large()
    if shutil.disk_usage(hub.settings.data).free < size + RESERVED_BYTES:
        raise no_space()


def check_sizes(hub: HubContext, sizes: Sequence[int]) -> None:
    """The same of files that come in parts, each for itself."""
    if max(sizes, default=0) > MAX_MODEL_FILE_BYTES:
        raise EdgeprofError("too_large", f"A model file has at most {MAX_MODEL_FILE_BYTES // GIB} GiB.")
    if shutil.disk_usage(hub.settings.data).free < sum(sizes) + RESERVED_BYTES:
        raise no_space()


def store_part(hub: HubContext, upload_id: str) -> None:
    """Store a file that came in parts under the hash that its sender named. Raises EdgeprofError: hash_mismatch."""
    upload, path = hub.parts.finished(upload_id)
    hub.blobs.adopt(path, upload.sha256)
    hub.parts.remove(upload_id)


def add_parts(hub: HubContext, upload_ids: Sequence[str], labels: Labels) -> list[rest.ModelRecord]:
    """The models among files that came in parts, registered. The parts of a refused model stay."""
    with place(hub) as folder:
        for upload_id in upload_ids:
            upload, path = hub.parts.finished(upload_id)
            name = PurePosixPath(upload.name.replace("\\", "/")).name
            if not registration.is_plain_path(name) or (folder / name).exists():
                raise EdgeprofError(
                    "bad_file_name", f"{upload.name[:80]!r} is not a valid file name, or two files have it."
                )
            _link_or_copy(path, folder / name)
        records = add(hub, sorted(folder.iterdir()), labels)
    for upload_id in upload_ids:
        hub.parts.remove(upload_id)
    return records


def _too_large() -> EdgeprofError:
    return EdgeprofError(
        "too_large",
        f"An upload holds at most {MAX_FILES_BYTES // GIB} GiB without JavaScript, and files of up to "
        f"{MAX_MODEL_FILE_BYTES // GIB} GiB with it. Or run `edgeprof flash FILE --to DEVICE`.",
    )


async def receive(form: UploadForm, chunks: AsyncIterator[bytes]) -> None:
    """Write what arrives into the form's folder. Raises EdgeprofError, also for a body that is longer than allowed."""
    size, waiting = 0, bytearray()
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > MAX_UPLOAD_BYTES:
                raise _too_large()
            waiting += chunk
            if len(waiting) >= _AT_ONCE_BYTES:
                await anyio.to_thread.run_sync(form.write, bytes(waiting))
                waiting.clear()
        await anyio.to_thread.run_sync(form.write, bytes(waiting))
        form.finish()
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise no_space() from error
        raise
    finally:
        form.close()


def add(hub: HubContext, files: Sequence[Path], labels: Labels) -> list[rest.ModelRecord]:
    """The models among the files, registered. The other files must belong to them.

    All are looked into before the first is stored.
    """
    names = {path.name for path in files}
    entries = [path for path in files if format_of_name(path) and first_part_of(path.name) not in names]
    entries = entries or list(files[:1])
    if not entries:
        raise EdgeprofError("no_file", "Select a model file: .onnx, .ort, .tflite, .gguf or .served.")
    if len(entries) > 1 and (labels.name or labels.family):
        raise EdgeprofError(
            "one_name", f"{len(entries)} models selected. Leave the name empty, or upload one model at a time."
        )
    found = [inspect(path) for path in entries]
    used = {file.path for model in found for file in model.manifest.files}
    if strange := sorted(path.name for path in files if path.name not in used):
        raise EdgeprofError("unknown_file", f"{strange[0]} belongs to none of the selected models.")
    records = [
        _checked(record_of_file(model, path, labels, has_folder=False))
        for model, path in zip(found, entries, strict=True)
    ]
    return [_kept(hub, model, record) for model, record in zip(found, records, strict=True)]


def _checked(record: rest.ModelRecord) -> rest.ModelRecord:
    registration.check_manifest(record.manifest)
    return registration.tidied(record, time.time())


def _kept(hub: HubContext, model: ModelFile, record: rest.ModelRecord) -> rest.ModelRecord:
    for file in model.manifest.files:
        hub.blobs.adopt(_own_copy(model.folder / file.path), file.sha256)
    try:
        return registration.keep(hub, record)
    except BaseException:
        _forget(hub, model.manifest)
        raise


def _own_copy(path: Path) -> Path:
    """A second name for the file: the next model of this upload may need it, too."""
    twin = path.with_name(f".{secrets.token_hex(8)}")
    _link_or_copy(path, twin)
    return twin


def _link_or_copy(path: Path, twin: Path) -> None:
    try:
        os.link(path, twin)
    except OSError:  # a file system without second names
        shutil.copyfile(path, twin)


def _forget(hub: HubContext, manifest: Manifest) -> None:
    hashes = [file.sha256 for file in manifest.files]
    hub.writer.call(lambda _: hub.blobs.remove(hub.reader.unused_blobs(hashes)))
