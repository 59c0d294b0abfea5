"""The clock of each cpufreq policy that the worker's cores belong to.

`scaling_cur_freq` is what was asked of the hardware, on x86 what it delivered (APERF/MPERF). A Raspberry Pi's firmware
may run slower than the kernel asked; `vcgencmd measure_clock` tells before and after the run (state.py), since a
process ten times a second would disturb it.
"""

from pathlib import Path

from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.base import Absent, NumberFiles, Site, opened
from edgeprof_agent.telemetry.cpu_lists import cpus_of

MOST_POLICIES = 16


class Clocks(NumberFiles):
    """`policy*/scaling_cur_freq` in kHz."""

    group = "cpu_mhz"
    unit = "MHz"

    def __init__(self, site: Site) -> None:
        folders = files.folders(site.root / "sys/devices/system/cpu/cpufreq", "policy*")
        used = [folder for folder in folders if _serves(folder, site.cores)][:MOST_POLICIES]
        policies = opened({folder.name: folder / "scaling_cur_freq" for folder in used})
        if not policies:
            raise Absent("the kernel tells no clock (no cpufreq policy), as on most virtual machines")
        super().__init__(policies, 1e-3)


def _serves(policy: Path, cores: tuple[int, ...]) -> bool:
    """A policy that does not list its cores is taken to serve the worker."""
    listed = files.text(policy / "affected_cpus")
    return listed is None or bool(set(cores) & set(cpus_of(listed)))
