"""Results into Weights & Biases, through its own package: a run each, into a folder for `wandb sync`, or at once.

A run's id is its result's, so that one which is sent twice is still one run. What W&B would add by itself (this
machine's name, packages, processor and git state) is left out: it says nothing about a device.
"""

import importlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.publish_mark import last_seq, set_last_seq

Mode = Literal["offline", "online"]
Row = Mapping[str, Any]
CONFIG = (
    *("runtime", "runtime_version", "threads", "provider", "config_key", "quantization", "format", "task", "family"),
    *("device", "device_id", "model", "model_id", "result_id", "agent_version", "emulated", "replayed", "trust"),
    *("status", "failure_code", "seq", "received_s"),
)
LONGEST_TAG = 64
INIT_TIMEOUT_S = 60.0


class Run(Protocol):
    """What of a W&B run is used."""

    summary: Any

    def log(self, data: Mapping[str, float]) -> None: ...
    def finish(self, exit_code: int) -> None: ...


class Wandb(Protocol):
    """What of the package is used."""

    errors: Any
    Settings: Callable[..., object]

    def init(self, **arguments: object) -> Run: ...


class Target:
    """A project. `folder`: where runs lie until they are synced, and where the mark is."""

    def __init__(self, folder: Path, mode: Mode, project: str, entity: str | None) -> None:
        self._folder, self._mode, self._project, self._entity = folder, mode, project, entity
        self._wandb = _package()

    def publish(self, rows: list[Row]) -> None:
        """One result: the lines of the export that are of it. Raises EdgeprofError where W&B refuses."""
        try:
            run = self._begun(rows[0])
            figures = dict(figures_of(rows))
            if figures:
                run.log({name: value for name, value in figures.items() if "." not in name})
            for name, value in figures.items():
                run.summary[name] = value
            run.finish(exit_code=0 if rows[0]["status"] == "measured" else 1)
        except (self._wandb.errors.Error, OSError) as error:
            raise EdgeprofError("wandb_failed", f"Weights & Biases refuses: {_sentence(error)}") from error

    def _begun(self, first: Row) -> Run:
        return self._wandb.init(
            project=self._project,
            entity=self._entity,
            dir=str(self._folder),
            mode=self._mode,
            id=first["result_id"],
            resume="allow" if self._mode == "online" else None,
            name=f"{first['model']} on {first['device'] or first['device_id']}",
            group=first["device"] or first["device_id"],
            job_type=first["family"],
            tags=tags_of(first),
            config={name: first[name] for name in CONFIG if first[name] is not None},
            reinit="create_new",
            settings=self._settings(first),
        )

    def _settings(self, first: Row) -> object:
        return self._wandb.Settings(
            console="off",
            silent=True,
            disable_code=True,
            disable_git=True,
            disable_job_creation=True,
            save_code=False,
            host=first["device"] or first["device_id"],
            init_timeout=INIT_TIMEOUT_S,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
        )


def publish_all(
    target: Target, folder: Path, lines: Callable[[int], Iterable[bytes]], say: Callable[[int], None]
) -> int:
    """Every result after the newest that is there. `lines`: the hub's NDJSON after a `seq`. Returns how many."""
    count = 0
    rows = (json.loads(line) for line in lines(last_seq(folder)))
    for seq, group in groupby(rows, key=lambda row: int(row["seq"])):
        target.publish(list(group))
        set_last_seq(folder, seq)
        count += 1
        say(seq)
    return count


def figures_of(rows: Iterable[Row]) -> Iterable[tuple[str, float]]:
    """Each figure by its metric, and the ends of its interval, as W&B has one number for a key."""
    for row in rows:
        if row["metric"] is None:
            continue
        for suffix, value in (("", row["value"]), (".ci_low", row["ci_low"]), (".ci_high", row["ci_high"])):
            if value is not None:
                yield f"{row['metric']}{suffix}", value


def tags_of(first: Row) -> list[str]:
    """What a person filters by. W&B takes 1 to 64 characters."""
    played = ["emulated"] if first["emulated"] else []
    replayed = ["replayed"] if first["replayed"] else []
    given = (first["quantization"], first["runtime"], first["status"])
    return [str(tag)[:LONGEST_TAG] for tag in (*given, *played, *replayed) if tag]


def _package() -> Wandb:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # it would tell others of errors here
    try:
        return cast(Wandb, importlib.import_module("wandb"))
    except ImportError as error:
        raise MissingPartError(
            "wandb_missing", "This needs the package wandb: install it with `pip install 'edgeprof[wandb]'`."
        ) from error


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
