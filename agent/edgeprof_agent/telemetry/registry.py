"""Every probe by the group that it fills in the trace, and those that this machine has."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from edgeprof_agent.telemetry.base import Absent, Probe, ProbeClass, Site

PROBES: dict[str, str] = {
    "cores_s": "edgeprof_agent.telemetry.processor:Cores",
    "agent": "edgeprof_agent.telemetry.processor:Ourselves",
    "worker": "edgeprof_agent.telemetry.worker:Worker",
    "worker_pss": "edgeprof_agent.measuring.worker_memory:WorkerPss",
    "worker_waited": "edgeprof_agent.telemetry.waiting:Waiting",
    "cpu_quota": "edgeprof_agent.telemetry.quota:Quota",
    "memory_mib": "edgeprof_agent.telemetry.memory:Available",
    "swapped_in": "edgeprof_agent.telemetry.memory:SwapIns",
    "memory_pressure_s": "edgeprof_agent.telemetry.memory:Pressure",
    "wall_clock": "edgeprof_agent.telemetry.wall_clock:WallClock",
    "raw_clock": "edgeprof_agent.telemetry.wall_clock:RawClock",
    "cores_online": "edgeprof_agent.telemetry.kernel_settings:OnlineCores",
    "clock_source": "edgeprof_agent.telemetry.kernel_settings:ClockSource",
    "temperature_c": "edgeprof_agent.telemetry.temperature:Temperature",
    "cpu_mhz": "edgeprof_agent.telemetry.clocks:Clocks",
    "throttle_events": "edgeprof_agent.telemetry.throttle:ThrottleCounters",
    "alarms": "edgeprof_agent.telemetry.throttle:Alarms",
}
"""Device drivers last: one that hangs must not keep the others from their first reading."""


def load(site: Site, probes: Mapping[str, str] = PROBES) -> tuple[list[Probe], dict[str, str]]:
    """The probes that can be read here, and for the others the reason."""
    found: list[Probe] = []
    absent: dict[str, str] = {}
    for group, target in probes.items():
        module, _, name = target.partition(":")
        try:
            found.append(cast(ProbeClass, getattr(import_module(module), name))(site))
        except Absent as reason:
            absent[group] = str(reason)
        except Exception as error:  # one probe that fails must not cost the others
            absent[group] = _why(error)
    return found, absent


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return f"it cannot be read: {error}"
