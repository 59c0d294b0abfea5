"""A run's bundle, as the hub gives it out, on this machine: unpacked, and believed only after it was checked."""

import shutil
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import ArtifactRef, Manifest, Result

MAX_DOCUMENT_BYTES = 64 * 1024**2
COPIED_BYTES = 1024**2


class _Model(msgspec.Struct):
    manifest: Manifest


@dataclass(frozen=True)
class Bundle:
    """The run that was recorded, and its model on this disk."""

    result: Result
    model: ModelFile
    artifacts: dict[str, bytes]

    @property
    def run(self) -> Run:
        """The recorded run as one side of a comparison."""
        return Run("bundle", self.result, self._artifact)

    def _artifact(self, ref: ArtifactRef) -> bytes | None:
        data = self.artifacts.get(ref.name)
        return data if data is not None and identity.sha256_hex(data) == ref.sha256 else None


@contextmanager
def opened(file: Path) -> Generator[Bundle]:
    """The bundle's run and model, gone from this disk afterwards. Raises EdgeprofError: not_a_bundle."""
    with TemporaryDirectory(prefix="edgeprof-bundle-") as folder:
        try:
            with zipfile.ZipFile(file) as archive:
                bundle = _unpacked(archive, Path(folder))
        except (zipfile.BadZipFile, KeyError, ValueError, OSError, NotImplementedError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise EdgeprofError(
                "not_a_bundle", f"{file} is not a run's bundle: {reason or type(error).__name__}."
            ) from error
        yield bundle


def _unpacked(archive: zipfile.ZipFile, folder: Path) -> Bundle:
    result = msgspec.json.decode(_small(archive, "result.json"), type=Result)
    manifest = msgspec.json.decode(_small(archive, "model.json"), type=_Model).manifest
    for file in manifest.files:
        target = folder / file.path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"its file {file.path!r} is outside the bundle")
        _copy(archive, f"model/{file.path}", file.size, target)
    model = inspect(folder / manifest.entry)
    if identity.model_id(model.manifest) != result.model_id:
        raise ValueError("its model is not the one of its run")
    names = set(archive.namelist())
    artifacts = {
        ref.name: _small(archive, f"artifacts/{ref.name}")
        for ref in result.artifacts
        if f"artifacts/{ref.name}" in names
    }
    return Bundle(result, model, artifacts)


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_DOCUMENT_BYTES:
        raise ValueError(f"its {name} is too large")
    return archive.read(name)


def _copy(archive: zipfile.ZipFile, name: str, size: int, target: Path) -> None:
    """Unpack one file, as long as its manifest says and no longer."""
    if archive.getinfo(name).file_size != size:
        raise ValueError(f"its {name} does not have the length in its manifest")
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, COPIED_BYTES)
