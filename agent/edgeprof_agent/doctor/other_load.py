"""Which other programs use the processor now, and how each can be paused and resumed."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from edgeprof_agent.sensors import files

MIN_CORES = 0.05
"""What a program must use of one core to be named."""
WATCH_S = 1.0
MAX_NAMED = 5

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_KERNEL_THREAD = 0x00200000
"""PF_KTHREAD in the flags of /proc/PID/stat (linux/sched.h)."""
_NEEDED = ("ssh", "dbus", "systemd", "NetworkManager", "wpa_supplicant", "dhcpcd", "connman", "init", "login")
"""Beginnings of services without which a machine is out of reach."""


class Program(NamedTuple):
    """`stop` and `resume` are commands. `keep`: why it must go on, so that there are none."""

    pid: int
    name: str
    cores: float
    stop: str = ""
    resume: str = ""
    keep: str = ""


class _Process(NamedTuple):
    name: str
    parent: int
    is_kernel: bool
    ticks: int
    started: str
    """In ticks since boot: the same number may be another process a second later."""


def wait() -> None:
    """While the processes are watched."""
    time.sleep(WATCH_S)


def look(root: Path, wait: Callable[[], None]) -> list[Program] | None:
    """The busiest first, of those that use `MIN_CORES`. None where no processes can be seen."""
    before, began_s = _processes(root), _uptime_s(root)
    if not before or began_s is None:
        return None
    wait()
    after, ended_s = _processes(root), _uptime_s(root)
    if ended_s is None or ended_s <= began_s:
        return None
    ours = _with_parents(after, os.getpid())
    found = [
        (process.ticks - before[pid].ticks, pid)
        for pid, process in after.items()
        if pid in before and before[pid].started == process.started and pid not in ours
    ]
    cores = {pid: ticks / _TICKS_PER_S / (ended_s - began_s) for ticks, pid in sorted(found, reverse=True)}
    return [_program(root, pid, after[pid], used) for pid, used in cores.items() if used >= MIN_CORES][:MAX_NAMED]


def _program(root: Path, pid: int, process: _Process, cores: float) -> Program:
    if process.is_kernel:
        return Program(pid, process.name, cores, keep="it is part of the kernel")
    if pid == 1 or process.name.startswith(_NEEDED):
        return Program(pid, process.name, cores, keep="the machine needs it")
    if unit := _service(root, pid):
        return Program(pid, process.name, cores, f"sudo systemctl stop {unit}", f"sudo systemctl start {unit}")
    sudo = "" if _is_own(root, pid) else "sudo "
    return Program(pid, process.name, cores, f"{sudo}kill -STOP {pid}", f"{sudo}kill -CONT {pid}")


def _processes(root: Path) -> dict[int, _Process]:
    stats = {path.name: files.text(path / "stat") for path in files.folders(root / "proc", "[0-9]*")}
    read = {int(name): _process(stat) for name, stat in stats.items() if stat and name.isdigit()}
    return {pid: process for pid, process in read.items() if process is not None}


def _process(stat: str) -> _Process | None:
    """proc_pid_stat(5). A name may hold blanks and brackets, so that the fields are counted from its end."""
    start, end = stat.find("("), stat.rfind(")")
    fields = stat[end + 1 :].split()
    if start < 0 or len(fields) < 20:
        return None
    ticks = int(fields[11]) + int(fields[12])
    return _Process(stat[start + 1 : end], int(fields[1]), bool(int(fields[6]) & _KERNEL_THREAD), ticks, fields[19])


def _with_parents(processes: Mapping[int, _Process], pid: int) -> set[int]:
    found = set[int]()
    while pid in processes and pid not in found:
        found.add(pid)
        pid = processes[pid].parent
    return found


def _service(root: Path, pid: int) -> str:
    """The system's service that it belongs to. A service of a user is paused like any other program."""
    for line in (files.text(root / f"proc/{pid}/cgroup") or "").splitlines():
        path = line.rpartition(":")[2]
        if path.startswith("/system.slice/") and path.endswith(".service"):
            return path.rpartition("/")[2]
    return ""


def _is_own(root: Path, pid: int) -> bool:
    try:
        return (root / f"proc/{pid}").stat().st_uid == os.geteuid()
    except OSError:
        return False


def _uptime_s(root: Path) -> float | None:
    words = (files.text(root / "proc/uptime") or "").split()
    return float(words[0]) if words else None
