"""How often a CPU quota stopped this process's cgroup: periods in which it ran out, and for how long.

`cpu.stat` of the group (kernel, admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst): `nr_periods`, `nr_throttled`,
and `throttled_usec` (v2) or `throttled_time` in ns (v1).
"""

from edgeprof_agent.sensors.cgroup_limits import cpu_quotas
from edgeprof_agent.telemetry.base import Absent, ProbeFile, Site

_BYTES = 2048


class Quota:
    """Of the tightest of the quotas that hold us: an outer one that is wider seldom runs out before."""

    group = "cpu_quota"
    unit = "periods and s, counted up; cores"
    labels = ("periods", "throttled", "throttled_s", "cores")
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        quotas = cpu_quotas(site.root)
        if not quotas:
            raise Absent("no CPU quota holds this process")
        self._cores = quotas[0].cores
        self._file = ProbeFile(quotas[0].group.folder / "cpu.stat")
        self.read()

    def read(self) -> tuple[float, float, float, float]:
        stat = dict(line.split()[:2] for line in self._file.read(_BYTES).decode().splitlines() if " " in line)
        periods, throttled = float(stat["nr_periods"]), float(stat["nr_throttled"])
        stopped_s = int(stat["throttled_usec"]) / 1e6 if "throttled_usec" in stat else int(stat["throttled_time"]) / 1e9
        return periods, throttled, stopped_s, self._cores
