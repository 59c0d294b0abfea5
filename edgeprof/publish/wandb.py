"""Results as runs of Weights & Biases: what is in a run, and where the next publish goes on. Needs no wandb."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from edgeprof.errors import UsageError

MARK = "edgeprof-wandb.json"
"""A file in the folder: how far it got. It is written after each result, so that a killed publish goes on too."""
MAX_NAME_CHARS = 128
MAX_TAG_CHARS = 64
CONFIG = (
    *("runtime", "runtime_version", "threads", "provider", "config_key", "quantization", "format", "task"),
    *("result_id", "device_id", "device", "model_id", "model", "family", "status", "failure_code"),
    *("emulated", "replayed", "trust", "agent_version", "received_s"),
)

Row = Mapping[str, Any]
Group = Literal["family", "device"]


@dataclass(frozen=True)
class WandbRun:
    """What W&B is told of one result."""

    run_id: str
    name: str
    group: str
    host: str
    tags: tuple[str, ...]
    config: dict[str, object]
    figures: dict[str, float]
    has_failed: bool


class Target(Protocol):
    """Takes runs; a run that it took again replaces the one with the same id."""

    def send(self, run: WandbRun) -> None: ...


class Mark(msgspec.Struct, frozen=True):
    """Where the runs of a folder come from and go, and the newest result among them."""

    hub_id: str
    target: str
    seq: int = 0
    result_id: str = ""


def publish_all(
    target: Target,
    folder: Path,
    mark: Mark,
    lines: Callable[[int], Iterable[bytes]],
    group: Group,
    say: Callable[[int], None],
) -> int:
    """Every result after the mark. `lines`: the hub's NDJSON after a `seq`. Returns how many.

    Raises UsageError where the mark's own result is another one now, as after a restored backup: its number is no mark.
    """
    count = 0
    rows = (json.loads(line) for line in lines(max(0, mark.seq - 1)))
    for seq, found in groupby(rows, key=lambda row: int(row["seq"])):
        of_one = list(found)
        result_id = str(of_one[0]["result_id"])
        if seq == mark.seq:
            if result_id != mark.result_id:
                raise _other_hub(folder)
            continue
        target.send(run_of(of_one, group))
        write_mark(folder, msgspec.structs.replace(mark, seq=seq, result_id=result_id))
        count += 1
        say(seq)
    return count


def read_mark(folder: Path, hub_id: str, target: str) -> Mark:
    """Where this folder stands. Raises UsageError where it is of another hub or target, or holds no mark of ours."""
    file = folder / MARK
    if not file.exists():
        return Mark(hub_id, target)
    try:
        mark = msgspec.json.decode(file.read_bytes(), type=Mark)
    except msgspec.DecodeError as error:
        raise UsageError("bad_mark", f"{file} does not hold a publish position. Use another folder.") from error
    if mark.hub_id != hub_id:
        raise _other_hub(folder)
    if mark.target != target:
        raise UsageError("other_target", f"{folder} is for {mark.target}, not for {target}. Use another folder.")
    return mark


def write_mark(folder: Path, mark: Mark) -> None:
    """As a whole or not at all."""
    new = folder / f"{MARK}.new"
    new.write_bytes(msgspec.json.encode(mark) + b"\n")
    os.replace(new, folder / MARK)


def _other_hub(folder: Path) -> UsageError:
    return UsageError("other_hub", f"{folder} holds results of another hub. Use another folder.")


def run_of(rows: list[Row], group: Group) -> WandbRun:
    """One result: the lines of the export that are of it."""
    first = rows[0]
    device = str(first["device"] or first["device_id"])
    family = str(first["family"] or first["model"])
    return WandbRun(
        run_id=str(first["result_id"]),
        name=f"{first['model']} on {device}"[:MAX_NAME_CHARS],
        group=(family if group == "family" else device)[:MAX_NAME_CHARS],
        host=device,
        tags=_tags(first),
        config={name: first[name] for name in CONFIG if first[name] is not None},
        figures=_figures(rows),
        has_failed=first["status"] != "measured",
    )


def _tags(first: Row) -> tuple[str, ...]:
    """What runs are filtered by with a click; everything else is in the configuration."""
    marks = [name for name in ("emulated", "replayed") if first[name]]
    found = [first["runtime"], first["quantization"], *(first["trust"] or "").split(), first["failure_code"], *marks]
    return tuple(dict.fromkeys(str(tag)[:MAX_TAG_CHARS] for tag in found if tag))


def _figures(rows: Iterable[Row]) -> dict[str, float]:
    """With the ends of their intervals. W&B sorts by names of letters, digits and underscores, so no dots here."""
    return {
        f"{row['metric']}{suffix}": row[column]
        for row in rows
        if row["metric"] is not None
        for suffix, column in (("", "value"), ("_ci_low", "ci_low"), ("_ci_high", "ci_high"))
        if row[column] is not None
    }
