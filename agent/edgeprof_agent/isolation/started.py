"""A worker that was started: its process, where it is seen, and how it is ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol, cast

from edgeprof_agent.isolation.confine import Confinement
from edgeprof_agent.isolation.outcome import Limits
from edgeprof_agent.isolation.processes import has_ended
from edgeprof_agent.worker_protocol.run_counter import COUNTER_FILE

_REAP_S = 10.0


class Hold(Protocol):
    """What holds a worker to its limits while it runs, see confine.py."""

    layers: list[str]
    watched: bool

    def over_limit(self) -> bool: ...
    def memory_evidence(self) -> str | None: ...
    def group_peak_mib(self) -> float | str: ...
    def release(self) -> None: ...


class Started:
    """One that runs with no sandbox around it. `layers` is what its start alone put on it."""

    layers: tuple[str, ...] = ()
    strays = 0
    """Processes that the worker left behind, and that somebody else than we ended."""

    def __init__(self, process: "subprocess.Popen[bytes]", pid: int, scratch: Path | None = None) -> None:
        self.pid = pid
        self.stdin, self.stdout = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        self._process = process
        self._scratch = scratch

    @property
    def own_pid(self) -> int:
        """Of the process that is our child: the worker, or what holds it."""
        return self._process.pid

    def has_exited(self) -> bool:
        """Looked at, not reaped: its process group must stay its own until it has been killed."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is not None

    def is_worker_gone(self) -> bool:
        """Also while a process that holds it, as bwrap does, has yet to notice."""
        return has_ended(self.pid) or self.has_exited()

    def open_exit_fd(self) -> int | None:
        """A descriptor that becomes readable when it ends; None before Linux 5.3."""
        return process_fd(self._process.pid)

    def confine(self, limits: Limits, *, is_adopted: bool) -> Hold:
        """Puts the limits on, while it waits for its job."""
        return Confinement(self.pid, limits, [*(("subreaper",) if is_adopted else ()), *self.layers])

    def end(self) -> int:
        """Kills the whole session's group, then reaps: until then the kernel cannot give its number to another.

        The exit code, or the negative number of a signal.
        """
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self.stdin, self.stdout):
            with suppress(BrokenPipeError):  # a job that it did not take
                pipe.close()
        return self._process.wait(_REAP_S)

    def runs(self) -> int | None:
        """What worker_protocol/run_counter.py left behind."""
        if self._scratch is None:
            return None
        try:
            data = (self._scratch / COUNTER_FILE).read_bytes()[:8]
        except OSError:
            return None
        return int.from_bytes(data, sys.byteorder, signed=True)


def process_fd(pid: int) -> int | None:
    """None where Python's build or the kernel has none, or the process is gone."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def spawn(
    command: Sequence[str], inherited_fds: Sequence[int], folder: str, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """In its own session."""
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=inherited_fds,
        cwd=folder,
        env=dict(environment),
        start_new_session=True,
    )
