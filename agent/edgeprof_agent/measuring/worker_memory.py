"""The worker's memory seen from outside while it runs: PSS for a sampler, and what samples come to over the window.

PSS comes from /proc/PID/smaps_rollup, which walks the page tables under the measured process's own lock: for each GiB
of 4 KiB pages about 10 ms and more (benchmarks/memory_reading.py). So it is read at most twice a second, so seldom that
it takes at most a thousandth of one core, and never again in a process where one reading took more than 2 ms.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from edgeprof_agent.worker_protocol.document import MeasuredWindow

PSS_EVERY_S = 0.5
MAX_PSS_SHARE = 0.001
"""Of one core; a fifth of what all sampling together may cost."""
MAX_PSS_NS = 2_000_000
MIN_SAMPLES = 2
"""Samples that a mean or a peak over the window needs."""

NOT_SAMPLED = "the worker's memory was not sampled in this run"
TOO_FEW = f"fewer than {MIN_SAMPLES} samples lie in the measured window"
OTHERS = "the worker runs as another user in its sandbox, and PSS is shown to its own user alone"
NO_ROLLUP = "the kernel has no smaps_rollup for the worker (Linux 4.14, CONFIG_PROC_PAGE_MONITOR)"

_KIB_PER_MIB = 1024
_ROLLUP_BYTES = 4096
_PSS = b"\nPss:"


class WorkerAt(Protocol):
    """Where a worker is."""

    @property
    def worker_pid(self) -> int: ...


class WorkerPss:
    """A probe of the trace, for one thread. `problem` says why PSS is not read, or not any more."""

    group = "worker_pss"
    unit = "MiB"
    labels = ("pss_mib",)

    def __init__(self, at: WorkerAt, proc: Path = Path("/proc")) -> None:
        self._folder = proc / str(at.worker_pid)
        self._rollup = -1
        self._next_ns = 0
        self.problem: str | None = None

    def read(self) -> tuple[float | None]:
        """None: not this time, or not any more, or the process is gone."""
        now_ns = time.monotonic_ns()
        if self.problem is not None or now_ns < self._next_ns:
            return (None,)
        before_ns = time.thread_time_ns()
        pss_kib = self._pss_kib()
        cost_ns = time.thread_time_ns() - before_ns
        self._next_ns = now_ns + max(int(PSS_EVERY_S * 1e9), int(cost_ns / MAX_PSS_SHARE))
        if cost_ns > MAX_PSS_NS:
            took = f"{cost_ns / 1e6:.1f} ms of processor time"
            self.problem = f"one reading of PSS took {took}; the limit is {MAX_PSS_NS / 1e6:g} ms"
        return (None if pss_kib is None else pss_kib / _KIB_PER_MIB,)

    def _pss_kib(self) -> int | None:
        """Opened anew where that gives nothing: the file belongs to one program, and a wrapper's exec ends that."""
        for _ in range(2):
            if self._rollup < 0:
                self._rollup = _opened(self._folder / "smaps_rollup")
            pss_kib = _pss_of(self._rollup)
            if pss_kib is not None:
                return pss_kib
            self._close()
        with suppress(OSError):
            if os.geteuid() not in (0, self._folder.stat().st_uid):
                self.problem = OTHERS
            elif not (self._folder / "smaps_rollup").exists():
                self.problem = NO_ROLLUP
        return None

    def _close(self) -> None:
        fd, self._rollup = self._rollup, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self._close()


class WindowMemory(NamedTuple):
    """Mean and peak over the measured windows, in MiB; a text is the reason why there is none."""

    average_rss_mib: float | str
    average_pss_mib: float | str
    peak_pss_mib: float | str


UNSAMPLED = WindowMemory(NOT_SAMPLED, NOT_SAMPLED, NOT_SAMPLED)
Series = Sequence[tuple[int, object]]
"""Moments of the monotonic clock and MiB; what is no number is passed over."""


def over_windows(
    rss: Series, pss: Series, windows: Sequence[MeasuredWindow], no_pss: str | None = None
) -> WindowMemory:
    """What samples come to; only those within the windows count. `no_pss` says why PSS was given up. Pure."""
    spans = [(window["start_ns"], window["end_ns"]) for window in windows]
    rss_mib, pss_mib = _inside(rss, spans), _inside(pss, spans)
    why = no_pss or TOO_FEW
    return WindowMemory(
        sum(rss_mib) / len(rss_mib) if len(rss_mib) >= MIN_SAMPLES else TOO_FEW,
        sum(pss_mib) / len(pss_mib) if len(pss_mib) >= MIN_SAMPLES else why,
        max(pss_mib) if len(pss_mib) >= MIN_SAMPLES else why,
    )


def _inside(series: Series, spans: Sequence[tuple[int, int]]) -> list[float]:
    return [
        float(value)
        for at_ns, value in series
        if isinstance(value, (int, float)) and any(start <= at_ns <= end for start, end in spans)
    ]


def _opened(path: Path) -> int:
    """-1 where it cannot be."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _pss_of(fd: int) -> int | None:
    try:
        content = os.pread(fd, _ROLLUP_BYTES, 0)
    except OSError:
        return None
    start = content.find(_PSS)
    return int(content[start + len(_PSS) :].split(None, 1)[0]) if start >= 0 else None
