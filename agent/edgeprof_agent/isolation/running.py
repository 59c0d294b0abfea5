"""Starts a worker, feeds it its job, reads what it says, and ends it: at its own end, a limit or a cancel."""

import os
import selectors
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edgeprof.privacy import NO_TELEMETRY
from edgeprof_agent.isolation import subreaper
from edgeprof_agent.isolation.confine import FILE_SIZE_LIMIT_BYTES
from edgeprof_agent.isolation.inside import OUTSIDE, Inside
from edgeprof_agent.isolation.lacking import Lack, what_lacks
from edgeprof_agent.isolation.lines import Lines
from edgeprof_agent.isolation.outcome import NOT_RUN, Ending, Limits, WorkerExit
from edgeprof_agent.isolation.started import Hold, Started, spawn
from edgeprof_agent.isolation.tail import Tail
from edgeprof_agent.isolation.watchdog import INTERVAL_S

_TICK_S = 0.2
"""How soon a cancel is noticed. Between two ticks the parent sleeps; output wakes it."""
_EXIT_TICK_S = 0.005
"""How soon the exit of a worker that has closed its pipes is noticed on kernels before 5.3."""
_GRACE_S = 5.0
"""How long a worker may take to exit after its last word."""
_READ_BYTES = 64 * 1024

OnLine = Callable[[bytes], bool]
"""Is given each line of the worker; True says that it was the last one."""


def run(
    command: Sequence[str],
    job: bytes,
    limits: Limits,
    on_line: OnLine,
    cancelled: threading.Event,
    on_start: Callable[[int], None] = lambda pid: None,
    inside: Inside = OUTSIDE,
) -> WorkerExit:
    """Runs `command FD` with the job on its stdin. Returns an outcome whatever the worker does; never raises for it.

    `on_start` is given the worker's process id before it has its job. A worker for which `inside` insists on a sandbox
    that cannot be made here gets no job at all.
    """
    spawned_ns = time.monotonic_ns()
    tail = Tail()
    adoption = subreaper.adopt()
    with tempfile.TemporaryDirectory(prefix="edgeprof-", ignore_cleanup_errors=True) as scratch:
        reading, writing = os.pipe()
        try:
            with adoption.starting():
                started, missing = _start(command, writing, scratch, inside, limits)
                adoption.note(started.own_pid)
        except OSError as error:
            os.close(reading)
            adoption.finish(FILE_SIZE_LIMIT_BYTES)
            return _not_started(spawned_ns, f"{command[0]}: {error}")
        finally:
            os.close(writing)
        confinement = started.confine(limits, is_adopted=adoption.is_active)
        evidence: str | None = None
        group_peak_mib: float | str = NOT_RUN
        lacks = what_lacks(confinement.layers, missing) if inside.mode != "off" else None
        try:
            watch = _Watch(started, reading, confinement, limits, tail)
            is_refused = inside.mode == "strict" and lacks is not None and not started.is_worker_gone()
            if is_refused:
                watch.close()
                ending: Ending = "refused"
            else:  # of one that has ended by itself already, no layer can be confirmed, and no job is fed to it
                on_start(started.pid)
                _feed(started, job)
                ending = watch.until_end(on_line, cancelled)
                evidence = confinement.memory_evidence()
                group_peak_mib = confinement.group_peak_mib()
        finally:
            status = started.end()
            adoption.finish(FILE_SIZE_LIMIT_BYTES)  # first: a cgroup's end would kill without counting
            confinement.release()
            os.close(reading)
        runs = started.runs()
    return WorkerExit(
        ending=ending,
        spawned_ns=spawned_ns,
        exit_code=status if status >= 0 else None,
        signal=signal.Signals(-status).name if status < 0 else None,
        memory_evidence=evidence,
        log=tail.text(),
        layers=tuple(confinement.layers),
        runs=runs,
        group_peak_mib=group_peak_mib,
        lacks=lacks,
        strays=adoption.ended + started.strays,
    )


WORKER_ENVIRONMENT = {"PYTHONFAULTHANDLER": "1", "GGML_NO_BACKTRACE": "1", **NO_TELEMETRY}
"""Without GGML_NO_BACKTRACE llama.cpp starts a debugger, where one is installed, before it aborts."""


def _start(
    command: Sequence[str], results: int, scratch: str, inside: Inside, limits: Limits
) -> tuple[Started, Lack | None]:
    """In an empty folder, without our settings: a token is none of a model's business. And why it has no sandbox."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EDGEPROF_")}
    environment |= WORKER_ENVIRONMENT
    missing = None
    if inside.mode != "off":
        from edgeprof_agent.isolation import sandbox  # no part of what other runs load

        found = sandbox.start(command, results, environment, inside, limits)
        if isinstance(found, Started):
            return found, None
        missing = found
    process = spawn([*command, str(results)], (results,), scratch, environment)
    return Started(process, process.pid, Path(scratch)), missing


def _feed(started: Started, job: bytes) -> None:
    with suppress(BrokenPipeError):  # it died before it read: its exit tells
        started.stdin.write(job)
        started.stdin.close()


def _not_started(spawned_ns: int, why: str) -> WorkerExit:
    return WorkerExit(
        ending="not_started",
        spawned_ns=spawned_ns,
        exit_code=None,
        signal=None,
        memory_evidence=None,
        log=why,
        layers=(),
    )


class _Watch:
    """The parent's wait: blocked on the worker's pipes, waking for a cancel, the deadline and the memory watchdog."""

    def __init__(
        self,
        started: Started,
        result_fd: int,
        confinement: Hold,
        limits: Limits,
        tail: Tail,
    ) -> None:
        self._started = started
        self._confinement = confinement
        self._tail = tail
        self._lines = Lines(limits.output_bytes)
        self._stop_at = time.monotonic() + limits.deadline_s
        self._tick_s = INTERVAL_S if confinement.watched else _TICK_S
        self._selector = selectors.DefaultSelector()
        self._result_fd = result_fd
        for fd in (result_fd, started.stdout.fileno()):
            os.set_blocking(fd, False)
            self._selector.register(fd, selectors.EVENT_READ)
        self._exit_fd = started.open_exit_fd()
        if self._exit_fd is not None:
            self._selector.register(self._exit_fd, selectors.EVENT_READ)

    def until_end(self, on_line: OnLine, cancelled: threading.Event) -> Ending:
        try:
            while not self._started.has_exited():
                self._read(on_line)
                ending = self._reason_to_end(cancelled)
                if ending is not None:
                    return ending
            self._drain(on_line)
            return "memory" if self._confinement.over_limit() else "exited"
        finally:
            self.close()

    def close(self) -> None:
        self._selector.close()
        if self._exit_fd is not None:
            os.close(self._exit_fd)

    def _reason_to_end(self, cancelled: threading.Event) -> Ending | None:
        if cancelled.is_set():
            return "cancelled"
        if self._lines.flooded:
            return "flood"
        if self._confinement.over_limit():
            return "memory"
        return "deadline" if time.monotonic() >= self._stop_at else None

    def _read(self, on_line: OnLine) -> bool:
        """Takes what the pipes hold, after waiting a tick at most; an exit ends the wait. False: they hold nothing."""
        ready = self._selector.select(self._tick_s) if self._selector.get_map() else []
        has_data = has_ended = False
        for key, _ in ready:
            if key.fd == self._exit_fd:
                self._selector.unregister(key.fd)  # it stays readable, and would keep `_drain` turning
                has_ended = True
                continue
            data = os.read(key.fd, _READ_BYTES)
            has_data = True
            if not data:
                self._selector.unregister(key.fd)
            elif key.fd == self._result_fd:
                self._hear(data, on_line)
            else:
                self._tail.add(data)
        if not self._selector.get_map() and not has_ended:
            time.sleep(min(self._tick_s, _EXIT_TICK_S))  # both pipes closed, and the kernel has no pidfd
        return has_data

    def _drain(self, on_line: OnLine) -> None:
        """What an ended worker left in the pipes; a grandchild that holds them open is not waited for."""
        self._tick_s = 0
        while self._read(on_line):
            pass

    def _hear(self, data: bytes, on_line: OnLine) -> None:
        for line in self._lines.add(data):
            if on_line(line):
                self._stop_at = min(self._stop_at, time.monotonic() + _GRACE_S)
