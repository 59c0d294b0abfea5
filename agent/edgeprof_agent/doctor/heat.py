"""Temperature, clocks, governor, throttling, power mode: what of a device's state can be told."""

from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.sensors import device_tree
from edgeprof_agent.telemetry import state
from edgeprof_agent.telemetry.zones import why_none

_GOVERNOR = (
    "echo performance | sudo tee /sys/devices/system/cpu/cpufreq/policy*/scaling_governor  # until the next boot"
)


def look(root: Path) -> Iterator[Finding]:
    """From one look at the device, as a run takes it."""
    seen = state.read_state(root)
    if seen.temperature_c is not None:
        yield _ok("temperature", f"{seen.temperature_c:.0f} °C, {seen.temperature_source}")
    else:
        yield _absent("temperature", why_none(root), "the heat gate, and heat as a trust cause")
    if seen.cpu_mhz_by_policy:
        yield _ok("clocks", ", ".join(f"{name} {mhz:.0f} MHz" for name, mhz in seen.cpu_mhz_by_policy.items()))
    else:
        yield _absent("clocks", "no cpufreq", "clocks over time, and clock changes during a run")
    if seen.governor is not None:
        yield _governor(seen.governor)
    if seen.throttle_flags_known or seen.throttle_counters:
        known = sorted({*seen.throttle_flags_known, *seen.throttle_counters})
        yield _ok("throttling", f"reports {', '.join(name.replace('_', ' ') for name in known)}")
    else:
        yield _absent("throttling", "no firmware bits, alarms or counters", "throttling as a trust cause")
    yield from _power_mode(root, seen.power_mode)


def _governor(name: str) -> Finding:
    if name == "performance":
        return _ok("governor", name)
    detail = f"{name}: clocks follow the load, so short runs scatter more"
    return Finding("heat and clocks", "governor", "optional", detail, _GOVERNOR)


def _power_mode(root: Path, mode: str | None) -> Iterator[Finding]:
    """A Jetson's figure without its mode is worth nothing."""
    if not device_tree.is_tegra(root):
        return
    if mode is None:
        yield Finding(
            "heat and clocks", "power mode", "missing", "not reported", "sudo nvpmodel -q", "the power mode of a run"
        )
    else:
        yield _ok("power mode", mode)


def _ok(subject: str, detail: str) -> Finding:
    return Finding("heat and clocks", subject, "ok", detail)


def _absent(subject: str, detail: str, costs: str) -> Finding:
    return Finding("heat and clocks", subject, "optional", detail, costs=costs)
