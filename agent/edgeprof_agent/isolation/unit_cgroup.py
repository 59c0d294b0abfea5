"""The cgroup of the runner's own unit: who is left in it once the worker has ended, and whether memory ran out there.

Worker and runner have one user, which tells nothing apart. The unit's cgroup holds this run's processes alone.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from edgeprof_agent.isolation import cgroup

MAX_WAIT_S = 5.0


class UnitCgroup:
    """`folder` None: this system shows none, and nothing is known of it."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._oom_kills_before = self._oom_kills()

    @classmethod
    def own(cls, root: Path = Path("/")) -> "UnitCgroup":
        """That of this process."""
        return cls(cgroup.own_folder(root))

    def clear(self, within_s: float = MAX_WAIT_S) -> tuple[int, int | None]:
        """Kill all but this process. Returns how many those were, and how many the kernel could not end in time.

        The second is None where the group cannot be read.
        """
        ended: set[int] = set()
        until = time.monotonic() + within_s
        while others := self._others():
            for pid in others:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
                    ended.add(pid)
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            if time.monotonic() > until:
                break
            time.sleep(0.001)
        return len(ended), None if others is None else len(others)

    def memory_evidence(self) -> str | None:
        """What shows that the unit's own limit ended the worker."""
        if self._oom_kills() > self._oom_kills_before:
            return "the runner's unit reached its memory limit (MemoryMax=)"
        return None

    def _others(self) -> set[int] | None:
        if self._folder is None:
            return None
        try:
            return {int(pid) for pid in (self._folder / "cgroup.procs").read_text().split()} - {os.getpid(), 0}
        except (OSError, ValueError):
            return None

    def _oom_kills(self) -> int:
        if self._folder is not None:
            with suppress(OSError):
                for line in (self._folder / "memory.events").read_text().splitlines():
                    name, _, count = line.partition(" ")
                    if name == "oom_kill":
                        return int(count)
        return 0
