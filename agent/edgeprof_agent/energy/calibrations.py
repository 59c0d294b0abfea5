"""The power calibrations of this machine's sources: kept in one JSON file of the user's state folder, found by source.

A home folder may be shared by several machines, and a calibration is of one unit: each entry names its machine.
"""

import os
from dataclasses import replace
from pathlib import Path

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.paths import state_dir
from edgeprof.wire.energy import Calibration
from edgeprof_agent.noise_floors import machine_key


class SavedCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration and the machine that it was made on."""

    machine: str
    calibration: Calibration


def file_of_calibrations() -> Path:
    """Where they lie; `EDGEPROF_STATE` moves the folder."""
    return state_dir("agent") / "power-calibrations.json"


def load(device_id: str, file: Path | None = None, machine: str | None = None) -> dict[str, Calibration]:
    """By source. A file that cannot be read is no calibration: it must not cost a run."""
    here = machine or machine_key()
    try:
        entries = read(file or file_of_calibrations())
    except EdgeprofError:
        return {}
    return {
        entry.calibration.sensor: replace(entry.calibration, device_id=device_id)
        for entry in entries
        if entry.machine == here
    }


def keep(calibration: Calibration, file: Path | None = None, machine: str | None = None) -> Path:
    """In the place of an older one of the same source. Raises EdgeprofError where it cannot be kept."""
    file, here = file or file_of_calibrations(), machine or machine_key()
    others = [each for each in read(file) if (each.machine, each.calibration.sensor) != (here, calibration.sensor)]
    _write(file, [*others, SavedCalibration(machine=here, calibration=calibration)])
    return file


def forget(sensor: str, file: Path | None = None, machine: str | None = None) -> bool:
    """Whether there was one."""
    file, here = file or file_of_calibrations(), machine or machine_key()
    entries = read(file)
    others = [each for each in entries if (each.machine, each.calibration.sensor) != (here, sensor)]
    if len(others) == len(entries):
        return False
    _write(file, others)
    return True


def read(file: Path) -> list[SavedCalibration]:
    """Every entry; none where there is no file."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[SavedCalibration])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as error:
        raise EdgeprofError("file_unreadable", f"Cannot read {file}: {error}. Move it away.") from error


def _write(file: Path, entries: list[SavedCalibration]) -> None:
    """Whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(f".{os.getpid()}")
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(entries)))
        beside.replace(file)
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error
