"""How many cores other programs used over a stretch of time, from the kernel's own counts."""

import os
import time
from pathlib import Path

_TICKS_A_S = os.sysconf("SC_CLK_TCK")
_IDLE = (3, 4)
"""Places of `idle` and `iowait` in the first line of /proc/stat; guests' time (8, 9) is in the user's already."""
_COUNTS = 8


class OtherLoad:
    """From its making on."""

    def __init__(self, stat: Path = Path("/proc/stat")) -> None:
        self._stat = stat
        self._began = self._now()

    def cores(self) -> float:
        """Mean; 0 where the kernel does not tell."""
        (busy, own, at), (busy_then, own_then, then) = self._now(), self._began
        return max(0.0, (busy - busy_then - (own - own_then)) / max(at - then, 1e-9))

    def _now(self) -> tuple[float, float, float]:
        own = time.process_time()
        try:
            counts = [int(word) for word in self._stat.read_text().split("\n", 1)[0].split()[1 : 1 + _COUNTS]]
        except (OSError, ValueError):
            counts = []
        busy = sum(count for place, count in enumerate(counts) if place not in _IDLE) / _TICKS_A_S
        return (busy if counts else own), own, time.monotonic()
