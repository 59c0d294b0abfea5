"""Two words of the kernel that must not change in mid-run: which cores are there, and which clock it counts time by."""

from edgeprof_agent.telemetry.base import ProbeFile, Site

_BYTES = 256


class _Word:
    """A file's text."""

    unit = "text"
    problem: str | None = None
    path = ""

    def __init__(self, site: Site) -> None:
        self._file = ProbeFile(site.root / self.path)

    def read(self) -> tuple[str]:
        word = self._file.read(_BYTES).decode("ascii").strip()
        if not word:
            raise ValueError("it is empty")
        return (word,)


class OnlineCores(_Word):
    """`/sys/devices/system/cpu/online`, such as `0-3`."""

    group = "cores_online"
    labels = ("list",)
    path = "sys/devices/system/cpu/online"


class ClockSource(_Word):
    """The kernel gives up a clock source that it finds unstable (`tsc` to `hpet`), and each reading costs more then."""

    group = "clock_source"
    labels = ("name",)
    path = "sys/devices/system/clocksource/clocksource0/current_clocksource"
