"""Memory of the device: what is free, what came back from swap, how long somebody waited for it."""

from edgeprof_agent.telemetry.base import Absent, ProbeFile, Site

_BYTES = 65536


class Available:
    """`MemAvailable` of /proc/meminfo."""

    group = "memory_mib"
    unit = "MiB"
    labels = ("available",)
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        self._file = ProbeFile(site.root / "proc/meminfo")
        self.read()

    def read(self) -> tuple[float]:
        return (_after(self._file.read(_BYTES), b"MemAvailable:") / 1024,)


class SwapIns:
    """`pswpin` of /proc/vmstat: pages that came back from swap, of any process."""

    group = "swapped_in"
    unit = "pages, counted up"
    labels = ("pages",)
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        self._file = ProbeFile(site.root / "proc/vmstat")
        if b"\npswpin " not in self._file.read(_BYTES):
            raise Absent("the kernel does not count swapping (no pswpin in /proc/vmstat)")

    def read(self) -> tuple[float]:
        return (_after(self._file.read(_BYTES), b"\npswpin "),)


class Pressure:
    """/proc/pressure/memory (kernel, Documentation/accounting/psi.rst): `some` task, and all of them, waited."""

    group = "memory_pressure_s"
    unit = "s, counted up"
    labels = ("some", "full")
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        try:
            self._file = ProbeFile(site.root / "proc/pressure/memory")
            self.read()
        except OSError:
            raise Absent("the kernel reports no memory pressure (/proc/pressure; `psi=1` turns it on)") from None

    def read(self) -> tuple[float, float]:
        some, full = self._file.read(_BYTES).split(b"\n")[:2]
        return _after(some, b"total=") / 1e6, _after(full, b"total=") / 1e6


def _after(data: bytes, name: bytes) -> int:
    """The number that stands behind a name."""
    start = data.index(name) + len(name)
    return int(data[start : start + 32].split(None, 1)[0])
