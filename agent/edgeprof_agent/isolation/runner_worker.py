"""Hands a worker over to the runner's unit, and holds on to it through the unit's socket."""

import os
import socket
import stat
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgeprof_agent.isolation import hand_over
from edgeprof_agent.isolation.confine import NO_GROUP
from edgeprof_agent.isolation.counter import COUNTER_BYTES, open_counter_file
from edgeprof_agent.isolation.hand_over import Request
from edgeprof_agent.isolation.inside import Inside
from edgeprof_agent.isolation.lacking import Lack
from edgeprof_agent.isolation.outcome import Limits
from edgeprof_agent.isolation.started import Hold, Started

_RESTART = "sudo systemctl restart edgeprof-runner.socket"
_STORE = Path("/var/lib/private/edgeprof-agent/models")
"""Of the shipped unit; edgeprof-runner@.service mounts it."""
_ANSWER_S = 20.0
"""systemd starts the unit meanwhile."""
_END_S = 10.0
_SILENT = "the runner ended at once (journalctl -u 'edgeprof-runner@*' says why)"


def start(
    command: Sequence[str], environment: Mapping[str, str], inside: Inside, limits: Limits, results: int
) -> "RunnerWorker | Lack":
    """The worker with its job still to come, or why there is none. `results`: our end of its pipe of results."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(_ANSWER_S)
    counter, (job, feeding), (listening, output) = open_counter_file(), os.pipe(), os.pipe()
    try:
        connection.connect(hand_over.SOCKET)
        _open_to_others(inside)
        request = Request(
            command=list(command),
            environment=dict(environment),
            files=[str(file) for file in inside.files],
            limits=limits,
        )
        hand_over.send_request(connection, request, (job, output, results, counter))
        answer = hand_over.read(connection) or {"refused": _SILENT}
    except OSError as error:
        answer = {"refused": f"{hand_over.SOCKET}: {error.strerror or error}", "mend": _RESTART}
    for fd in (job, output):
        os.close(fd)
    if "refused" in answer:
        for fd in (feeding, listening, counter):
            os.close(fd)
        connection.close()
        return Lack(str(answer["refused"]), str(answer.get("mend", "")))
    return RunnerWorker(connection, answer, feeding, listening, counter)


class RunnerWorker(Started):
    """A worker in another unit: not our child, so that its runner tells how it ended."""

    def __init__(
        self, connection: socket.socket, answer: Mapping[str, Any], feeding: int, listening: int, counter: int
    ) -> None:
        self.pid = int(answer["pid"])
        self.layers = tuple(answer["layers"])
        self.stdin, self.stdout = os.fdopen(feeding, "wb"), os.fdopen(listening, "rb")
        self._connection = connection
        self._counter = counter
        self.last: dict[str, Any] | None = None

    @property
    def own_pid(self) -> int:
        return self.pid

    def has_exited(self) -> bool:
        if self.last is None:
            self._connection.setblocking(False)
            with suppress(BlockingIOError):
                self._hear()
        return self.last is not None

    def open_exit_fd(self) -> int | None:
        return os.dup(self._connection.fileno())

    def confine(self, limits: Limits, *, is_adopted: bool) -> Hold:
        return _RemoteHold(self)

    def end(self) -> int:
        """The runner kills what there is when it is hung up on, and its unit what is left."""
        for pipe in (self.stdin, self.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
        if self.last is None:
            self._connection.settimeout(_END_S)
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)
                self._hear()
        self._connection.close()
        told = self.last or {}
        self.strays = int(told.get("strays", 0))
        return int(told.get("status", -9))

    def runs(self) -> int | None:
        try:
            return int.from_bytes(os.pread(self._counter, COUNTER_BYTES, 0), sys.byteorder, signed=True)
        finally:
            os.close(self._counter)

    def _hear(self) -> None:
        """A runner that was killed says nothing: so was its worker, then."""
        with suppress(ConnectionError):
            self.last = hand_over.read(self._connection) or {"status": -9}
            return
        self.last = {"status": -9}


class _RemoteHold:
    """What its runner holds, and told."""

    watched = False

    def __init__(self, worker: RunnerWorker) -> None:
        self._worker = worker
        self.layers = list(worker.layers)

    def over_limit(self) -> bool:
        return self._worker.has_exited() and (self._worker.last or {}).get("ending") == "memory"

    def memory_evidence(self) -> str | None:
        return (self._worker.last or {}).get("evidence")

    def group_peak_mib(self) -> float | str:
        return NO_GROUP

    def release(self) -> None:
        """Its unit does it. One that could not end what the worker left did not guard against that."""
        if (self._worker.last or {}).get("left"):
            self.layers = [layer for layer in self.layers if layer != "unit_cgroup"]


def _open_to_others(inside: Inside) -> None:
    """Folders and files of a model, for the user of the unit. The state folder above them stays closed to all.

    The right to write is one on paper: the unit sees the files through a read-only mount, which its runner checks. Yet
    without it the kernel does not tell the worker whether a cold model's pages have left memory (mincore(2)).
    """
    files = [file for file in inside.files if _below_store(file)]
    sets = [Path(root) for start in inside.folders if _below_store(start) for root, _, _ in os.walk(start)]
    for folder in {*sets, *(parent for file in [*files, *inside.folders] for parent in _below_store(file))}:
        _allow(folder, 0o055)
    for file in [*files, *(each for folder in sets for each in folder.iterdir() if each.is_file())]:
        _allow(file, 0o066)


def _allow(path: Path, rights: int) -> None:
    with suppress(OSError):
        found = path.stat()
        if found.st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(found.st_mode) | rights)


def _below_store(path: Path) -> list[Path]:
    """From the store's folder `models` on; none of what lies elsewhere: it is not ours to open."""
    parents = list(path.parents)
    named = [place for place, parent in enumerate(parents) if parent == _STORE]
    return parents[: named[0] + 1] if named else []
