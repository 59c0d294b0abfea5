"""The worker's own memory by phase, from /proc/self.

Never from ru_maxrss: Linux carries that figure over from the parent across exec. The peak (VmHWM) is reset at the start
of each phase by writing 5 to clear_refs (Linux 4.0, CONFIG_PROC_PAGE_MONITOR); where that is refused, a phase has none.
A reading walks the page tables (milliseconds for each GiB), so that there is none within a timed window.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.worker.mapped import mapped_kib
from edgeprof_agent.worker_protocol.document import MemoryReading

NO_RESET = "the kernel does not let a process reset its peak (/proc/self/clear_refs)"
NO_KINDS = "the kernel does not distinguish kinds of resident memory (Linux 4.5)"
NO_ROLLUP = "the kernel has no /proc/self/smaps_rollup (Linux 4.14, CONFIG_PROC_PAGE_MONITOR)"
NO_MAPS = "the kernel has no /proc/self/smaps (CONFIG_PROC_PAGE_MONITOR)"
NO_TEGRA = "measured on a Jetson only, where CPU and GPU share one memory"
NO_NVMAP = "this board's /proc/meminfo has no NvMapMemUsed (Thor's has none)"


class MemoryBook:
    """One reading at the end of each phase; `absent` tells why a kind of figure is missing from all of them."""

    def __init__(self, model_files: Sequence[str], root: Path = Path("/")) -> None:
        self._proc = root / "proc/self"
        self._meminfo = root / "proc/meminfo" if _is_tegra(root) else None
        self._model_files = tuple(model_files)
        self._highest_kib = 0
        self._resets = True  # the first phase's peak is that of the process so far, whatever the kernel allows
        self.readings: list[MemoryReading] = []
        self.absent: dict[str, str] = {}
        if self._meminfo is None:
            self.absent |= {"unified_used_mib": NO_TEGRA, "gpu_used_mib": NO_TEGRA}

    def end_of(self, phase: str) -> MemoryReading:
        """Reads, then starts the next phase's peak."""
        reading = self._read(phase)
        self.readings.append(reading)
        self._resets = self._reset()
        return reading

    def start_span(self) -> None:
        """A peak of its own for what comes next, which is no phase: a point of a sweep."""
        self._resets = self._reset()

    def span_peak_kib(self) -> int | None:
        """VmHWM since `start_span`; None where it cannot be reset."""
        return field_kib((self._proc / "status").read_text(), "VmHWM") if self._resets else None

    @property
    def peak_kib(self) -> int:
        """The largest resident set from the start of the process to the last reading.

        What came after that reading is not in it: by then a worker holds its samples once more, as numbers to report.
        """
        return self._highest_kib

    def _read(self, phase: str) -> MemoryReading:
        """The peak first: what the other readings allocate belongs to nobody's model."""
        status = (self._proc / "status").read_text()
        peak_kib = field_kib(status, "VmHWM")
        self._highest_kib = max(self._highest_kib, peak_kib)
        pss_kib, private_kib, swap_kib = self._rollup()
        available_kib, nvmap_kib = self._unified()
        return {
            "phase": phase,
            "rss_kib": field_kib(status, "VmRSS"),
            "peak_kib": peak_kib if self._resets else None,
            "anonymous_kib": self._kind(status, "RssAnon", "anonymous_mib"),
            "file_kib": self._kind(status, "RssFile", "file_mib"),
            "shared_memory_kib": self._kind(status, "RssShmem", "shared_memory_mib"),
            "pss_kib": pss_kib,
            "private_kib": private_kib,
            "swap_kib": swap_kib,
            "model_mapped_kib": self._model_mapped(),
            "unified_available_kib": available_kib,
            "nvmap_kib": nvmap_kib,
        }

    def _kind(self, status: str, name: str, figure: str) -> int | None:
        try:
            return field_kib(status, name)
        except LookupError:
            self.absent[figure] = NO_KINDS
            return None

    def _rollup(self) -> tuple[int | None, int | None, int | None]:
        """PSS, USS and swap."""
        try:
            text = (self._proc / "smaps_rollup").read_text()
        except OSError:
            self.absent |= dict.fromkeys(("pss_mib", "private_mib", "swap_mib"), NO_ROLLUP)
            return None, None, None
        private_kib = field_kib(text, "Private_Clean") + field_kib(text, "Private_Dirty")
        return field_kib(text, "Pss"), private_kib, field_kib(text, "Swap")

    def _model_mapped(self) -> int | None:
        try:
            return mapped_kib(self._model_files, self._proc)
        except OSError:
            self.absent["model_mapped_mib"] = NO_MAPS
            return None

    def _unified(self) -> tuple[int | None, int | None]:
        """What the whole machine has left, and what its GPU driver has handed out."""
        if self._meminfo is None:
            return None, None
        text = self._meminfo.read_text()
        if "NvMapMemUsed:" not in text:
            self.absent["gpu_used_mib"] = NO_NVMAP
            return field_kib(text, "MemAvailable"), None
        return field_kib(text, "MemAvailable"), field_kib(text, "NvMapMemUsed")

    def _reset(self) -> bool:
        try:
            (self._proc / "clear_refs").write_text("5")
        except OSError:
            self.absent["peak_mib"] = NO_RESET
            return False
        return True


def field_kib(text: str, name: str) -> int:
    """One `Name:   123 kB` line of a file under /proc. Raises LookupError where the kernel does not tell."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"/proc has no {name}")
    return int(found[1])


def _is_tegra(root: Path) -> bool:
    try:
        return b"nvidia,tegra" in (root / "proc/device-tree/compatible").read_bytes()
    except OSError:
        return False
