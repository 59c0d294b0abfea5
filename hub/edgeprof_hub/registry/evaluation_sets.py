"""Evaluation sets: read from their stored files and registered under the id that follows from those; deleted."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import EvaluationSet
from edgeprof.quality.file_index import INDEX_FILE, MAX_INDEX_BYTES, index_of, manifest_in, shortened, whole
from edgeprof.quality.sets import read_set
from edgeprof.wire import rest
from edgeprof.wire.messages import Manifest
from edgeprof_hub import names
from edgeprof_hub.blobs import BlobStore
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.registry import registration
from edgeprof_hub.store import evaluations
from edgeprof_hub.store.writer import SqliteWriter


def register(hub: HubContext, new: rest.NewEvaluationSet) -> rest.EvaluationSetRecord:
    """Store a set whose files are here. Raises EdgeprofError with the code of what is wrong with it."""
    registration.check_manifest(new.manifest)
    known = [new.manifest]
    try:
        return _registered(hub, new, known)
    except EdgeprofError as error:
        if error.code != "blob_missing":  # which a client mends: it sends what is missing
            _forget(hub, known)
        raise


def _registered(hub: HubContext, new: rest.NewEvaluationSet, known: list[Manifest]) -> rest.EvaluationSetRecord:
    """`known` takes the manifest with all files, once that can be read."""
    registration.check_stored(hub.blobs, new.manifest)
    manifest = _whole(hub.blobs, new.manifest)
    known.append(manifest)
    with tempfile.TemporaryDirectory(dir=hub.settings.data, prefix="looking-into-") as folder:
        _lay_out(Path(folder), hub.blobs, manifest)
        found = read(Path(folder), new.name)
    if new.set_id and new.set_id != found.set_id:
        raise EdgeprofError(
            "set_id_mismatch", f"The files are the set {found.set_id[:12]}…, not {new.set_id[:12]!r}. Push them again."
        )
    return _keep(hub, found, new.name, new.manifest, manifest)


def adopt(hub: HubContext, folder: Path, name: str) -> rest.EvaluationSetRecord:
    """Store the set in a folder of this machine, whose files are taken from there. Empty name: the set's own."""
    found = read(folder, name or folder.name)
    names.checked(name or found.facts.name)  # before its files are stored
    manifest = manifest_in(folder, found)
    short, index = shortened(manifest)
    for file in manifest.files:
        hub.blobs.adopt(folder / file.path, file.sha256)
    if index is not None and (listed := index_of(short)) is not None:
        (folder / INDEX_FILE).write_bytes(index)
        hub.blobs.adopt(folder / INDEX_FILE, listed.sha256)
    return _keep(hub, found, name or found.facts.name, short, manifest)


def read(folder: Path, name: str) -> EvaluationSet:
    """The set in a folder; errors name the set and not the folder, which only the hub knows."""
    try:
        return read_set(folder)
    except EdgeprofError as error:
        raise type(error)(error.code, error.message.replace(str(folder), name or "set")) from error


def delete(hub: HubContext, set_id: str) -> None:
    """With those of its files that nothing else has. Open jobs are cancelled; results stay."""
    if (gone := hub.reader.evaluations.set(set_id)) is not None:
        audit.about(set_id, gone.name)

    def change(store: SqliteWriter) -> bool:
        jobs = [job for job in hub.reader.open_jobs() if job.config.evaluation_set == set_id]
        hashes = hub.reader.evaluations.files(set_id)
        if not store.change(lambda connection: evaluations.delete_set(connection, set_id)):
            return False
        hub.blobs.remove(hub.reader.unused_blobs(hashes))
        for job in jobs:
            hub.dispatch.notify_cancelled(job)
        return True

    if not hub.writer.call(change):
        raise not_found("evaluation set", set_id)
    hub.events.publish([Change("evaluation_set", set_id)])


def get(hub: HubContext, set_id: str) -> rest.EvaluationSetRecord:
    """One set. Raises EdgeprofError: not_found."""
    record = hub.reader.evaluations.set(set_id)
    if record is None:
        raise not_found("evaluation set", set_id)
    return record


def _forget(hub: HubContext, manifests: Iterable[Manifest]) -> None:
    """Files of a refused set that nothing else has."""
    hashes = {file.sha256 for manifest in manifests for file in manifest.files}
    hub.writer.call(lambda _: hub.blobs.remove(hub.reader.unused_blobs(hashes)))


def _keep(
    hub: HubContext, found: EvaluationSet, name: str, sent: Manifest, manifest: Manifest
) -> rest.EvaluationSetRecord:
    """`sent`: as jobs will carry it; `manifest`: every file of the set."""
    record = _record(found, names.checked(name), sent, manifest)
    hashes = [file.sha256 for file in (*sent.files, *manifest.files)]

    def change(store: SqliteWriter) -> rest.EvaluationSetRecord:
        registration.check_stored(hub.blobs, sent)  # again: a deletion may have come between
        registration.check_stored(hub.blobs, manifest)
        store.change(lambda connection: evaluations.save_set(connection, record, hashes))
        return hub.reader.evaluations.set(record.set_id) or record

    saved = hub.writer.call(change)
    audit.about(saved.set_id, saved.name)
    hub.events.publish([Change("evaluation_set", saved.set_id)])
    return saved


def _whole(blobs: BlobStore, manifest: Manifest) -> Manifest:
    """The manifest with all files of the set, each of them stored here."""
    index = index_of(manifest)
    if index is None:
        return manifest
    if index.size > MAX_INDEX_BYTES:
        raise EdgeprofError("too_large", f"{INDEX_FILE} is over the limit of {MAX_INDEX_BYTES // 2**20} MiB.")
    try:
        found = whole(manifest, blobs.path(index.sha256).read_bytes())
    except ValueError as error:
        raise EdgeprofError("bad_set", f"{error}.") from error
    registration.check_files(found)
    registration.check_stored(blobs, found)
    return found


def _lay_out(folder: Path, blobs: BlobStore, manifest: Manifest) -> None:
    """The files as the manifest says, as second names of the blobs: a set holds no links."""
    for file in manifest.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        _second_name(blobs.path(file.sha256), target)


def _second_name(blob: Path, target: Path) -> None:
    try:
        os.link(blob, target)
    except OSError:  # a file system without second names
        shutil.copyfile(blob, target)


def _record(found: EvaluationSet, name: str, sent: Manifest, manifest: Manifest) -> rest.EvaluationSetRecord:
    facts = found.facts
    sizes = {file.sha256: file.size for file in manifest.files}
    return rest.EvaluationSetRecord(
        set_id=found.set_id,
        names=(name,),
        task=facts.task,
        domain=facts.domain,
        language=facts.language,
        items=len(found.items),
        size_bytes=sum(sizes.values()),
        licence=names.tidy(facts.licence),
        source=names.tidy(facts.source),
        manifest=sent,
        facts=asdict(facts),
        created_s=time.time(),
    )
