"""Results as files that `edgeprof compare DIR/A DIR/B` reads: `DIR/<set-up>/001.json`, its samples beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire.messages import ArtifactRef, Result
from edgeprof.wire.run_request import RunRequest
from edgeprof_agent.series.interleaving import Turn, order_of
from edgeprof_agent.series.setups import Setup

PLAN = "plan.json"
_FAILED = "failed"
_ARTIFACTS = "artifacts"


@dataclass(frozen=True, kw_only=True)
class PlannedSetup(RunRequest):
    """A set-up as plan.json tells it."""

    folder: str
    label: str


@dataclass(frozen=True, kw_only=True)
class SeriesPlan:
    """In which order a series runs. `turns` holds, for each run, the block and the set-up's index, both in order."""

    seed: int
    order: str
    setups: tuple[PlannedSetup, ...]
    turns: tuple[Turn, ...]


def plan_of(setups: Sequence[Setup], turns: Sequence[Turn], seed: int) -> SeriesPlan:
    """The plan of a series."""
    planned = tuple(
        PlannedSetup(folder=one.folder, label=one.label, config=one.config, protocol=one.protocol) for one in setups
    )
    return SeriesPlan(seed=seed, order=order_of(turns), setups=planned, turns=tuple(turns))


class Keeper:
    """Writes the results of one series into a folder; without a folder it keeps nothing.

    A failed run goes to `<set-up>/failed/`, as it has nothing to compare. Artifacts other than samples go to
    `<set-up>/artifacts/`, as every other `*.json` beside a result is taken for one.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def begin(self, plan: SeriesPlan) -> None:
        """Raises UsageError for a folder that holds something: two series must not be taken for one."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise UsageError("folder_not_empty", f"{self.folder} is not empty. Use another folder with --out.")
        except OSError as error:
            raise UsageError("file_unwritable", f"Cannot use {self.folder}: {error.strerror}.") from error
        self._write(self.folder / PLAN, _json(plan))

    def keep(self, setup: Setup, number: int, result: Result, artifacts: Mapping[str, bytes]) -> None:
        """One run and all that belongs to it. `number` counts the runs of its set-up."""
        if self.folder is None:
            return
        place = self.folder / setup.folder
        name = f"{number:03d}"
        if result.status != "measured":
            self._write(place / _FAILED / f"{name}.json", _json(result))
            return
        for ref in result.artifacts:
            if ref.sha256 in artifacts:
                self._write(place / _beside(name, ref), artifacts[ref.sha256])
        self._write(place / f"{name}.json", _json(result))

    def _write(self, file: Path, data: bytes) -> None:
        """The whole file or none of it, so that Ctrl-C leaves nothing that cannot be read."""
        fresh = file.with_name(file.name + ".new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(data)
            fresh.replace(file)
        except OSError as error:
            raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error


def _beside(name: str, ref: ArtifactRef) -> str:
    if ref.name == "samples":
        return f"{name}.samples.json"
    return f"{_ARTIFACTS}/{name}.{ref.name}{'.json' if ref.media_type == 'application/json' else ''}"


def _json(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"
