"""What a recorded machine is: a folder that looks like its root, `tree.toml` on where it is from, `values.toml`.

`values.toml` tells what varies over time. A gauge has the texts that its file held, one after the other, while the
machine idled and under load; a counter grows at one rate idle and at another under load, and turns at `wraps_at`.
"""

import re
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from edgeprof.errors import UsageError
from edgeprof.wire.topics import NAME_PATTERN

ORIGINS = ("recorded on real hardware", "written from documentation")


T = TypeVar("T", bound=msgspec.Struct)


class Gauge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file whose content varies."""

    path: str
    idle: list[str]
    load: list[str] = []


class Counter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file whose number grows. `form` is the file's text around it, for a number that does not stand alone."""

    path: str
    starts_at: float = 0.0
    idle_per_s: float
    load_per_s: float
    wraps_at: float | None = None
    form: str = "{value:.0f}"


class Values(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that varies. `period_s`: the time from one text of a gauge to the next."""

    period_s: float = 0.5
    gauge: list[Gauge] = []
    counter: list[Counter] = []


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay needs of tree.toml; the rest is for readers and tests."""

    origin: Literal["recorded on real hardware", "written from documentation"]


def read_values(folder: Path) -> Values:
    """Nothing varies where there is no such file. Raises UsageError."""
    return _decode(folder / "values.toml", Values) if (folder / "values.toml").exists() else Values()


def check(folder: Path) -> str:
    """The machine's name. Raises UsageError where the folder is no recorded machine."""
    if not (folder / "tree.toml").is_file():
        raise UsageError(
            "not_recorded",
            f"{folder} is not a recorded machine: it has no tree.toml. `edgeprof agent record` creates one.",
        )
    _decode(folder / "tree.toml", Tree)
    name = folder.resolve().name
    if not re.fullmatch(NAME_PATTERN, name):
        raise UsageError("not_recorded", f"The folder name {name!r} is not a valid device name. Rename it.")
    return name


def _decode(file: Path, kind: type[T]) -> T:
    try:
        return msgspec.toml.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError("not_recorded", f"Cannot use {file}: {error}.") from error
