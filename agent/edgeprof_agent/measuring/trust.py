"""The trust badge: what was found that makes a run's figures doubtful, cause by cause. Pure.

docs/measuring-trust.md has every rule with its threshold and its source, so that a reader can disagree with one
precisely.
"""

from collections.abc import Mapping

from edgeprof.statistics.quantiles import quantile
from edgeprof.wire.evidence import Conditions, Trust, TrustCause, TrustMark
from edgeprof_agent.measuring import trust_in_device, trust_in_samples
from edgeprof_agent.measuring.run_evidence import Rule, RunEvidence, joined, unseen
from edgeprof_agent.measuring.trust_in_samples import Found, Unchecked

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


def trust_of(evidence: RunEvidence) -> Trust:
    """Every rule of the table, in its order."""
    return trust_by(RULES, evidence)


def trust_by(rules: Mapping[TrustCause, Rule], evidence: RunEvidence) -> Trust:
    """By some of the rules, in their order."""
    findings: list[tuple[TrustCause, Found]] = [(cause, rule(evidence)) for cause, rule in rules.items()]
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
    return joined(found) or unseen(run, "others_cpu_share") or unseen(run, "waited_cpu_share")


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


def _stalled(run: RunEvidence) -> Found:
    """Stopped by a signal; or one piece far longer than the others while the worker's processor time stood still, and
    more than it waited for a core in all: one that others kept from running is busy, not stalled."""
    seen = run.conditions
    if seen.worker_stopped_s:
        return f"the model's process was stopped for {seen.worker_stopped_s:.1f} s of the window"
    if seen.worker_still_s is None:
        return unseen(run, "worker_still_s")
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
    return joined([*found, *run.output["wrong_shapes"]])


def _made_up_work(run: RunEvidence) -> Found:
    found = run.made_up_work
    if found is None:
        return None
    if isinstance(found, str):
        return Unchecked(found)
    if not found["depends"] and found["unchecked"]:
        return Unchecked(f"no time was left to check inputs that were made up: {', '.join(found['unchecked'])}")
    return joined(found["depends"])


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
        return unseen(run, "swapped_in_pages")
    return joined(found)


RULES: dict[TrustCause, Rule] = {
    "busy": _busy,
    "emulated": _emulated,
    "hot_start": trust_in_device.hot_start,
    "made_up_work": _made_up_work,
    "noisy": lambda run: trust_in_samples.noisy(run.medians_of, run.published),
    "replayed": _replayed,
    "stalled": _stalled,
    "suspect_output": _suspect_output,
    "swapping": _swapping,
    "throttled": trust_in_device.throttled,
    "under_voltage": trust_in_device.under_voltage,
    "unsettled": lambda run: trust_in_samples.unsettled(run.medians_of, run.published, run.timing.settled),
    "unstable_clock": trust_in_device.unstable_clock,
}
