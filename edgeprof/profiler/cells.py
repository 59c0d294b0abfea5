"""What came of one model on one target: results and named failures; saved to a folder and read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire.costs import CostView
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import Result

RECORDING = "recording.json"
_ARTIFACTS = "artifacts"


@dataclass(frozen=True, kw_only=True)
class CellFailure:
    """Why there is no result. `about`: the evaluation set, or empty for the cell itself."""

    code: str
    message: str
    about: str = ""

    @classmethod
    def of(cls, error: EdgeprofError, about: str = "") -> "CellFailure":
        """The failure that an error names."""
        return cls(code=error.code, message=error.message, about=about)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A model on a target. `results`: of speed and of every set, in the order in which they were asked for."""

    model: str
    target: str
    device: str
    """The device's label, which a word as `edge` stands for; this machine's name, or an endpoint's host."""
    results: tuple[Result, ...] = ()
    failures: tuple[CellFailure, ...] = ()
    cost: CostView | None = None
    cost_absent: str = ""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """All cells, and the artifacts of their results by SHA-256: samples and outcomes."""

    cells: tuple[Cell, ...]
    artifacts: Mapping[str, bytes] = field(default_factory=lambda: {}, repr=False)

    def run(self, result: Result) -> Run:
        """A result as comparisons read it."""
        return Run(result.model_name, result, lambda ref: self.artifacts.get(ref.sha256))

    def artifact(self, result: Result, name: str) -> bytes | None:
        """The artifact of that name; None where the result has none, or it was not saved."""
        return next((self.artifacts.get(ref.sha256) for ref in result.artifacts if ref.name == name), None)


class _Document(msgspec.Struct, kw_only=True):
    recording: int
    cells: tuple[Cell, ...]


def save(recording: Recording, folder: Path) -> None:
    """Write it to a new or empty folder. Raises EdgeprofError: folder_not_empty, file_unwritable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError("folder_not_empty", f"{folder} is not empty. Use another folder with --save.")
        (folder / _ARTIFACTS).mkdir()
        for name, data in recording.artifacts.items():
            (folder / _ARTIFACTS / name).write_bytes(data)
        document = _Document(recording=1, cells=recording.cells)
        (folder / RECORDING).write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write to {folder}: {error.strerror}.") from error


def load(folder: Path) -> Recording:
    """What `save` wrote. Raises UsageError `bad_recording`; an artifact that changed is left out."""
    try:
        found = msgspec.json.decode((folder / RECORDING).read_bytes(), type=_Document)
        files = sorted((folder / _ARTIFACTS).iterdir())
        artifacts = {file.name: data for file in files if sha256_hex(data := file.read_bytes()) == file.name}
    except OSError as error:
        raise UsageError("bad_recording", f"Cannot read {folder}: {error.strerror}. Make one with --save.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise UsageError("bad_recording", f"{folder / RECORDING} is not a recording: {error}.") from error
    return Recording(cells=found.cells, artifacts=artifacts)


def in_plan_order(cells: Sequence[Cell], models: Sequence[str]) -> tuple[Cell, ...]:
    """By model as in the plan; a model's targets keep their order."""
    place = {name: index for index, name in enumerate(dict.fromkeys(models))}
    return tuple(sorted(cells, key=lambda cell: place.get(cell.model, len(place))))
