"""What a trace says about the measured window, in sum. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from edgeprof.wire.evidence import Conditions
from edgeprof_agent.telemetry.cpu_lists import cpus_of
from edgeprof_agent.telemetry.span import Growth, Span
from edgeprof_agent.telemetry.throttle import flag_of
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.telemetry.zones import hottest
from edgeprof_agent.worker.document import Window

SHORTEST_FOR_SHARES_S = 0.5
"""The kernel counts processor time in ticks of 10 ms: over less than this, a share would be mostly rounding."""
SLEW = 0.0005
"""A clock that is being set right may run off by 500 ppm (adjtimex(2)); more is a step."""
STILL_SHARE = 0.1

_GROUP_OF = {
    "temperature_min_c": "temperature_c",
    "temperature_max_c": "temperature_c",
    "cpu_mhz_min": "cpu_mhz",
    "cpu_mhz_max": "cpu_mhz",
    "others_cpu_share": "cores_s",
    "stolen_cpu_share": "cores_s",
    "waited_cpu_share": "worker_waited",
    "throttle_events": "throttle_events",
    "swapped_in_pages": "swapped_in",
    "memory_pressure_share": "memory_pressure_s",
    "wall_clock_step_ms": "wall_clock",
    "worker_stopped_s": "worker",
    "worker_still_s": "worker",
}
_TOO_SHORT = "nothing could be recorded in a window this short"


def conditions_of(trace: Trace, windows: Sequence[Window], usable_cores: int) -> Conditions:
    """`usable_cores`: how many the worker may use."""
    span = Span(trace, windows[0]["start_ns"], windows[-1]["end_ns"])
    heat, clocks = _heat_c(span), _fastest_mhz(span)
    swapped, some = span.growth("swapped_in", "pages"), span.growth("memory_pressure_s", "some")
    conditions = Conditions(
        window_s=sum(window["end_ns"] - window["start_ns"] for window in windows) / 1e9,
        sample_hz_asked=trace.asked_hz,
        sample_hz_got=span.rate_hz,
        temperature_min_c=min(heat, default=None),
        temperature_max_c=max(heat, default=None),
        cpu_mhz_min=min(clocks, default=None),
        cpu_mhz_max=max(clocks, default=None),
        others_cpu_share=_share_of_others(span, usable_cores),
        stolen_cpu_share=_share(span.growth("cores_s", "stolen"), _all_cores(span) or usable_cores),
        waited_cpu_share=_share(span.growth("worker_waited", "waited_s"), 1),
        throttle_flags=_flags(span),
        throttle_events=_events(span),
        swapped_in_pages=round(swapped.amount) if swapped else None,
        memory_pressure_share=_share(some, 1),
        wall_clock_step_ms=_step_ms(span),
        cpus_gone=_gone(span),
        worker_stopped_s=_stopped_s(span),
        worker_still_s=_still_s(span),
        clock_sources=span.words("clock_source", "name"),
    )
    missing = {field: group for field, group in _GROUP_OF.items() if getattr(conditions, field) is None}
    return replace(conditions, absent={field: trace.absent.get(group, _TOO_SHORT) for field, group in missing.items()})


def _share(growth: Growth | None, cores: int) -> float | None:
    if growth is None or growth.over_s < SHORTEST_FOR_SHARES_S:
        return None
    return growth.amount / growth.over_s / cores


def _share_of_others(span: Span, usable_cores: int) -> float | None:
    """Busy time of the worker's cores less its own and ours."""
    growths = span.growths(("cores_s", "busy"), ("worker", "cpu_s"), ("agent", "cpu_s"))
    if growths is None:
        return None
    busy, worker, agent = growths
    return _share(replace(busy, amount=max(0.0, busy.amount - worker.amount - agent.amount)), usable_cores)


def _heat_c(span: Span) -> list[float]:
    """The processor's zone at each moment."""
    moments: dict[int, dict[str, float]] = {}
    for zone in span.trace.labels("temperature_c"):
        for at, value in span.numbers("temperature_c", zone):
            moments.setdefault(at, {})[zone] = value
    found = [hottest(zones) for zones in moments.values()]
    return [each[0] for each in found if each is not None]


def _fastest_mhz(span: Span) -> list[float]:
    """The fastest of the worker's policies at each moment: the others may idle."""
    moments: dict[int, float] = {}
    for policy in span.trace.labels("cpu_mhz"):
        for at, value in span.numbers("cpu_mhz", policy):
            moments[at] = max(value, moments.get(at, 0.0))
    return list(moments.values())


def _events(span: Span) -> int | None:
    growths = [span.growth("throttle_events", label) for label in span.trace.labels("throttle_events")]
    known = [growth.amount for growth in growths if growth is not None]
    return round(sum(known)) if known else None


def _flags(span: Span) -> tuple[str, ...]:
    """Names of counters that grew and of alarms that were on at any moment."""
    flags: list[str] = []
    for label in span.trace.labels("throttle_events"):
        growth = span.growth("throttle_events", label)
        if growth is not None and growth.amount:
            flags.append(flag_of(label))
    for label in span.trace.labels("alarms"):
        if any(value > 0 for _, value in span.numbers("alarms", label)):
            flags.append(flag_of(label))
    return tuple(dict.fromkeys(flags))


def _step_ms(span: Span) -> float | None:
    """The largest jump between two readings beyond what setting a clock right may do."""
    taken = span.numbers("wall_clock", "offset_ms")
    steps = [(later - earlier, (to_ns - from_ns) / 1e6) for (from_ns, earlier), (to_ns, later) in pairwise(taken)]
    jumps = [step if abs(step) > SLEW * apart_ms else 0.0 for step, apart_ms in steps]
    return max(jumps, key=abs, default=None)


def _all_cores(span: Span) -> int:
    return len(_online(span)[0]) if _online(span) else 0


def _online(span: Span) -> list[tuple[int, ...]]:
    return [cpus_of(word) for word in span.words("cores_online", "list")]


def _gone(span: Span) -> tuple[int, ...]:
    """Cores that were there at the window's start and at some later moment were not."""
    online = _online(span)
    return tuple(sorted({cpu for later in online[1:] for cpu in online[0] if cpu not in later}))


def _stopped_s(span: Span) -> float | None:
    taken = span.numbers("worker", "stopped")
    if len(taken) < 2:
        return None
    return sum((to_ns - from_ns) / 1e9 for (from_ns, stopped), (to_ns, _) in pairwise(taken) if stopped)


def _still_s(span: Span) -> float | None:
    """The longest run of neighbouring readings between which the worker used less than a tenth of a core."""
    taken = span.numbers("worker", "cpu_s")
    if len(taken) < 2:
        return None
    longest_s, stretch_s = 0.0, 0.0
    for (from_ns, before_s), (to_ns, after_s) in pairwise(taken):
        apart_s = (to_ns - from_ns) / 1e9
        stretch_s = stretch_s + apart_s if after_s - before_s < STILL_SHARE * apart_s else 0.0
        longest_s = max(longest_s, stretch_s)
    return longest_s
