"""The worker's memory seen from outside while it runs: cheap readings for a sampler, and what they come to.

RSS comes from /proc/PID/statm, a few microseconds whatever the process holds. PSS comes from /proc/PID/smaps_rollup,
which walks the page tables under the measured process's own lock: about 10 ms for each GiB of 4 KiB pages on a fast
x86 core. So PSS is read at most twice a second, so seldom that it takes at most a thousandth of one core, and never
again in a process where one reading took more than 2 ms.
"""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from edgeprof_agent.worker.document import Window

PSS_EVERY_S = 0.5
PSS_MOST_SHARE = 0.001
"""Of one core; a fifth of what all sampling together may cost."""
PSS_MOST_NS = 2_000_000
FEWEST = 2
"""Samples that a mean or a peak over the window needs."""

NOT_SAMPLED = "the worker's memory was not sampled in this run"
TOO_FEW = f"fewer than {FEWEST} samples lie in the measured window"
NO_ROLLUP = "the kernel has no smaps_rollup for the worker (Linux 4.14, CONFIG_PROC_PAGE_MONITOR)"

_KIB_PER_MIB = 1024
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
_ROLLUP_BYTES = 4096
_PSS = b"\nPss:"


class MemorySample(NamedTuple):
    """The worker at one moment of the monotonic clock. `pss_kib` None: not read this time."""

    at_ns: int
    rss_kib: int
    pss_kib: int | None


class WorkerMemoryReader:
    """Keeps its files open; `read` is for one thread. `pss_refused` says why PSS is not read (any more)."""

    def __init__(self, pid: int, root: Path = Path("/")) -> None:
        self._folder = root / "proc" / str(pid)
        self._statm = _opened(self._folder / "statm")
        self._rollup = -1
        self._next_pss_ns = 0
        self.pss_refused: str | None = None

    def read(self) -> MemorySample | None:
        """One sample; None when the process is gone."""
        at_ns = time.monotonic_ns()
        try:
            pages = int(os.pread(self._statm, 128, 0).split(None, 2)[1])
        except (OSError, IndexError, ValueError):
            return None
        if not pages:  # a zombie
            return None
        return MemorySample(at_ns, pages * _PAGE_KIB, self._pss(at_ns))

    def close(self) -> None:
        """Lets the files go; `read` gives None afterwards."""
        for fd in (self._statm, self._rollup):
            if fd >= 0:
                os.close(fd)
        self._statm = self._rollup = -1

    def _pss(self, now_ns: int) -> int | None:
        if self.pss_refused is not None or now_ns < self._next_pss_ns:
            return None
        before_ns = time.thread_time_ns()
        pss_kib = self._read_pss()
        cost_ns = time.thread_time_ns() - before_ns
        self._next_pss_ns = now_ns + max(int(PSS_EVERY_S * 1e9), int(cost_ns / PSS_MOST_SHARE))
        if cost_ns > PSS_MOST_NS:
            self.pss_refused = (
                f"one reading of PSS took {cost_ns / 1e6:.1f} ms, more than the {PSS_MOST_NS / 1e6:g} ms that it may"
            )
        return pss_kib

    def _read_pss(self) -> int | None:
        """Opened anew where that gives nothing: the file belongs to one program, and a wrapper's exec ends that."""
        for _ in range(2):
            if self._rollup < 0:
                self._rollup = _opened(self._folder / "smaps_rollup")
            pss_kib = _pss_of(self._rollup)
            if pss_kib is not None:
                return pss_kib
            if self._rollup >= 0:
                os.close(self._rollup)
                self._rollup = -1
        if not (self._folder / "smaps_rollup").exists() and self._folder.exists():
            self.pss_refused = NO_ROLLUP
        return None


class WindowMemory(NamedTuple):
    """Mean and peak over the measured windows, in MiB; a text is the reason why there is none."""

    average_rss_mib: float | str
    average_pss_mib: float | str
    peak_pss_mib: float | str


def over_windows(
    samples: Iterable[MemorySample], windows: Sequence[Window], pss_refused: str | None = None
) -> WindowMemory:
    """What the samples within the windows come to. Pure."""
    inside = [
        sample for sample in samples if any(each["start_ns"] <= sample.at_ns <= each["end_ns"] for each in windows)
    ]
    rss = [sample.rss_kib for sample in inside]
    pss = [sample.pss_kib for sample in inside if sample.pss_kib is not None]
    why = pss_refused or TOO_FEW
    return WindowMemory(
        sum(rss) / len(rss) / _KIB_PER_MIB if len(rss) >= FEWEST else TOO_FEW,
        sum(pss) / len(pss) / _KIB_PER_MIB if len(pss) >= FEWEST else why,
        max(pss) / _KIB_PER_MIB if len(pss) >= FEWEST else why,
    )


UNSAMPLED = WindowMemory(NOT_SAMPLED, NOT_SAMPLED, NOT_SAMPLED)


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
