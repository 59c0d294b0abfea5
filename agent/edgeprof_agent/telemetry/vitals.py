"""How this machine fares between two runs: a few small files, read once a minute."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from edgeprof.wire.vitals import Vitals
from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.bounded import within
from edgeprof_agent.telemetry.state import board_flags, temperatures_c
from edgeprof_agent.telemetry.zones import hottest

MAX_READ_S = 2.0
"""A driver or a dead disk that hangs must not hold up the connection to the hub."""
MIB = 2**20
STEP_PERCENT = 10
EXCEEDED = 0x0B
"""JEDEC eMMC 5.1, DEVICE_LIFE_TIME_EST: 0x01 to 0x0a are steps of 10 % of the lifetime used, 0x0b is beyond it."""


@dataclass(frozen=True)
class _Disk:
    free_mib: float
    total_mib: float


def read_vitals(folder: Path, root: Path = Path("/")) -> Vitals:
    """The machine's part of the vitals. `folder`: the agent's state, whose disk matters."""
    return within(MAX_READ_S, lambda: _read(folder, root)) or Vitals()


def wear_percent(root: Path) -> float | None:
    """Lifetime used of the most worn eMMC, by its own estimate: the upper end of its step; None where none reports.

    Source: Linux, Documentation/ABI/testing/sysfs-class-mmc, `life_time`: two hexadecimal estimates, type A and B.
    """
    cards = files.folders(root / "sys/class/mmc_host", "mmc*/mmc*:*")
    texts = [files.text(card / "life_time") or "" for card in cards]
    steps = [int(step, 16) for text in texts for step in re.findall(r"0x([0-9a-fA-F]{2})\b", text)]
    known = [step for step in steps if 1 <= step <= EXCEEDED]
    return float(min(max(known), EXCEEDED) * STEP_PERCENT) if known else None


def _read(folder: Path, root: Path) -> Vitals:
    nearest = hottest(temperatures_c(root))
    flags, disk = board_flags(root), _disk(folder)
    return Vitals(
        uptime_s=_uptime_s(root),
        temperature_c=nearest[0] if nearest else None,
        disk_free_mib=disk.free_mib if disk else None,
        disk_total_mib=disk.total_mib if disk else None,
        disk_wear_percent=wear_percent(root),
        throttle_flags=flags.now,
        throttle_flags_since_boot=flags.since_boot,
        throttle_flags_known=flags.known,
    )


def _disk(folder: Path) -> _Disk | None:
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return _Disk(found.f_bavail * found.f_frsize / MIB, found.f_blocks * found.f_frsize / MIB)


def _uptime_s(root: Path) -> float | None:
    found = re.match(r"[\d.]+", files.text(root / "proc/uptime") or "")
    return float(found.group()) if found else None
