"""The trust badge: what was found that makes a run's figures doubtful, cause by cause. Pure.

docs/measuring-trust.md has every rule with its threshold and its source, so that a reader can disagree with one
precisely.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.statistics.quantiles import quantile
from edgeprof.wire.evidence import Conditions, MemoryProfile, Timing, Trust, TrustCause, TrustMark
from edgeprof.wire.messages import DeviceState
from edgeprof_agent.measuring import trust_in_samples
from edgeprof_agent.measuring.trust_in_samples import Found, Unchecked
from edgeprof_agent.telemetry.gate import Passed
from edgeprof_agent.worker_protocol.document import MadeUpWork, Output

MAX_OTHERS = 0.1
"""Of the worker's cores, the share of the idle rule: a load average below 0.1 times the cores."""
MAX_WAITED = 0.05
MAX_STOLEN = 0.05
MAX_PRESSURE = 0.01
MAX_THROTTLED = 0.01
"""Of the window, by a CPU quota: what it moves the mean by."""
MIN_FAULTS = 10
"""Pages read from disk at 0.1 to 10 ms each: fewer cannot move a window of 2 s by 5 %. A shorter one allows fewer."""
MIN_FAULTS_SHORT, _LONG_S = 3, 2.0
STALL_MS, STALL_MEDIANS = 100.0, 20.0
MAX_CLOCK_CHANGE = 0.1
MAX_CLOCK_STEP_MS = 5.0
MAX_SLEW_PPM = 500.0
"""What the kernel itself slews by (adjtimex(2)); chrony may by 83,333, which stretches every duration by 8 %."""

_BACK = frozenset(("frequency_capped", "throttled", "soft_limit", "over_current", "thermal"))


@dataclass(frozen=True, kw_only=True)
class RunEvidence:
    """All that is known of a run when it is judged."""

    medians_of: Mapping[str, Sequence[float]]
    """The series whose medians are published, in ms, in order of time, by name."""
    pieces_ms: Sequence[float]
    """The shortest pieces that were timed one by one: inferences, or gaps between tokens."""
    timing: Timing
    conditions: Conditions
    memory: MemoryProfile
    before: DeviceState
    after: DeviceState
    output: Output | None
    emulated: bool
    replays: str | None
    gate: Passed
    made_up_work: MadeUpWork | str | None = None
    """What depends on inputs that were made up, or why that is not known. None: none of them could decide it."""
    output_unread: str | None = None
    """Why looking at the outputs failed."""
    beyond: bool = False
    """Whether something came after the window (a sweep, an open loop, a soak): `after` then speaks of that, too."""


Rule = Callable[[RunEvidence], Found]


def trust_of(evidence: RunEvidence) -> Trust:
    """Every rule of the table, in its order."""
    findings: list[tuple[TrustCause, Found]] = [(cause, rule(evidence)) for cause, rule in RULES.items()]
    return Trust(
        marks=tuple(TrustMark(cause=cause, reason=found) for cause, found in findings if isinstance(found, str)),
        unchecked={cause: found.why for cause, found in findings if isinstance(found, Unchecked)},
    )


def _busy(run: RunEvidence) -> Found:
    """Under a quota, waiting is mostly the quota's: others are blamed only for what it does not explain."""
    seen = run.conditions
    quota = _quota(seen)
    found = [quota] if quota else []
    waited = seen.waited_cpu_share
    waited_for_others = None if waited is None else waited - (seen.quota_throttled_share or 0.0 if quota else 0.0)
    is_theirs = quota is None or (waited_for_others is not None and waited_for_others > MAX_WAITED)
    if is_theirs and seen.others_cpu_share is not None and seen.others_cpu_share > MAX_OTHERS:
        found.append(f"other programs used processor time worth {seen.others_cpu_share:.0%} of the model's")
    if waited_for_others is not None and waited_for_others > MAX_WAITED:
        found.append(f"a thread of the model waited for a core {waited_for_others:.0%} of the window")
    if seen.stolen_cpu_share is not None and seen.stolen_cpu_share > MAX_STOLEN:
        found.append(f"the hypervisor took processor time worth {seen.stolen_cpu_share:.0%} of the model's")
    return _joined(found) or _unseen(run, "others_cpu_share") or _unseen(run, "waited_cpu_share")


def _quota(seen: Conditions) -> str | None:
    """A quota that ran out in the window. Its pauses fall between the shorter inferences: the median hides them."""
    if seen.cpu_quota is None or not seen.quota_throttled_periods:
        return None
    if seen.quota_throttled_share is not None and seen.quota_throttled_share <= MAX_THROTTLED:
        return None
    return (
        f"held back by a CPU quota of {seen.cpu_quota:g} cores: throttled in {seen.quota_throttled_periods} of "
        f"{seen.quota_periods} periods, {seen.quota_throttled_share or 0.0:.0%} of the window; the mean counts these "
        "pauses, the median mostly leaves them out"
    )


def _replayed(run: RunEvidence) -> Found:
    if run.replays is None:
        return None
    return f"sensors and state are those of the recorded machine {run.replays}; times and memory are this machine's"


def _emulated(run: RunEvidence) -> Found:
    return "this machine plays another device: times and energy are its own" if run.emulated else None


def _hot_start(run: RunEvidence) -> Found:
    if run.gate.hot is not None:
        return f"the run began after {run.gate.waited_s:.0f} s in which the device did not cool enough: {run.gate.hot}"
    return Unchecked(run.gate.unchecked) if run.gate.unchecked is not None else None


def _stalled(run: RunEvidence) -> Found:
    """Stopped by a signal; or one piece far longer than the others while the worker's processor time stood still, and
    more than it waited for a core in all: one that others kept from running is busy, not stalled."""
    seen = run.conditions
    if seen.worker_stopped_s:
        return f"the model's process was stopped for {seen.worker_stopped_s:.1f} s of the window"
    if seen.worker_still_s is None:
        return _unseen(run, "worker_still_s")
    if not run.pieces_ms:
        return None
    ordered = sorted(run.pieces_ms)
    longest_ms, median_ms = ordered[-1], quantile(ordered, 0.5)
    long = longest_ms >= STALL_MS and longest_ms >= STALL_MEDIANS * median_ms
    waited_s = (seen.waited_cpu_share or 0.0) * seen.window_s
    if long and seen.worker_still_s * 1000 >= STALL_MS and seen.worker_still_s > waited_s:
        return (
            f"one piece took {longest_ms:.0f} ms (median {median_ms:.3g} ms), and the model's process used no "
            f"processor time for {seen.worker_still_s:.1f} s"
        )
    return None


def _suspect_output(run: RunEvidence) -> Found:
    if run.output is None:
        return Unchecked(run.output_unread or "the runtime does not expose this model's raw output")
    bad = run.output["non_finite"]
    found = [f"NaN or infinite output values: {bad}"] if bad else []
    return _joined([*found, *run.output["wrong_shapes"]])


def _made_up_work(run: RunEvidence) -> Found:
    found = run.made_up_work
    if found is None:
        return None
    if isinstance(found, str):
        return Unchecked(found)
    if not found["depends"] and found["unchecked"]:
        return Unchecked(f"no time was left to check inputs that were made up: {', '.join(found['unchecked'])}")
    return _joined(found["depends"])


def _swapping(run: RunEvidence) -> Found:
    seen, faults = run.conditions, run.memory.major_faults
    found: list[str] = []
    if seen.swapped_in_pages:
        found.append(f"pages read back from swap: {seen.swapped_in_pages}")
    if seen.memory_pressure_share is not None and seen.memory_pressure_share > MAX_PRESSURE:
        found.append(f"programs waited for memory {seen.memory_pressure_share:.0%} of the window")
    if faults is not None and faults >= max(MIN_FAULTS_SHORT, min(1.0, seen.window_s / _LONG_S) * MIN_FAULTS):
        found.append(f"pages of the model's process read from disk: {faults}")
    if not found and seen.swapped_in_pages is None and faults is None:
        return _unseen(run, "swapped_in_pages")
    return _joined(found)


def _throttled(run: RunEvidence) -> Found:
    flags = [flag for flag in _flags(run) if flag in _BACK]
    if flags:
        events = run.conditions.throttle_events
        counted = f"; its counters grew by {events}" if events else ""
        return f"the device reported: {', '.join(map(_words, flags))}{counted}"
    if not _BACK & set(run.before.throttle_flags_known):
        return Unchecked("this device does not report throttling")
    partly = _unseen(run, "throttle_events") if run.conditions.throttle_events is not None else None
    return _only_after(run, _BACK) or partly


def _under_voltage(run: RunEvidence) -> Found:
    if "under_voltage" in _flags(run):
        return "the board counted or reported under-voltage"
    if "under_voltage" not in run.before.throttle_flags_known:
        return Unchecked("this device does not monitor its supply voltage")
    return _only_after(run, frozenset(("under_voltage",)))


def _unstable_clock(run: RunEvidence) -> Found:
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
    return _joined(found) or _unseen(run, "cpu_mhz_max") or _unseen(run, "clock_slew_ppm")


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


def _unseen(run: RunEvidence, field: str) -> Unchecked | None:
    why = run.conditions.absent.get(field)
    return Unchecked(why) if why is not None else None


def _joined(found: Sequence[str]) -> str | None:
    return "; ".join(found) or None


def _known(word: str | None) -> tuple[str, ...]:
    return (word,) if word is not None else ()


RULES: dict[TrustCause, Rule] = {
    "busy": _busy,
    "emulated": _emulated,
    "hot_start": _hot_start,
    "made_up_work": _made_up_work,
    "noisy": lambda run: trust_in_samples.noisy(run.medians_of),
    "replayed": _replayed,
    "stalled": _stalled,
    "suspect_output": _suspect_output,
    "swapping": _swapping,
    "throttled": _throttled,
    "under_voltage": _under_voltage,
    "unsettled": lambda run: trust_in_samples.unsettled(run.medians_of, run.timing.settled),
    "unstable_clock": _unstable_clock,
}
