"""The worker's own memory by phase, from /proc/self.

Never from ru_maxrss: Linux carries that figure over from the parent across exec. The peak (VmHWM) is reset at the start
of each phase by writing 5 to clear_refs (Linux 4.0, CONFIG_PROC_PAGE_MONITOR); where that is refused, a phase has none.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.worker.document import MemoryReading

_PROC = Path("/proc/self")
NO_RESET = "the kernel does not let a process reset its peak (/proc/self/clear_refs)"
NO_ROLLUP = "the kernel has no /proc/self/smaps_rollup"


class MemoryBook:
    """One reading at the end of each phase; `absent` tells why a kind of figure is missing from all of them."""

    def __init__(self, model_files: Sequence[str], proc: Path = _PROC) -> None:
        self._proc = proc
        self._model_files = frozenset(model_files)
        self._highest_kib = 0
        self._resets = self._reset()
        self.readings: list[MemoryReading] = []
        self.absent: dict[str, str] = {} if self._resets else {"peak_mib": NO_RESET}

    def end_of(self, phase: str) -> None:
        """Reads, then starts the next phase's peak."""
        self.readings.append(self._read(phase))
        self._reset()

    def start_span(self) -> None:
        """A peak of its own for what comes next, which is no phase: a point of a sweep."""
        self._highest_kib = self.peak_kib
        self._reset()

    def span_peak_kib(self) -> int | None:
        """VmHWM since `start_span`; None where it cannot be reset."""
        return field_kib(self._status(), "VmHWM") if self._resets else None

    @property
    def peak_kib(self) -> int:
        """The largest resident set since the process began, over all phases."""
        return max(self._highest_kib, field_kib(self._status(), "VmHWM"))

    def _read(self, phase: str) -> MemoryReading:
        status = self._status()
        peak_kib = field_kib(status, "VmHWM")
        self._highest_kib = max(self._highest_kib, peak_kib)
        return {
            "phase": phase,
            "rss_kib": field_kib(status, "VmRSS"),
            "peak_kib": peak_kib if self._resets else None,
            "anonymous_kib": field_kib(status, "RssAnon"),
            "file_kib": field_kib(status, "RssFile"),
            "shared_memory_kib": field_kib(status, "RssShmem"),
            "pss_kib": None,
            "private_kib": None,
            "swap_kib": None,
            "model_mapped_kib": None,
        }

    def _status(self) -> str:
        return (self._proc / "status").read_text()

    def _reset(self) -> bool:
        try:
            (self._proc / "clear_refs").write_text("5")
        except OSError:
            return False
        return True


def field_kib(text: str, name: str) -> int:
    """One `Name:   123 kB` line of a status file. Raises LookupError where the kernel does not tell."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"/proc/self/status has no {name}")
    return int(found[1])
