"""Waiting until a machine does nothing else, by what its processors were idle for (proc(5), /proc/stat)."""

import time
from pathlib import Path

MIN_IDLE = 0.9
LOOK_S = 2.0


def idle_share(before: str, after: str) -> float:
    """Of two readings of /proc/stat: the share of all processors' time between them that was idle.

    >>> idle_share("cpu  10 0 10 80 0", "cpu  20 0 10 170 0")
    0.9
    """
    first, last = ([int(field) for field in text.splitlines()[0].split()[1:9]] for text in (before, after))
    spent = [later - earlier for earlier, later in zip(first, last, strict=True)]
    return spent[3] / max(1, sum(spent))


def wait_until_idle(limit_s: float) -> bool:
    """Returns once the processors were idle for 90 % of 2 s; False where that has not come within the limit."""
    stop_s = time.monotonic() + limit_s
    while time.monotonic() < stop_s:
        before = Path("/proc/stat").read_text()
        time.sleep(LOOK_S)
        if idle_share(before, Path("/proc/stat").read_text()) >= MIN_IDLE:
            return True
    return False
