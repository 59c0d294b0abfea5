"""The contract of a runner: a benchmark program built for Android that the user supplies, and how it is read.

A runner measures by its own rules. What its report cannot tell stays absent, with the reason.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgeprof.errors import UsageError
from edgeprof.wire.formats import ModelFormat
from edgeprof.wire.messages import Failure, RunConfig, RunProtocol
from edgeprof_agent.measuring.figures import Figures

_MACHINES = {183: "arm64-v8a", 40: "armeabi-v7a", 62: "x86_64", 3: "x86", 243: "riscv64"}
"""e_machine of the ELF header (elf.h) to Android's name."""
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a runner left behind that ended with status 0: its standard output and its error output."""

    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What the report says of how the model ran. `nodes`: how many of them ran where, empty where it is not told."""

    notes: tuple[str, ...] = ()
    delegate: str | None = None
    nodes: dict[str, int] = field(default_factory=dict[str, int])


class UnreadReport(Exception):
    """The report is not what this runner's documentation describes."""


class Runner(Protocol):
    """One program: which models it runs, how it is called, what its report says."""

    name: str
    formats: tuple[ModelFormat, ...]

    def arguments(self, model: str, config: RunConfig, protocol: RunProtocol) -> list[str]:
        """The command line after the program's name. `model`: the file's path on the phone."""
        ...

    def refusal(self, config: RunConfig) -> Failure | None:
        """Why this configuration cannot be run, if it cannot."""
        ...

    def read(self, report: Report, config: RunConfig, figures: Figures) -> Ran:
        """Add the figures, and the reasons for those that are missing. Raises UnreadReport."""
        ...


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A runner with the user's files: the program first, then the libraries that lie in its folder."""

    runner: Runner
    files: tuple[Path, ...]
    hashes: tuple[str, ...]
    """SHA-256 of each."""
    sha256: str
    """Of the program; of a folder, the SHA-256 of its `sha256sum` lines in order of names."""
    abi: str | None
    """What the program was built for; None where it is no ELF file."""

    @property
    def version(self) -> str:
        """What stands in results: the exact bytes, since the programs report no version of their own."""
        return f"sha256:{self.sha256[:16]}"


def install(runner: Runner, path: Path) -> Installed:
    """The runner at `path`: its program, or a folder that holds it and its libraries. Raises UsageError."""
    program = path / runner.name if path.is_dir() else path
    if not program.is_file():
        raise UsageError(
            "phone_runner_missing",
            f"No file {program}. Name the {runner.name} program built for Android, or the folder that holds it.",
        )
    beside = sorted(each for each in path.iterdir() if each.is_file() and each != program) if path.is_dir() else []
    libraries = [each for each in beside if ".so" in each.suffixes]
    try:
        files = (program, *libraries)
        hashes = tuple(_file_sha256(file) for file in files)
        return Installed(runner=runner, files=files, hashes=hashes, sha256=_sha256_of(files, hashes), abi=_abi(program))
    except OSError as error:
        raise UsageError("phone_runner_missing", f"Cannot read {error.filename}: {error.strerror}.") from error


def refused(code: str, what: str, runner: str) -> Failure:
    """The failure of a setting that a runner does not have."""
    message = f"{runner} on a phone does not support {what}. Leave it out for phones."
    return Failure(stage="start", code="input_unsupported" if code == "input" else "runtime_missing", message=message)


def refused_setting(config: RunConfig, runner: str) -> Failure | None:
    """Of settings that no runner here has."""
    if config.provider != "cpu":
        return refused("runtime", f"the provider {config.provider}", runner)
    if config.require_full_delegation:
        return refused("runtime", "full delegation", runner)
    chosen = {"input shapes": config.shapes, "sizes of symbols": config.dims, "input values": config.input_values}
    lost = [title for title, values in chosen.items() if values] + (["a signature"] if config.signature else [])
    return refused("input", " and ".join(lost), runner) if lost else None


def _sha256_of(files: Sequence[Path], hashes: Sequence[str]) -> str:
    if len(hashes) == 1:
        return hashes[0]
    lines = "".join(f"{digest}  {file.name}\n" for file, digest in zip(files, hashes, strict=True))
    return hashlib.sha256(lines.encode()).hexdigest()


def _file_sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _abi(program: Path) -> str | None:
    with program.open("rb") as stream:
        header = stream.read(20)
    if len(header) < 20 or header[:4] != b"\x7fELF":
        return None
    return _MACHINES.get(struct.unpack_from("<H", header, 18)[0], "another processor")
