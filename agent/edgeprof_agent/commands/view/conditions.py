"""The device during the window, and what our own processes took of it."""

import re
from collections.abc import Iterator

from edgeprof.wire.evidence import Conditions, Footprint
from edgeprof.wire.messages import DeviceState
from edgeprof_agent.commands.view.words import by_reason, labelled, listed, number, percent, plural, span

_UNITS_AND_ENDS = re.compile(r"_(min|max|c|mhz|ms)(?=_|$)")


def conditions_lines(
    conditions: Conditions | None, before: DeviceState | None, after: DeviceState | None
) -> Iterator[str]:
    """From the trace where there is one; else from the moments before and after."""
    if conditions is None:
        yield from _from_moments(before, after)
        return
    parts = [*_heat_and_clock(conditions), *_taken(conditions), *_events(conditions)]
    if before is not None and before.governor:
        parts.append(f"governor {before.governor}")
    if before is not None and before.power_mode:
        parts.append(f"power mode {before.power_mode}")
    rate = f"{number(conditions.sample_hz_got)} Hz for {number(conditions.window_s)} s"
    yield from labelled("device", f"{', '.join(parts) or 'nothing could be read'} (sampled at {rate})")
    for reason, names in by_reason(conditions.absent.items()).items():
        told_once = list(dict.fromkeys(_plain(name) for name in names))
        yield from labelled("", f"{listed(told_once)} not known: {reason}")


def footprint_lines(footprint: Footprint | None) -> Iterator[str]:
    """Shares are of one core."""
    if footprint is None:
        return
    sampler = f"sampler {percent(footprint.sampler_cpu_share)} at {number(footprint.sampler_hz)} Hz"
    yield from labelled(
        "own cost",
        f"agent {percent(footprint.agent_cpu_share)} of a core, "
        f"{sampler if footprint.sampler_hz else 'no sampler ran'}, {number(footprint.agent_rss_mib)} MiB",
    )


def _from_moments(before: DeviceState | None, after: DeviceState | None) -> Iterator[str]:
    parts: list[str] = []
    if before is not None and before.temperature_c is not None:
        then = f" before, {after.temperature_c:.1f} °C after" if after and after.temperature_c is not None else ""
        parts.append(f"{before.temperature_c:.1f} °C{then} ({before.temperature_source})")
    if before is not None and before.governor:
        parts.append(f"governor {before.governor}")
    if before is not None and before.load_1m is not None:
        parts.append(f"load {before.load_1m:.1f} before the run")
    if parts:
        yield from labelled("device", ", ".join(parts))


def _heat_and_clock(conditions: Conditions) -> Iterator[str]:
    if conditions.temperature_min_c is not None and conditions.temperature_max_c is not None:
        yield span(conditions.temperature_min_c, conditions.temperature_max_c, "°C")
    if conditions.cpu_mhz_min is not None and conditions.cpu_mhz_max is not None:
        yield span(conditions.cpu_mhz_min, conditions.cpu_mhz_max, "MHz")


def _taken(conditions: Conditions) -> Iterator[str]:
    if conditions.others_cpu_share is not None:
        yield f"other programs took {percent(conditions.others_cpu_share)} as much processor time as the model"
    if conditions.cpu_quota is not None:
        ran_out = f"{conditions.quota_throttled_periods or 0} of {conditions.quota_periods or 0} periods"
        yield f"the CPU quota of {number(conditions.cpu_quota)} cores ran out in {ran_out}"
    if conditions.stolen_cpu_share:
        yield f"the hypervisor took {percent(conditions.stolen_cpu_share)}"
    if conditions.memory_pressure_share:
        yield f"some program waited for memory {percent(conditions.memory_pressure_share)} of the time"
    if conditions.swapped_in_pages:
        yield f"{plural(conditions.swapped_in_pages, 'page')} read back from swap"


def _events(conditions: Conditions) -> Iterator[str]:
    if conditions.throttle_flags:
        yield f"the board reported {listed([_plain(flag) for flag in conditions.throttle_flags])}"
    if conditions.throttle_events:
        yield plural(conditions.throttle_events, "throttle event")
    if conditions.wall_clock_step_ms is not None and abs(conditions.wall_clock_step_ms) >= 1:
        yield f"the wall clock stepped by {number(conditions.wall_clock_step_ms)} ms"
    if conditions.cpus_gone:
        yield f"CPU {listed([str(cpu) for cpu in conditions.cpus_gone])} went offline"


def _plain(name: str) -> str:
    name = _UNITS_AND_ENDS.sub("", name)  # the lowest and the highest go as one
    return {"cpu": "clock"}.get(name, name.replace("_", " "))
