"""Ends what a worker left behind, where neither a namespace nor a cgroup does it.

While a run goes on, this process is a child subreaper (prctl(2), Linux 3.4): a process that left the worker's session
and lost its parent becomes our child instead of init's. At the end of the run such children are killed and counted.

Only the worker's own are touched. A process cannot enter the session of another one, so that ours are told by their
session; and whatever descends from a worker carries the file size limit that was put on it, which it cannot raise.
"""

import ctypes
import os
import resource
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from edgeprof_agent.isolation.processes import children_of, family_of, has_ended

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
_MAX_WAIT_S = 5.0
_lock = threading.Lock()
_workers: set[int] = set()
"""Workers of this process's runs that have not ended."""
_runs = 0
_before = 0


class Adoption:
    """One run's part in it. `ended` counts the processes that its end had to kill."""

    def __init__(self, *, is_active: bool) -> None:
        self.is_active = is_active
        self.ended = 0
        self._pid: int | None = None

    @contextmanager
    def starting(self) -> Generator["Adoption"]:
        """No sweep of another run may see a worker that has started and is not noted yet."""
        with _lock:
            yield self

    def note(self, pid: int) -> None:
        """The process that was started. Called within `starting`."""
        self._pid = pid
        _workers.add(pid)

    def finish(self, file_size_limit: int) -> None:
        """Called once the worker itself has ended and been reaped."""
        global _runs
        with _lock:
            if self._pid is not None:
                _workers.discard(self._pid)
            if not self.is_active:
                return
            self.ended = _sweep(file_size_limit, self._pid)
            _runs -= 1
            if _runs == 0 and not _before:
                _set(0)


def adopt() -> Adoption:
    """Begins to take in what a worker leaves. `is_active` is False where the kernel has no subreapers."""
    global _runs, _before
    with _lock:
        if _runs == 0:
            _before = _get()
            if _set(1) != 0:
                return Adoption(is_active=False)
        _runs += 1
        return Adoption(is_active=True)


def _sweep(file_size_limit: int, session: int | None) -> int:
    """Kills and reaps until nothing is left; a process that the kernel cannot end is given up after 5 s.

    Counts those that had left the worker's session: the others were killed with it and are only reaped.
    """
    ended: set[int] = set()
    until = time.monotonic() + _MAX_WAIT_S
    while strays := _strays(file_size_limit):
        for stray in strays:
            for pid in (stray, *family_of(stray)):
                with suppress(ProcessLookupError, PermissionError):
                    if not has_ended(pid) and os.getsid(pid) != session:
                        ended.add(pid)
                    os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(stray, os.WNOHANG)
        if time.monotonic() > until:
            break
        time.sleep(0.001)
    return len(ended)


def _strays(file_size_limit: int) -> list[int]:
    own_session = os.getsid(0)
    found: list[int] = []
    for pid in children_of(os.getpid()):
        with suppress(OSError):
            is_foreign = pid not in _workers and os.getsid(pid) != own_session
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            if is_foreign and 0 <= hard <= file_size_limit:  # -1: none
                found.append(pid)
    return found


def _set(value: int) -> int:
    return ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, value, 0, 0, 0)


def _get() -> int:
    found = ctypes.c_int(0)
    ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(found), 0, 0, 0)
    return found.value
