"""The device during the window, what measuring cost, and the trust badge: as facts for the run's page."""

from dataclasses import dataclass

from edgeprof.tables import figures, trust
from edgeprof.wire.evidence import TRUST_MEANING, Conditions, Footprint, Trust
from edgeprof_hub.views import facts
from edgeprof_hub.views.facts import Fact

_FIELDS_SHOWN = (
    *("temperature_min_c", "temperature_max_c", "temperature_c", "cpu_mhz_min", "cpu_mhz_max", "cpu_mhz"),
    *("others_cpu_share", "stolen_cpu_share", "throttle_flags", "throttle_events", "swapped_in_pages"),
    *(
        "memory_pressure_share",
        "wall_clock_step_ms",
        "clock_slew_ppm",
        "waited_cpu_share",
        "worker_stopped_s",
        "worker_still_s",
    ),
)


@dataclass(frozen=True)
class ConditionFinding:
    """One mark of the badge: its cause, what was found, what the cause means."""

    cause: str
    reason: str
    meaning: str


@dataclass(frozen=True)
class TrustView:
    """The badge with its reasons, and what could not be looked for."""

    findings: tuple[ConditionFinding, ...]
    unchecked: tuple[Fact, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """What was found, each once."""
        return tuple(dict.fromkeys(finding.cause for finding in self.findings))


def trust_view(badge: Trust | None) -> TrustView | None:
    """None where the run has no badge."""
    if badge is None:
        return None
    return TrustView(
        tuple(
            ConditionFinding(trust.named(mark.cause), mark.reason, TRUST_MEANING[mark.cause]) for mark in badge.marks
        ),
        tuple(Fact(trust.named(cause), reason, is_absent=True) for cause, reason in badge.unchecked.items()),
    )


def condition_facts(found: Conditions | None) -> tuple[Fact, ...]:
    """What the device was like in the window; empty where nothing was recorded."""
    if found is None:
        return ()
    absent = found.absent
    rate = f"{figures.number(found.sample_hz_got)} of {figures.number(found.sample_hz_asked)} requested samples/s"
    temperature, clock = ("temperature_min_c", "temperature_max_c", "temperature_c"), ("cpu_mhz_min", "cpu_mhz_max")
    return (
        Fact("Sampled", f"for {figures.number(found.window_s)} s, {rate}"),
        facts.spread("Temperature", found.temperature_min_c, found.temperature_max_c, "°C", absent, *temperature),
        facts.spread("Clock", found.cpu_mhz_min, found.cpu_mhz_max, "MHz", absent, *clock, "cpu_mhz"),
        _share("Other programs", found.others_cpu_share, "of the model's CPU time", found, "others_cpu_share"),
        _share(
            "Steal time",
            found.stolen_cpu_share,
            "of the model's CPU time",
            found,
            "stolen_cpu_share",
        ),
        _share("CPU wait", found.waited_cpu_share, "of the time", found, "waited_cpu_share"),
        *_quota(found),
        _throttling(found),
        _count("Pages swapped in", found.swapped_in_pages, found, "swapped_in_pages"),
        _share("Waiting for memory", found.memory_pressure_share, "of the time", found, "memory_pressure_share"),
        facts.measured("Clock step", found.wall_clock_step_ms, "ms", absent, "wall_clock_step_ms"),
        facts.measured("Clock slew", found.clock_slew_ppm, "ppm", absent, "clock_slew_ppm"),
        facts.measured("Stopped", found.worker_stopped_s, "s", absent, "worker_stopped_s"),
        facts.measured("Longest stall", found.worker_still_s, "s", absent, "worker_still_s"),
        *_clock_sources(found),
        *_cpus_gone(found),
        *(Fact(name, text, is_absent=True) for name, text in absent.items() if name not in _FIELDS_SHOWN),
    )


def _quota(found: Conditions) -> tuple[Fact, ...]:
    """Nothing where no quota held the run."""
    if found.cpu_quota is None:
        return ()
    periods = f"ran out in {found.quota_throttled_periods or 0} of {found.quota_periods or 0} periods"
    return (Fact("CPU quota", f"{figures.number(found.cpu_quota)} cores; {periods}"),)


def _share(name: str, share: float | None, of_what: str, found: Conditions, field: str) -> Fact:
    if share is None:
        return Fact(name, facts.reason_of(found.absent, field), is_absent=True)
    return Fact(name, f"{figures.percent(share)} {of_what}")


def _count(name: str, count: int | None, found: Conditions, field: str) -> Fact:
    if count is None:
        return Fact(name, facts.reason_of(found.absent, field), is_absent=True)
    return Fact(name, f"{count:,}", warns=count > 0)


def _throttling(found: Conditions) -> Fact:
    flags = ", ".join(flag.replace("_", " ") for flag in found.throttle_flags)
    events = f"counters grew by {found.throttle_events:,}" if found.throttle_events else ""
    if flags or events:
        return Fact("Throttling", "; ".join(text for text in (flags, events) if text), warns=True)
    if "throttle_flags" in found.absent or found.throttle_events is None:
        return Fact("Throttling", facts.reason_of(found.absent, "throttle_flags", "throttle_events"), is_absent=True)
    return Fact("Throttling", "none reported")


def _clock_sources(found: Conditions) -> list[Fact]:
    names = ", then ".join(map(figures.clean, found.clock_sources))
    return [Fact("Clock source", names, warns=len(found.clock_sources) > 1)] if names else []


def _cpus_gone(found: Conditions) -> list[Fact]:
    gone = ", ".join(map(str, found.cpus_gone))
    return [Fact("Cores gone offline", gone, warns=True)] if gone else []


def footprint_facts(footprint: Footprint | None) -> tuple[Fact, ...]:
    """What our own processes took while the window ran; empty where it was not measured."""
    if footprint is None:
        return ()
    return (
        Fact("Agent", f"{figures.percent(footprint.agent_cpu_share)} of one core"),
        Fact(
            "Sampler",
            f"{figures.percent(footprint.sampler_cpu_share)} of one core, "
            f"at {figures.number(footprint.sampler_hz)} samples/s",
        ),
        Fact("Agent RSS", facts.with_unit(footprint.agent_rss_mib, "MiB")),
    )
