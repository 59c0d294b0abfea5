"""What a probe is: a few named quantities of the device, read from files that are kept open."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Value = float | str | None
"""None: could not be read at that moment."""
NUMBER_BYTES = 64
OWN = "main thread"
"""A label: of the core that the worker's main thread last ran on."""


@dataclass(frozen=True)
class Site:
    """Where probes look. Files of the device lie under `root`; the worker is a process of this machine."""

    root: Path
    worker_pid: int
    cores: tuple[int, ...]
    """The cores that the worker may use."""


class Absent(Exception):
    """This device has nothing for a probe to read; the text is the reason that a person sees."""


class Probe(Protocol):
    """One kind of quantity. Made with a Site; the constructor raises Absent (or OSError) where there is nothing."""

    group: str
    """Its name in the trace."""
    unit: str
    labels: Sequence[str]
    problem: str | None
    """Why a reading failed, the first one that did."""

    def read(self) -> Sequence[Value]:
        """A value for each label. OSError and ValueError mean that none could be had."""
        ...


class ProbeClass(Protocol):
    """How the registry makes a probe."""

    def __call__(self, site: Site) -> Probe: ...


class ProbeFile:
    """A small file of the kernel that is opened once: reading it again costs one system call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, size: int) -> bytes:
        """Its content now. Raises OSError where the kernel has none to give."""
        return os.pread(self._fd, size, 0)

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            os.close(self._fd)


class NumberFiles:
    """Files of one integer each. One that fails costs its own reading, not that of the others."""

    def __init__(self, files: dict[str, ProbeFile], factor: float) -> None:
        self.labels = tuple(files)
        self.problem: str | None = None
        self._files = tuple(files.values())
        self._factor = factor

    def read(self) -> list[Value]:
        values: list[Value] = []
        for file in self._files:
            try:
                values.append(int(file.read(NUMBER_BYTES)) * self._factor)
            except (OSError, ValueError) as error:
                values.append(None)
                self.failed(file, error)
        return values

    def failed(self, file: ProbeFile, error: Exception) -> None:
        """Keeps the first reason."""
        if self.problem is None:
            what = error.strerror if isinstance(error, OSError) else "no number"
            self.problem = f"{file.path.parent.name}/{file.path.name}: {what}"


def opened(paths: dict[str, Path]) -> dict[str, ProbeFile]:
    """Those of the files that are there and give something."""
    files: dict[str, ProbeFile] = {}
    for label, path in paths.items():
        with suppress(OSError):
            file = ProbeFile(path)
            file.read(1)
            files[label] = file
    return files


def unique(names: Sequence[str]) -> list[str]:
    """The names in order; a second one of a name gets a number."""
    seen: dict[str, int] = {}
    told: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return told
