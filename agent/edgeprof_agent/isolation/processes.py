"""Processes by their parents, as /proc tells them."""

import os
from contextlib import suppress
from pathlib import Path

_SELF = Path("/proc")


def children_of(pid: int, proc: Path = _SELF) -> list[int]:
    """Processes whose parent is `pid`, zombies included; none of a process that is gone."""
    found: list[int] = []
    try:
        for task in os.listdir(proc / str(pid) / "task"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (proc / str(pid) / "task" / task / "children").read_text().split())
    except OSError:
        return []
    return found if found or _has_children_file(pid, proc) else _by_parent(pid, proc)


def family_of(pid: int, proc: Path = _SELF) -> list[int]:
    """All its descendants, parents before children."""
    found = children_of(pid, proc)
    for child in found:  # grows while it is walked
        found += children_of(child, proc)
    return found


def has_ended(pid: int, proc: Path = _SELF) -> bool:
    """Whether it is gone, or a zombie that waits for its parent."""
    try:
        stat = (proc / str(pid) / "stat").read_bytes()
    except OSError:
        return True
    return stat[stat.rindex(b")") + 2 :][:1] in (b"Z", b"X")


def name_of(pid: int, proc: Path = _SELF) -> str:
    """The program's name, at most 15 characters; empty of a process that is gone."""
    try:
        return (proc / str(pid) / "comm").read_text().rstrip("\n")
    except OSError:
        return ""


def tasks_of_user(uid: int, proc: Path = _SELF) -> int:
    """Processes and threads that count against the user's RLIMIT_NPROC."""
    count = 0
    for name in os.listdir(proc):
        if name.isdecimal():
            with suppress(OSError):
                if os.stat(proc / name).st_uid == uid:
                    count += len(os.listdir(proc / name / "task"))
    return count


def _has_children_file(pid: int, proc: Path) -> bool:
    """False on kernels that were built without CONFIG_PROC_CHILDREN."""
    return (proc / str(pid) / "task" / str(pid) / "children").exists()


def _by_parent(pid: int, proc: Path) -> list[int]:
    found: list[int] = []
    for name in os.listdir(proc):
        if name.isdecimal():
            with suppress(OSError, ValueError, IndexError):
                stat = (proc / name / "stat").read_bytes()
                if int(stat[stat.rindex(b")") + 2 :].split()[1]) == pid:
                    found.append(int(name))
    return found
