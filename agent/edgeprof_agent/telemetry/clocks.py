"""The clock of each cpufreq policy that the worker's cores belong to, and of the core that its main thread is on.

`scaling_cur_freq` is what was asked of the hardware, on x86 what it delivered (APERF/MPERF). A Raspberry Pi's firmware
may run slower than the kernel asked; `vcgencmd measure_clock` tells before and after the run (state.py), since a
process ten times a second would disturb it.
"""

from pathlib import Path

from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.base import NUMBER_BYTES, OWN, Absent, NumberFiles, ProbeFile, Site, Value, opened
from edgeprof_agent.telemetry.cpu_lists import cpus_of
from edgeprof_agent.telemetry.worker import last_core, stat_of

MAX_POLICIES = 16
"""Where the worker's cores have more, only the main thread's is read: on x86, reading may wake an idle core."""


class Clocks(NumberFiles):
    """`policy*/scaling_cur_freq` in kHz. Where there are several policies, the last label is `OWN`."""

    group = "cpu_mhz"
    unit = "MHz"

    def __init__(self, site: Site) -> None:
        folders = files.folders(site.root / "sys/devices/system/cpu/cpufreq", "policy*")
        served = {folder: _cores_of(folder, site.cores) for folder in folders}
        self._policies = {folder.name: folder / "scaling_cur_freq" for folder in folders if served[folder]}
        self._policy_of = {core: folder.name for folder in folders for core in served[folder]}
        self._stat = stat_of(site)
        self._few = len(self._policies) <= MAX_POLICIES
        self._own: dict[str, ProbeFile] = {}
        found = opened(self._policies if self._few else dict([next(iter(self._policies.items()))]))
        if not found:
            raise Absent("the kernel reports no clock (no cpufreq policy), as on most virtual machines")
        super().__init__(found if self._few else {}, 1e-3)
        if not self._few:
            self.labels = (OWN,)
            self.problem = (
                f"the model's cores have {len(self._policies)} clocks; only that of the core that last ran its "
                "main thread is watched"
            )
        elif len(found) > 1:
            self.labels = (*found, OWN)

    def read(self) -> list[Value]:
        values = super().read()
        if OWN not in self.labels:
            return values
        policy = self._policy_of.get(last_core(self._stat))
        if self._few:
            return [*values, dict(zip(self.labels, values, strict=False)).get(policy or "")]
        return [self._mhz(policy) if policy is not None else None]

    def _mhz(self, policy: str) -> float:
        """Its file is opened when the main thread first comes to it."""
        if policy not in self._own:
            self._own[policy] = ProbeFile(self._policies[policy])
        return int(self._own[policy].read(NUMBER_BYTES)) * 1e-3


def _cores_of(policy: Path, cores: tuple[int, ...]) -> set[int]:
    """Those of the worker's cores that it serves. A policy that does not list its cores is taken to serve them all."""
    listed = files.text(policy / "affected_cpus")
    return set(cores) if listed is None else set(cores) & set(cpus_of(listed))
