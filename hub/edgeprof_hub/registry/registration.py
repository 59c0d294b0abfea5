"""A model is registered only after its stored files were inspected. Nothing of a rejected one stays."""

import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.gguf_split import stem_of
from edgeprof.modelfiles.proposals import FileFacts, facts_of
from edgeprof.wire import identity, rest
from edgeprof.wire.codec import MAX_MESSAGE_BYTES, encode
from edgeprof.wire.messages import FileRef, Manifest
from edgeprof_hub import names
from edgeprof_hub.blobs import BlobStore, is_hash
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.people import audit
from edgeprof_hub.registry import model_facts, tags
from edgeprof_hub.store.writer import SqliteWriter

MAX_MANIFEST_BYTES = MAX_MESSAGE_BYTES * 3 // 4
"""It travels in every job, whose message has a limit."""


def register(hub: HubContext, record: rest.ModelRecord) -> rest.ModelRecord:
    """Store the model, or raise EdgeprofError with the code of what is wrong with it."""
    check_manifest(record.manifest)
    if record.model_id != identity.model_id(record.manifest):
        raise EdgeprofError("bad_model_id", "The model's id is not the hash of its manifest.")
    check_stored(hub.blobs, record.manifest)
    facts = _check_contents(hub, record)
    return keep(hub, tidied(model_facts.with_facts(record, facts), time.time()))


def tidied(record: rest.ModelRecord, now_s: float) -> rest.ModelRecord:
    """With names that can be shown, and what the hub knows better. Raises UsageError: bad_name, bad_tag."""
    return replace(
        record,
        name=names.checked(record.name),
        family=names.tidy(record.family) or names.checked(record.name),
        tags=tags.checked(record.tags),
        size_bytes=identity.model_bytes(record.manifest),
        created_s=now_s,
    )


def keep(hub: HubContext, record: rest.ModelRecord) -> rest.ModelRecord:
    """Store the record of a model that was looked into and whose files are stored."""

    def change(store: SqliteWriter) -> rest.ModelRecord:
        check_stored(hub.blobs, record.manifest)  # again: a deletion may have come between
        known = hub.reader.model(record.model_id)
        store.save_model(model_facts.merged(known, model_facts.apart(record, hub.reader.models())))
        return hub.reader.model(record.model_id) or record

    saved = hub.writer.call(change)
    audit.about(saved.model_id, saved.name)
    hub.events.publish([Change("model", saved.model_id)])
    return saved


def check_manifest(manifest: Manifest) -> None:
    """Raises EdgeprofError for paths, hashes and sizes that no honest manifest has."""
    check_files(manifest)
    if len(encode(manifest)) > MAX_MANIFEST_BYTES:
        raise EdgeprofError("bad_manifest", "The model has more files than a job can list.")


def check_files(manifest: Manifest) -> None:
    """The same, however long the list is."""
    paths = [file.path for file in manifest.files]
    wrong = next((file.path for file in manifest.files if not _is_fine(file)), None)
    if wrong is not None:
        raise EdgeprofError("bad_manifest", f"The manifest's file {wrong[:80]!r} has an invalid path, size or hash.")
    if len(set(paths)) != len(paths) or manifest.entry not in paths:
        raise EdgeprofError("bad_manifest", "The manifest must list each file once, including its entry file.")
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    both = next((path for path in paths if path in folders), None)
    if both is not None:
        raise EdgeprofError("bad_manifest", f"The manifest lists {both[:80]!r} both as a file and as a folder.")


def _is_fine(file: FileRef) -> bool:
    return is_plain_path(file.path) and is_hash(file.sha256) and file.size >= 0


def is_plain_path(text: str) -> bool:
    """Whether a text names a file below a folder, on every machine alike, and nothing else."""
    path = PurePosixPath(text)
    return (
        text.isprintable()
        and "\\" not in text
        and str(path) == text
        and not path.is_absolute()
        and ".." not in path.parts
        and text not in ("", ".")
        and all(len(part.encode(errors="surrogatepass")) <= 255 for part in path.parts)
    )


def check_stored(blobs: BlobStore, manifest: Manifest) -> None:
    """Raises EdgeprofError for a file that is not here, or has another size."""
    for file in manifest.files:
        if not blobs.has(file.sha256):
            raise EdgeprofError("blob_missing", f"The file {file.path} is not on the hub. Upload it first.")
        if blobs.path(file.sha256).stat().st_size != file.size:
            raise EdgeprofError("bad_manifest", f"The size of {file.path} differs from the manifest.")


def _check_contents(hub: HubContext, record: rest.ModelRecord) -> FileFacts:
    """Lay the files out as the manifest says, and see what they are."""
    with tempfile.TemporaryDirectory(dir=hub.settings.data, prefix="looking-into-") as folder:
        found = inspect(_laid_out(Path(folder), hub.blobs, record.manifest))
        facts = facts_of(found)
    if found.format != record.format:
        raise EdgeprofError("wrong_format", f"{record.manifest.entry} is a {found.format} model, not {record.format}.")
    missing = sorted({file.path for file in found.manifest.files} - {file.path for file in record.manifest.files})
    if missing:
        raise EdgeprofError("truncated", f"The model needs {missing[0]}, which its manifest does not list.")
    return facts


def _laid_out(folder: Path, blobs: BlobStore, manifest: Manifest) -> Path:
    """The entry and GGUF parts by links; others as copies, because external data that is a link is refused by rule."""
    for file in manifest.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.path == manifest.entry or stem_of(file.path):
            target.symlink_to(blobs.path(file.sha256).absolute())
        else:
            shutil.copyfile(blobs.path(file.sha256), target)
    return folder / manifest.entry
