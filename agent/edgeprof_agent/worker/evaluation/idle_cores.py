"""How many of this process's cores are idle now. Linux's load average cannot say: it counts what just ended."""

import os
import time
from collections.abc import Collection
from pathlib import Path

_STAT = Path("/proc/stat")
_WINDOW_S = 0.1


def idle_cores(window_s: float = _WINDOW_S) -> float:
    """Cores of this process's affinity that stood idle during a short sleep, such as 1.9 of 2. Without procfs: 0.

    The kernel counts in steps of 10 ms, so that one window of 0.1 s is right to about a tenth of a core.
    """
    cpus = os.sched_getaffinity(0)
    try:
        before = idle_ticks(_STAT.read_bytes(), cpus)
        started_s = time.monotonic()
        time.sleep(window_s)
        after, took_s = idle_ticks(_STAT.read_bytes(), cpus), time.monotonic() - started_s
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, (after - before) / os.sysconf("SC_CLK_TCK") / took_s)


def idle_ticks(stat: bytes, cpus: Collection[int]) -> int:
    """Ticks that these cores were idle since boot, of `/proc/stat` (proc_stat(5)); waiting for a disk is idle, too."""
    names = {b"cpu%d" % cpu for cpu in cpus}
    rows = (line.split() for line in stat.splitlines())
    return sum(int(row[4]) + int(row[5]) for row in rows if row and row[0] in names)
