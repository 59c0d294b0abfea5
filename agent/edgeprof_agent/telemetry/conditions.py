"""What a trace says about the measured windows, in sum. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from edgeprof.wire.evidence import Conditions
from edgeprof_agent.telemetry.base import OWN
from edgeprof_agent.telemetry.cpu_lists import cpus_of
from edgeprof_agent.telemetry.span import Growth, ProbeSpan
from edgeprof_agent.telemetry.throttle import flag_of
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.telemetry.zones import hottest
from edgeprof_agent.worker_protocol.document import MeasuredWindow

MIN_FOR_SHARES_S = 0.5
"""The kernel counts processor time in ticks of 10 ms: over less than this, a share would be mostly rounding."""
STILL_SHARE = 0.1
OVERBOOKED_CORES = 0.5
"""By how much the worker's own threads may want more cores than there are before their waiting is their own doing."""
ONE_THREAD = 1.5
"""Cores' worth of processor time below which the main thread alone does the work."""

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
    "clock_slew_ppm": "raw_clock",
    "worker_stopped_s": "worker",
    "worker_still_s": "worker",
}
_PARTLY = ("others_cpu_share", "cpu_mhz_max", "throttle_events")
"""Figures that may be had of a part of the machine only: the reason then stands beside the figure."""
_TOO_SHORT = "nothing could be recorded in a window this short"


def conditions_of(trace: Trace, windows: Sequence[MeasuredWindow], usable_cores: int) -> Conditions:
    """`usable_cores`: how many the worker may use. Windows may have gaps between them, and come in any order."""
    span = ProbeSpan(trace, [(window["start_ns"], window["end_ns"]) for window in windows])
    heat, clocks = heat_c(span), clock_mhz(span)
    swapped, some = span.growth("swapped_in", "pages"), span.growth("memory_pressure_s", "some")
    at_work = _cores_at_work(span, usable_cores)
    conditions = Conditions(
        window_s=span.window_s,
        sample_hz_asked=trace.asked_hz,
        sample_hz_got=span.rate_hz,
        temperature_min_c=min(heat, default=None),
        temperature_max_c=max(heat, default=None),
        cpu_mhz_min=min(clocks, default=None),
        cpu_mhz_max=max(clocks, default=None),
        others_cpu_share=_share(_others(span), at_work),
        stolen_cpu_share=_share(span.growth("cores_s", "stolen"), at_work),
        waited_cpu_share=None if _overbooked(span, usable_cores) else _share(span.growth("worker_waited", "waited_s")),
        throttle_flags=flags_of(span),
        throttle_events=_events(span),
        swapped_in_pages=round(swapped.amount) if swapped else None,
        memory_pressure_share=_share(some),
        wall_clock_step_ms=_step_ms(span),
        clock_slew_ppm=_slew_ppm(span),
        cpus_gone=_gone(span),
        worker_stopped_s=_stopped_s(span),
        worker_still_s=_still_s(span),
        clock_sources=span.words("clock_source", "name"),
        **_quota(span),
    )
    return replace(conditions, absent=_absent(conditions, trace, _overbooked(span, usable_cores)))


class _QuotaFields(TypedDict, total=False):
    cpu_quota: float
    quota_periods: int
    quota_throttled_periods: int
    quota_throttled_share: float


def _quota(span: ProbeSpan) -> _QuotaFields:
    """Nothing without a quota."""
    cores = quota_of(span.trace)
    grown = span.growths(("cpu_quota", "periods"), ("cpu_quota", "throttled"), ("cpu_quota", "throttled_s"))
    if cores is None or grown is None:
        return {} if cores is None else {"cpu_quota": cores}
    periods, throttled, stopped = grown
    return {
        "cpu_quota": cores,
        "quota_periods": round(periods.amount),
        "quota_throttled_periods": round(throttled.amount),
        "quota_throttled_share": stopped.amount / stopped.over_s,
    }


def quota_of(trace: Trace) -> float | None:
    """The CPU quota that held the worker, in cores."""
    found = [value for _, value in trace.series("cpu_quota", "cores") if isinstance(value, float)]
    return found[-1] if found else None


def _absent(conditions: Conditions, trace: Trace, overbooked: str | None) -> dict[str, str]:
    reasons = {**trace.absent, "worker_waited": overbooked} if overbooked is not None else trace.absent
    missing = {field: group for field, group in _GROUP_OF.items() if getattr(conditions, field) is None}
    partly = {field: _GROUP_OF[field] for field in _PARTLY if field not in missing and _GROUP_OF[field] in reasons}
    return {field: reasons.get(group, _TOO_SHORT) for field, group in {**missing, **partly}.items()}


def _share(growth: Growth | None, cores: float = 1.0) -> float | None:
    if growth is None or growth.over_s < MIN_FOR_SHARES_S:
        return None
    return growth.amount / growth.over_s / cores


def _cores_at_work(span: ProbeSpan, usable_cores: int) -> float:
    """How many cores' worth of processor time the worker had: at least 1, and no more than it may use.

    What others take is measured by that, and not by all cores: half a core is little to a machine of 64, and half of
    the run to a model of one thread, which cannot choose the cores that are idle.
    """
    return min(float(max(1, usable_cores)), max(1.0, _share(span.growth("worker", "cpu_s")) or 1.0))


def _others(span: ProbeSpan) -> Growth | None:
    """Busy time of the worker's cores less its own and ours."""
    growths = span.growths(("cores_s", "busy"), ("worker", "cpu_s"), ("agent", "cpu_s"))
    if growths is None:
        return None
    busy, worker, agent = growths
    return replace(busy, amount=max(0.0, busy.amount - worker.amount - agent.amount))


def _overbooked(span: ProbeSpan, usable_cores: int) -> str | None:
    """Why the waiting of the worker's threads tells nothing of others: they wait for each other."""
    wanted = _share(span.growth("worker_waited", "wanted_s"))
    if wanted is None or wanted <= usable_cores + OVERBOOKED_CORES:
        return None
    return f"the model's own threads wanted {wanted:.1f} of {usable_cores} cores: they wait for each other"


def heat_c(span: ProbeSpan) -> list[float]:
    """The processor's zone at each moment."""
    moments: dict[int, dict[str, float]] = {}
    for zone in span.trace.labels("temperature_c"):
        for at, value in span.numbers("temperature_c", zone):
            moments.setdefault(at, {})[zone] = value
    found = [hottest(zones) for zones in moments.values()]
    return [each[0] for each in found if each is not None]


def clock_mhz(span: ProbeSpan) -> list[float]:
    """A model of one thread: the clock of the core that it was on. Of several: the fastest of the policies that its
    cores belong to at each moment, since the others may idle."""
    labels = span.trace.labels("cpu_mhz")
    fastest = [label for label in labels if label != OWN]
    alone = (_share(span.growth("worker", "cpu_s")) or 0.0) < ONE_THREAD
    moments: dict[int, float] = {}
    for policy in [OWN] if OWN in labels and (alone or not fastest) else fastest:
        for at, value in span.numbers("cpu_mhz", policy):
            moments[at] = max(value, moments.get(at, 0.0))
    return list(moments.values())


def _events(span: ProbeSpan) -> int | None:
    growths = [span.growth("throttle_events", label) for label in span.trace.labels("throttle_events")]
    known = [growth.amount for growth in growths if growth is not None]
    return round(sum(known)) if known else None


def flags_of(span: ProbeSpan) -> tuple[str, ...]:
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


def _step_ms(span: ProbeSpan) -> float | None:
    """The largest jump between two readings."""
    jumps = [after - before for (_, before), (_, after) in span.pauses("wall_clock", "offset_ms")]
    return max(jumps, key=abs, default=None)


def _slew_ppm(span: ProbeSpan) -> float | None:
    """By how much the monotonic clock ran faster than the raw one over the windows, in millionths."""
    pauses = span.pauses("raw_clock", "offset_ms")
    over_ms = sum(to_ns - from_ns for (from_ns, _), (to_ns, _) in pauses) / 1e6
    if over_ms < MIN_FOR_SHARES_S * 1e3:
        return None
    return -sum(after - before for (_, before), (_, after) in pauses) / over_ms * 1e6


def _online(span: ProbeSpan) -> list[tuple[int, ...]]:
    return [cpus_of(word) for word in span.words("cores_online", "list")]


def _gone(span: ProbeSpan) -> tuple[int, ...]:
    """Cores that were there at the window's start and at some later moment were not."""
    online = _online(span)
    return tuple(sorted({cpu for later in online[1:] for cpu in online[0] if cpu not in later}))


def _stopped_s(span: ProbeSpan) -> float | None:
    pauses = span.pauses("worker", "stopped")
    if not pauses:
        return None
    return sum((to_ns - from_ns) / 1e9 for (from_ns, stopped), (to_ns, _) in pauses if stopped)


def _still_s(span: ProbeSpan) -> float | None:
    """The longest run of neighbouring readings between which the worker used less than a tenth of a core."""
    pauses = span.pauses("worker", "cpu_s")
    if not pauses:
        return None
    longest_s, stretch_s, until_ns = 0.0, 0.0, 0
    for (from_ns, before_s), (to_ns, after_s) in pauses:
        apart_s = (to_ns - from_ns) / 1e9
        stretch_s = stretch_s if from_ns == until_ns else 0.0  # another window
        stretch_s = stretch_s + apart_s if after_s - before_s < STILL_SHARE * apart_s else 0.0
        longest_s, until_ns = max(longest_s, stretch_s), to_ns
    return longest_s
