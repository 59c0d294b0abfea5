"""A worker that was started: its process, where it is seen, and how it is ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from edgeprof_agent.worker_protocol.run_counter import COUNTER_FILE

_REAP_S = 10.0


class Started:
    """One that runs with no sandbox around it. `layers` is what its start alone put on it."""

    layers: tuple[str, ...] = ()

    def __init__(self, process: "subprocess.Popen[bytes]", pid: int, scratch: Path | None = None) -> None:
        self.process = process
        self.pid = pid
        self._scratch = scratch

    def end(self) -> int:
        """Kills the whole session's group, then reaps: until then the kernel cannot give its number to another.

        The exit code, or the negative number of a signal.
        """
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(BrokenPipeError):  # a job that it did not take
                cast(IO[bytes], pipe).close()
        return self.process.wait(_REAP_S)

    def runs(self) -> int | None:
        """What worker_protocol/run_counter.py left behind."""
        if self._scratch is None:
            return None
        try:
            data = (self._scratch / COUNTER_FILE).read_bytes()[:8]
        except OSError:
            return None
        return int.from_bytes(data, sys.byteorder, signed=True)


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
