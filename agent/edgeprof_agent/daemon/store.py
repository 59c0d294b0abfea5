"""Models and evaluation sets on disk: each file once, by its SHA-256; a folder of links each; the least used goes."""

import hashlib
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity
from edgeprof.wire.messages import FileRef, Manifest
from edgeprof_agent.daemon.durable import replace_durably, sync_folder
from edgeprof_agent.daemon.pace import Pace, lower
from edgeprof_agent.worker_protocol.progress import OnProgress

log = logging.getLogger(__name__)

HEADROOM_BYTES = 200 * 1024 * 1024
"""Left free on the disk whatever a model wants: for results, logs and the system."""
CHUNK_BYTES = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")

Download = Callable[[FileRef, Path, threading.Event, Callable[[int], None]], None]
"""Fills a file, or raises EdgeprofError whose code is a FailureCode."""
FreeBytes = Callable[[Path], int]


def free_bytes(folder: Path) -> int:
    """What an ordinary process may still write there."""
    return shutil.disk_usage(folder).free


class Stored(Protocol):
    """What the store holds: a model as a job names it, or the files of an evaluation set."""

    @property
    def model_id(self) -> str:
        """The hash of the manifest."""
        ...

    @property
    def name(self) -> str: ...
    @property
    def manifest(self) -> Manifest: ...


def check_manifest(model: Stored) -> None:
    """Refuse a manifest whose files would not lie below the model's own folder, or that is not the model named."""
    manifest = model.manifest
    paths = [file.path for file in manifest.files]
    for file in manifest.files:
        _check_file(file)
    if len(set(paths)) != len(paths) or manifest.entry not in paths:
        raise EdgeprofError("not_a_model", f"The manifest of {model.name} must name each file once, and its entry.")
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    if clash := folders & set(paths):
        raise EdgeprofError("not_a_model", f"The manifest names {min(clash)!r} both as a file and as a folder.")
    if identity.model_id(manifest) != model.model_id:
        raise EdgeprofError("hash_mismatch", f"The manifest of {model.name} does not match its id.")


def _check_file(file: FileRef) -> None:
    parts = file.path.split("/")
    strange = any(part in ("", ".", "..") or len(part.encode(errors="replace")) > 255 for part in parts)
    if strange or "\\" in file.path or not file.path.isprintable():
        raise EdgeprofError(
            "not_a_model", f"The manifest names {file.path[:200]!r}, which is not a path in its folder."
        )
    if not _SHA256.fullmatch(file.sha256) or file.size < 0:
        raise EdgeprofError("not_a_model", f"The manifest of {file.path!r} has an invalid size or SHA-256.")


@dataclass(frozen=True)
class ModelStore:
    """`blobs/<sha256>`, `partial/<sha256>.part`, `models/<model_id>/<path>` and `models/<model_id>.json`."""

    folder: Path
    budget_bytes: int
    download: Download
    free_bytes: FreeBytes = free_bytes
    limit_mbps: float | None = None
    """Of a download, in Mbit/s."""
    spare_last: Callable[[], Collection[str]] = tuple
    """Models that go only where no other is left: previous versions."""

    def limited(self, limit_mbps: float | None) -> "ModelStore":
        """The same store, with a job's own limit where that is stricter."""
        return replace(self, limit_mbps=lower(self.limit_mbps, limit_mbps))

    def prepare(
        self, model: Stored, keep: Collection[str], cancelled: threading.Event, on_progress: OnProgress
    ) -> Path:
        """The model's folder, complete, every byte checked now. Models named in `keep` are never evicted.

        Raises EdgeprofError whose code is a FailureCode.
        """
        check_manifest(model)
        for name in ("blobs", "partial", "models"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        on_progress("verify", None, "")
        wanted = {file.sha256: file for file in model.manifest.files}
        missing = [file for file in wanted.values() if not self._is_sound(file, cancelled)]
        self._make_room(model, missing, keep)
        self._note_use(model)
        for file in missing:
            self._fetch(file, cancelled, on_progress)
        return self._link(model)

    def _blob(self, sha256: str) -> Path:
        return self.folder / "blobs" / sha256

    def _part(self, file: FileRef) -> Path:
        return self.folder / "partial" / f"{file.sha256}.part"

    def _is_sound(self, file: FileRef, cancelled: threading.Event) -> bool:
        """Whether the blob is here with the right bytes; one that rotted is removed and fetched again."""
        blob = self._blob(file.sha256)
        if not blob.exists():
            return False
        if blob.stat().st_size == file.size and sha256_of(blob, cancelled) == file.sha256:
            return True
        log.warning("store.rotten blob=%s", file.sha256[:12])
        blob.unlink()
        return False

    def _fetch(self, file: FileRef, cancelled: threading.Event, on_progress: OnProgress) -> None:
        part = self._part(file)
        pace = Pace(self.limit_mbps, cancelled)

        def on_bytes(done: int) -> None:
            pace.reached(done)
            on_progress("fetch", done / file.size if file.size else 1.0, f"{done}/{file.size} bytes of {file.path}")

        self.download(file, part, cancelled, on_bytes)
        part.chmod(0o444)
        os.replace(part, self._blob(file.sha256))
        sync_folder(self.folder / "blobs")

    def _link(self, model: Stored) -> Path:
        """Build the folder aside and put it in place, so that a half-built one is never run."""
        target = self.folder / "models" / model.model_id
        if not all(_same(target / file.path, self._blob(file.sha256)) for file in model.manifest.files):
            fresh = target.with_name(f".{model.model_id}")
            shutil.rmtree(fresh, ignore_errors=True)
            for file in model.manifest.files:
                link = fresh / file.path
                link.parent.mkdir(parents=True, exist_ok=True)
                _link_or_copy(self._blob(file.sha256), link)
            shutil.rmtree(target, ignore_errors=True)
            os.replace(fresh, target)
            sync_folder(target.parent)
        return target

    def _note_use(self, model: Stored) -> None:
        """The record's time is the time of last use; it names the blobs that must stay."""
        record = self.folder / "models" / f"{model.model_id}.json"
        replace_durably(record, msgspec.json.encode(model.manifest))

    def _make_room(self, model: Stored, missing: list[FileRef], keep: Collection[str]) -> None:
        total = sum({file.sha256: file.size for file in model.manifest.files}.values())
        if total > self.budget_bytes:
            raise EdgeprofError(
                "no_space",
                f"{model.name} has {_mib(total)}; the agent stores at most {_mib(self.budget_bytes)} of models. "
                "Raise store_budget_mib in the agent's settings.",
            )
        needed = sum(max(0, file.size - self._begun_bytes(file)) for file in missing)
        wanted = {file.sha256 for file in model.manifest.files}
        self._evict(needed, wanted, {*keep, model.model_id})
        free = self.free_bytes(self.folder)
        if missing and free < needed * 1.1 + HEADROOM_BYTES:
            raise EdgeprofError(
                "no_space",
                f"{model.name} needs {_mib(needed)} more, plus 10 % and {_mib(HEADROOM_BYTES)} of headroom; "
                f"{_mib(free)} are free on the disk of {self.folder}.",
            )

    def _evict(self, needed: int, wanted: set[str], keep: set[str]) -> None:
        """Remove models, the least recently used first, until the budget and the disk have room."""
        self._drop_unnamed(wanted)
        last = set(self.spare_last())
        records = sorted(
            (self.folder / "models").glob("*.json"),
            key=lambda record: (record.stem in last, record.stat().st_mtime_ns),
        )
        for record in records:
            if self._used_bytes() + needed <= self.budget_bytes and self._disk_has(needed):
                return
            if record.stem not in keep:
                log.info("store.evicted model=%s", record.stem[:12])
                shutil.rmtree(record.with_suffix(""), ignore_errors=True)
                record.unlink()
                self._drop_unnamed(wanted)

    def _begun_bytes(self, file: FileRef) -> int:
        """What an earlier try left of a file: it is on the disk already and will be built on."""
        try:
            return self._part(file).stat().st_size
        except FileNotFoundError:
            return 0

    def _disk_has(self, needed: int) -> bool:
        return needed == 0 or self.free_bytes(self.folder) >= needed * 1.1 + HEADROOM_BYTES

    def _used_bytes(self) -> int:
        return sum(blob.stat().st_size for blob in (self.folder / "blobs").iterdir())

    def _drop_unnamed(self, wanted: set[str]) -> None:
        """Blobs and parts that no model names: what an eviction or an abandoned download left."""
        named = set(wanted)
        for record in (self.folder / "models").glob("*.json"):
            named.update(_blobs_of(record))
        for file in (*(self.folder / "blobs").iterdir(), *(self.folder / "partial").iterdir()):
            if file.name.partition(".")[0] not in named:
                file.unlink()


def sha256_of(file: Path, cancelled: threading.Event) -> str:
    """The hash of what is on the disk now."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            if cancelled.is_set():
                raise EdgeprofError("cancelled", "The job was cancelled while its model was being checked.")
            digest.update(chunk)
    return digest.hexdigest()


def _blobs_of(record: Path) -> set[str]:
    try:
        manifest = msgspec.json.decode(record.read_bytes(), type=Manifest)
    except msgspec.MsgspecError:  # torn by a power cut; its blobs are fetched again when they are asked for
        return set()
    return {file.sha256 for file in manifest.files}


def _same(link: Path, blob: Path) -> bool:
    return link.exists() and not link.is_symlink() and link.samefile(blob)


def _link_or_copy(blob: Path, link: Path) -> None:
    try:
        os.link(blob, link)
    except OSError:  # FAT, or a file system without hard links
        shutil.copyfile(blob, link)


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
