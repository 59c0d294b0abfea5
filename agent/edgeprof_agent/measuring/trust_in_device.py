"""What the device reported against a run: heat, throttling, its supply, its clocks and cores. Pure."""

from edgeprof_agent.measuring.run_evidence import RunEvidence, joined, unseen
from edgeprof_agent.measuring.trust_in_samples import Found, Unchecked

MAX_CLOCK_CHANGE = 0.1
MAX_CLOCK_STEP_MS = 5.0
MAX_SLEW_PPM = 500.0
"""What the kernel itself slews by (adjtimex(2)); chrony may by 83,333, which stretches every duration by 8 %."""

_BACK = frozenset(("frequency_capped", "throttled", "soft_limit", "over_current", "thermal"))


def hot_start(run: RunEvidence) -> Found:
    """The heat gate gave up waiting, or could not tell."""
    if run.gate.hot is not None:
        return f"the run began after {run.gate.waited_s:.0f} s in which the device did not cool enough: {run.gate.hot}"
    return Unchecked(run.gate.unchecked) if run.gate.unchecked is not None else None


def throttled(run: RunEvidence) -> Found:
    """The device was held back by heat, current or a limit."""
    flags = [flag for flag in _flags(run) if flag in _BACK]
    if flags:
        events = run.conditions.throttle_events
        counted = f"; its counters grew by {events}" if events else ""
        return f"the device reported: {', '.join(map(_words, flags))}{counted}"
    if not _BACK & set(run.before.throttle_flags_known):
        return Unchecked("this device does not report throttling")
    partly = unseen(run, "throttle_events") if run.conditions.throttle_events is not None else None
    return _only_after(run, _BACK) or partly


def under_voltage(run: RunEvidence) -> Found:
    """The board's supply fell too low."""
    if "under_voltage" in _flags(run):
        return "the board counted or reported under-voltage"
    if "under_voltage" not in run.before.throttle_flags_known:
        return Unchecked("this device does not monitor its supply voltage")
    return _only_after(run, frozenset(("under_voltage",)))


def unstable_clock(run: RunEvidence) -> Found:
    """The processor's clock, the clock that times the run, or the set of cores changed."""
    seen, after = run.conditions, run.before if run.beyond else run.after
    found: list[str] = []
    low, high = seen.cpu_mhz_min, seen.cpu_mhz_max
    if low is not None and high and 1 - low / high > MAX_CLOCK_CHANGE:
        found.append(f"the processor clock moved between {low:.0f} and {high:.0f} MHz")
    sources = dict.fromkeys([*_known(run.before.clock_source), *seen.clock_sources, *_known(after.clock_source)])
    if len(sources) > 1:
        found.append(f"the kernel changed its clock source: {' to '.join(sources)}")
    if seen.clock_slew_ppm is not None and abs(seen.clock_slew_ppm) > MAX_SLEW_PPM:
        found.append(f"the clock that times the run was being adjusted, by {seen.clock_slew_ppm:+.0f} ppm")
    if seen.wall_clock_step_ms is not None and abs(seen.wall_clock_step_ms) > MAX_CLOCK_STEP_MS:
        found.append(f"the wall clock stepped by {seen.wall_clock_step_ms:+.0f} ms (durations do not use it)")
    gone = set(seen.cpus_gone) | set(run.before.cpus_online) - set(after.cpus_online or run.before.cpus_online)
    if gone:
        found.append(f"a core went offline: {', '.join(map(str, sorted(gone)))}")
    return joined(found) or unseen(run, "cpu_mhz_max") or unseen(run, "clock_slew_ppm")


def _flags(run: RunEvidence) -> list[str]:
    """Before and during the window; and after it, unless that was after something else."""
    after = [] if run.beyond else _said_after(run)
    return list(dict.fromkeys((*run.before.throttle_flags, *run.conditions.throttle_flags, *after)))


def _said_after(run: RunEvidence) -> list[str]:
    """Of the sticky ones those that were not there before."""
    since = [flag for flag in run.after.throttle_flags_since_boot if flag not in run.before.throttle_flags_since_boot]
    return list(dict.fromkeys((*run.after.throttle_flags, *since)))


def _only_after(run: RunEvidence, flags: frozenset[str]) -> Unchecked | None:
    """What was said at the end of what came after the window may have been so in it, or not."""
    late = [flag for flag in _said_after(run) if flag in flags] if run.beyond else []
    if not late:
        return None
    names = ", ".join(map(_words, late))
    return Unchecked(f"the device reported it only after what followed the window, so its start is unknown: {names}")


def _words(flag: str) -> str:
    return flag.replace("_", " ")


def _known(word: str | None) -> tuple[str, ...]:
    return (word,) if word is not None else ()
