"""The wheels that this hub offers: those in its folder, and its own. Each is read once and known by its hash."""

import email.parser
import hashlib
import threading
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from edgeprof.errors import EdgeprofError
from edgeprof_hub.joining import own_wheel

FOLDER = "wheels"
"""Of the hub's data folder."""
OWN = "own"
"""In it: the wheel that was packed from this hub's own code."""
PROJECT = canonicalize_name("edgeprof")
MAX_METADATA_BYTES = 1 << 20


@dataclass(frozen=True)
class Wheel:
    """One file. `requires`: its dependencies, with their markers."""

    file: Path
    project: NormalizedName
    version: Version
    tags: frozenset[Tag]
    sha256: str
    size_bytes: int
    requires_python: str
    requires: tuple[Requirement, ...]

    @property
    def name(self) -> str:
        return self.file.name


class WheelIndex:
    """Safe from any thread. The folder may change at any time: `edgeprof hub wheels` fills it under a running hub."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[tuple[int, int], Wheel | None]] = {}
        self._has_own = False

    def wheels(self) -> list[Wheel]:
        """Those that can be read, by name. Raises EdgeprofError `not_packable`."""
        with self._lock:
            self._pack_own()
            files = sorted([*self.folder.glob("*.whl"), *(self.folder / OWN).glob(own_wheel.NAME)])
            self._known = {file: known for file, known in self._known.items() if file in set(files)}
            found = [self._read(file) for file in files]
        return list({wheel.name: wheel for wheel in reversed(found) if wheel is not None}.values())[::-1]

    def own(self) -> Wheel:
        """The newest edgeprof: what devices are given. Raises EdgeprofError `not_packable`."""
        return max((wheel for wheel in self.wheels() if wheel.project == PROJECT), key=lambda wheel: wheel.version)

    def _pack_own(self) -> None:
        """Once in this process; a wheel of this version that somebody put here goes before it."""
        if not self._has_own and not (self.folder / own_wheel.NAME).exists():
            own_wheel.pack(self.folder / OWN)
        self._has_own = True

    def _read(self, file: Path) -> Wheel | None:
        try:
            stat = file.stat()
            mark = stat.st_size, stat.st_mtime_ns
            known = self._known.get(file)
            if known is None or known[0] != mark:
                known = self._known[file] = mark, read(file)
            return known[1]
        except (OSError, EdgeprofError):
            return None


@lru_cache(maxsize=8)
def index_of(data: Path) -> WheelIndex:
    """That of a hub's data folder."""
    return WheelIndex(data / FOLDER)


def read(file: Path) -> Wheel:
    """What a wheel says of itself. Raises EdgeprofError `bad_wheel`."""
    try:
        project, version, _, tags = parse_wheel_filename(file.name)
        with zipfile.ZipFile(file) as archive:
            info = next(entry for entry in archive.infolist() if entry.filename.endswith(".dist-info/METADATA"))
            if info.file_size > MAX_METADATA_BYTES:
                raise ValueError("its METADATA is too long")
            metadata = email.parser.Parser().parsestr(archive.read(info).decode())
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Wheel(
            file=file,
            project=project,
            version=version,
            tags=tags,
            sha256=digest,
            size_bytes=file.stat().st_size,
            requires_python=str(metadata.get("Requires-Python", "")),
            requires=tuple(Requirement(str(line)) for line in metadata.get_all("Requires-Dist", [])),
        )
    except StopIteration as error:
        raise EdgeprofError("bad_wheel", f"{file.name} is not a wheel: it holds no METADATA.") from error
    except (
        InvalidWheelFilename,
        InvalidRequirement,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        RuntimeError,
    ) as error:
        raise EdgeprofError("bad_wheel", f"{file.name} is not a wheel: {error}.") from error
