"""What the installer has to know of the device: processor, Python, C library, system. Reads files, starts nothing."""

import os
import platform
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from edgeprof.fit.wheels import CPU_FLAGS

_ARM_32 = {"aarch64": "armv7l", "armv8l": "armv7l"}
"""A 32-bit system on a 64-bit kernel, as on Raspberry Pi OS: its Python needs 32-bit wheels."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """`glibc` is empty where the C library is another one (musl), `model` where the board names none."""

    machine: str
    python: tuple[int, int]
    glibc: str
    flags: frozenset[str]
    """Of the processor, those that a runtime's wheel may need."""
    system: str
    model: str
    has_systemd: bool

    @property
    def target(self) -> str:
        """As `edgeprof hub wheels --for` takes it: `aarch64-cp311`."""
        return f"{self.machine}-cp{self.python[0]}{self.python[1]}"

    @property
    def title(self) -> str:
        python = f"Python {self.python[0]}.{self.python[1]}"
        libc = f"glibc {self.glibc}" if self.glibc else "no glibc"
        return ", ".join(part for part in (self.model, self.system, self.machine, python, libc) if part)


def detect(root: Path = Path("/")) -> Board:
    """This device. `root`: where its files lie."""
    machine = platform.machine()
    return Board(
        machine=_ARM_32.get(machine, machine) if struct.calcsize("P") == 4 else machine,
        python=sys.version_info[:2],
        glibc=_glibc(),
        flags=_flags(root / "proc/cpuinfo"),
        system=_system(root / "etc/os-release"),
        model=_text(root / "proc/device-tree/model").rstrip("\0\n"),
        has_systemd=(root / "run/systemd/system").is_dir(),
    )


def _glibc() -> str:
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):  # musl knows no such name
        return ""
    return version if name == "glibc" else ""


def _flags(file: Path) -> frozenset[str]:
    for line in _text(file).splitlines():
        name, _, words = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return CPU_FLAGS & frozenset(words.split())
    return frozenset()


def _system(file: Path) -> str:
    for line in _text(file).splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip().strip('"')
    return platform.system()


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
