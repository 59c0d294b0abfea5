"""The noise floors that `edgeprof calibrate` learned on this machine: kept, and found again for a run.

One JSON file in the user's state folder. A floor belongs to the machine and not to a device id: the agent has an id of
its own and `edgeprof profile` takes the host's name, and both measure the same silicon. A home folder may be shared by
several machines, so each entry names its machine.
"""

import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.paths import state_dir
from edgeprof.wire.evidence import NoiseFloor
from edgeprof.wire.formats import is_language
from edgeprof.wire.identity import config_key, sha256_hex
from edgeprof.wire.messages import ModelRef, RunConfig

_ID_FILES = ("etc/machine-id", "var/lib/dbus/machine-id", "sys/firmware/devicetree/base/serial-number")
_SALT = b"edgeprof noise floor "
_TEXT_SERIES = ("inter_token", "ttft", "prefill", "decode")
"""Of a language model, the one that is compared as a rule first."""


class SavedFloor(msgspec.Struct, frozen=True, kw_only=True):
    """A floor and the machine that it was learned on."""

    machine: str
    floor: NoiseFloor


def file_of_floors() -> Path:
    """Where the floors lie; `EDGEPROF_STATE` moves the folder."""
    return state_dir("agent") / "noise-floors.json"


def machine_key(root: Path = Path("/")) -> str:
    """The same after each boot, another on each machine; hashed, as a machine id is nobody's business.

    Where the system has no id (a bare container), its name takes the place.
    """
    for name in _ID_FILES:
        try:
            found = (root / name).read_bytes().strip(b"\0\n ")
        except OSError:
            continue
        if found and found != b"uninitialized":
            return sha256_hex(_SALT + found)[:16]
    return sha256_hex(_SALT + socket.gethostname().encode())[:16]


class MeasuredRun(Protocol):
    """What of a run decides which floor is its own."""

    @property
    def device_id(self) -> str: ...
    @property
    def model(self) -> ModelRef: ...
    @property
    def config(self) -> RunConfig: ...
    @property
    def emulated(self) -> bool: ...
    @property
    def replays(self) -> str | None: ...


class Floors(NamedTuple):
    """Of one run: that of the series which is compared unless another is asked for, and those of its other series."""

    lead: NoiseFloor | None = None
    others: tuple[NoiseFloor, ...] = ()


def for_run(run: MeasuredRun) -> Floors:
    """An emulated or replayed device is never ranked, and has none. An unreadable file must not cost a run."""
    if run.emulated or run.replays:
        return Floors()
    lead, *others = _TEXT_SERIES if is_language(run.model.format) else ("latency",)
    found = find(run.device_id, run.model.model_id, config_key(run.config), (lead, *others))
    return Floors(found.get(lead), tuple(found[series] for series in others if series in found))


def find(
    device_id: str,
    model_id: str,
    key: str,
    wanted: Iterable[str],
    file: Path | None = None,
    machine: str | None = None,
) -> dict[str, NoiseFloor]:
    """The floors for a run on this machine by series, as of the device that the run is of; none where there is none."""
    try:
        entries = _read(file or file_of_floors())
    except EdgeprofError:
        return {}
    here = machine or machine_key()
    floors = [entry.floor for entry in entries if entry.machine == here]
    found = {series: best(floors, model_id, key, series) for series in wanted}
    return {series: replace(floor, device_id=device_id) for series, floor in found.items() if floor is not None}


def best(floors: Iterable[NoiseFloor], model_id: str, key: str, series: str) -> NoiseFloor | None:
    """That of the same model and configuration if there is one, else the newest of the same series. Pure."""
    able = [floor for floor in floors if floor.series == series]
    own = [floor for floor in able if floor.is_of(model_id, key)]
    return max(own or able, key=lambda floor: floor.date, default=None)


def check_file(file: Path | None = None) -> None:
    """Raises EdgeprofError where nothing could be kept: to be asked before an hour of runs and not after it."""
    file = file or file_of_floors()
    _read(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error
    if not os.access(file.parent, os.W_OK):
        raise EdgeprofError("file_unwritable", f"Cannot write {file}: no permission for its folder.")


def keep(floors: Sequence[NoiseFloor], file: Path | None = None, machine: str | None = None) -> Path:
    """Adds floors of this machine, each in the place of the one of the same model, configuration and series."""
    file, key = file or file_of_floors(), machine or machine_key()
    new = [SavedFloor(machine=key, floor=floor) for floor in floors]
    replaced = {_subject(entry) for entry in new}
    entries = [*(entry for entry in _read(file) if _subject(entry) not in replaced), *new]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(entries)) + b"\n")
        fresh.replace(file)
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error
    return file


def _subject(entry: SavedFloor) -> tuple[str, str, str, str, str]:
    floor = entry.floor
    return entry.machine, floor.series, floor.model_id, floor.model_name, floor.config_key


def _read(file: Path) -> list[SavedFloor]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[SavedFloor])
    except FileNotFoundError:
        return []
    except OSError as error:
        raise EdgeprofError("floors_unreadable", f"Cannot read {file}: {error.strerror}.") from error
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise EdgeprofError(
            "floors_unreadable", f"{file} contains no noise floors ({error}). Delete it and calibrate again."
        ) from error
