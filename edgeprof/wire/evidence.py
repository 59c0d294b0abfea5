"""What a result brings so that a reader can judge its figures: phases, conditions, footprint, and the trust badge.

Every quantity carries its unit. `None` means "not known"; `absent` beside it maps the field's name to the reason.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from edgeprof.wire.figures import MetricRow
from edgeprof.wire.sweep_at import SweepAt as SweepAt

TrustCause = Literal[
    "busy",
    "emulated",
    "hot_start",
    "made_up_work",
    "noisy",
    "replayed",
    "stalled",
    "suspect_output",
    "swapping",
    "throttled",
    "under_voltage",
    "unsettled",
    "unstable_clock",
]
TRUST_CAUSES: tuple[TrustCause, ...] = get_args(TrustCause)

TRUST_MEANING: dict[TrustCause, str] = {
    "busy": "Other programs, or a CPU quota, took processor time from the run.",
    "emulated": "This machine plays another device; its times are not that device's.",
    "hot_start": "The device was still warmer than allowed when the run began.",
    "made_up_work": "The time depends on an input that was made up; with a real value it may be another.",
    "noisy": "The samples scatter widely, so the median is imprecise.",
    "replayed": "Sensors and state are those of a recorded machine; the times are this machine's.",
    "stalled": "The model's process stalled during the run.",
    "suspect_output": "The model's output is not plausible: NaN, infinite, or of another shape than declared.",
    "swapping": "Memory was short: pages were read back from swap or disk during the run.",
    "throttled": "The device throttled its clock because of heat or over-current.",
    "under_voltage": "The supply voltage fell below the board's minimum.",
    "unsettled": "The speed never became steady: warm-up reached its limit, or the run drifts.",
    "unstable_clock": "The processor clock, or the clock that times the run, changed during the run.",
}


@dataclass(frozen=True, kw_only=True)
class FoundTrap:
    """A known trap that the run has walked into: its id in docs/traps.md, and what showed it."""

    trap: str
    evidence: str


MemoryPhaseName = Literal["interpreter", "runtime", "load", "first_inference", "measure", "after"]
MEMORY_PHASES: tuple[MemoryPhaseName, ...] = get_args(MemoryPhaseName)

WindowEnd = Literal["precision", "time", "looks", "runs", "deadline"]
"""`looks`: the precision is out of reach within the time limit (older agents: three looks did not reach it)."""


@dataclass(frozen=True, kw_only=True)
class TrustMark:
    """One cause to doubt a run, and the finding in words and figures. docs/measuring.md has the rule of each cause."""

    cause: TrustCause
    reason: str


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The trust badge. No mark: clean. `unchecked`: causes that this device gives no means to look for, and why."""

    marks: tuple[TrustMark, ...] = ()
    unchecked: dict[str, str] = field(default_factory=lambda: {})

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.marks


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How the samples were taken: what the clock can tell, and what ended warm-up and window."""

    clock_resolution_ns: float
    """The smallest step seen between two readings that differ: the clock's own, or the cost of a reading above it."""
    loop_overhead_ns: float
    """Median of the timed loop around nothing. It is in every sample and is not taken off."""
    warmup_runs: int
    settled: bool
    """Whether warm-up ended because the speed was steady; False: at its limit."""
    window_end: WindowEnd
    relative_half_width: float | None = None
    """Half of the median's 95 % interval over the median; None where there is no interval. Of a language model, the
    wider of prefill's and decode's."""
    needed_s: float | None = None
    """Where `window_end` is `looks`: about how long a window would have reached the requested precision."""
    prevented_by: str | None = None
    """What kept a window from the requested precision, in words; None where it was reached or nothing was found."""


@dataclass(frozen=True, kw_only=True)
class ColdStart:
    """A start of its own with the model's pages dropped from the page cache, before the warm one that is measured.

    Shares are of the model files' pages that lay in memory, by mincore(2), before and after they were dropped.
    """

    evicted: bool
    resident_before_share: float | None
    resident_after_share: float | None
    reason: str | None = None
    """Why the cache could not be dropped; then the cold figures are absent."""


@dataclass(frozen=True, kw_only=True)
class MemoryPhase:
    """The worker at the end of one phase. `peak_mib` is VmHWM since the phase began (None: it cannot be reset)."""

    phase: MemoryPhaseName
    rss_mib: float
    peak_mib: float | None
    anonymous_mib: float | None
    file_mib: float | None
    """Resident pages of mapped files: reclaimable, the model's own and the libraries'."""
    shared_memory_mib: float | None
    pss_mib: float | None
    private_mib: float | None
    """USS: private clean and dirty pages."""
    swap_mib: float | None
    model_mapped_mib: float | None
    """Resident pages of the model's own files, mapped."""


@dataclass(frozen=True, kw_only=True)
class MemoryProfile:
    """Memory by phase, and over the measured window."""

    phases: tuple[MemoryPhase, ...]
    average_rss_mib: float | None = None
    average_pss_mib: float | None = None
    peak_pss_mib: float | None = None
    """The largest of the samples taken in the window; the kernel keeps no peak of PSS."""
    kv_cache_mib: float | None = None
    cgroup_peak_mib: float | None = None
    unified_used_mib: float | None = None
    """Where CPU and GPU share memory: the fall of MemAvailable over the load, GPU allocations included."""
    gpu_used_mib: float | None = None
    major_faults: int | None = None
    """Of the worker within the window: pages that had to come from disk."""
    absent: dict[str, str] = field(default_factory=lambda: {})


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The device during the measured window, from the trace (artifact `trace`)."""

    window_s: float
    sample_hz_asked: float
    sample_hz_got: float
    temperature_min_c: float | None = None
    temperature_max_c: float | None = None
    cpu_mhz_min: float | None = None
    cpu_mhz_max: float | None = None
    others_cpu_share: float | None = None
    """Processor time of everything but the worker and us on the worker's physical cores, per core's worth of processor
    time that the worker had (1 at least): above 1 where others had more than the worker."""
    stolen_cpu_share: float | None = None
    """Time on the worker's cores that a hypervisor gave to somebody else, by the same measure."""
    throttle_flags: tuple[str, ...] = ()
    """Names of what the board said during the window: `under_voltage`, `frequency_capped`, `throttled`, `soft_limit`,
    `over_current`, `thermal`."""
    throttle_events: int | None = None
    """Growth of the kernel's throttle and over-current counters."""
    swapped_in_pages: int | None = None
    memory_pressure_share: float | None = None
    """Share of the window in which some task waited for memory (PSI `some`)."""
    wall_clock_step_ms: float | None = None
    """The largest jump of the wall clock against the monotonic one."""
    clock_slew_ppm: float | None = None
    """By how much the monotonic clock, by which durations are taken, ran faster than the raw one: it was set right."""
    cpus_gone: tuple[int, ...] = ()
    """Cores that were there before the run and not after it."""
    waited_cpu_share: float | None = None
    """Share of the window in which a thread of the worker was ready to run and had no core: between any two readings
    that of the thread that waited longest."""
    worker_stopped_s: float | None = None
    """How long the worker stood stopped (state T: SIGSTOP, a debugger)."""
    worker_still_s: float | None = None
    """The longest stretch in which the worker got less than a tenth of a core."""
    cpu_quota: float | None = None
    """The CPU quota of the worker's cgroup in cores (0.4: 40 ms in each 100 ms); None: there is none."""
    quota_periods: int | None = None
    """The quota's periods in the window in which the cgroup ran."""
    quota_throttled_periods: int | None = None
    """Those of them in which it ran out, and everything in the cgroup stood still until the next one."""
    quota_throttled_share: float | None = None
    """Share of the window in which the cgroup stood still for it; above 1 where several of its cores did."""
    clock_sources: tuple[str, ...] = ()
    """The kernel's clock sources, in order of appearance; more than one: it changed in mid-run."""
    absent: dict[str, str] = field(default_factory=lambda: {})
    """Also why a figure that is there speaks of a part of the machine only."""


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What our own processes cost while the window ran. Shares are of one core."""

    agent_cpu_share: float
    sampler_cpu_share: float
    sampler_hz: float
    agent_rss_mib: float


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """What was measured at one point, or why it failed there."""

    at: SweepAt
    metrics: tuple[MetricRow, ...] = ()
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class SoakBucket:
    """A stretch of a soak: its middle, the median time of one unit (inference or token), how many there were."""

    at_s: float
    p50_ms: float
    n: int
    temperature_c: float | None = None
    cpu_mhz: float | None = None


@dataclass(frozen=True, kw_only=True)
class Soak:
    """Load without a pause.

    Burst is the measured window, just before; sustained is the soak's last fifth (60 s at most).
    """

    duration_s: float
    complete: bool
    """Whether it ran as long as was asked."""
    curve: tuple[SoakBucket, ...]
    burst_p50_ms: float
    sustained_p50_ms: float
    knee_s: float | None
    """Where the speed fell for good; None where no such place is shown."""
    slowdown: float
    """sustained / burst, as times: 1.2 is 20 % slower."""
    throttle_flags: tuple[str, ...] = ()
    """What the board said while it ran, by the names of `Conditions.throttle_flags`."""


@dataclass(frozen=True, kw_only=True)
class OpenLoop:
    """Requests that arrive whether or not the last one is done. Response time counts from the planned arrival."""

    rate_per_s: float
    arrivals: Literal["poisson"]
    seed: int
    n: int
    unanswered: int
    """Arrivals that had not been served when twice the time had passed."""
    busy_share: float
    """Service time over the time that it took: above 1 nothing could keep up."""
    longest_queue: int
    kept_up: bool
    """Every arrival was answered in time, and the rate times the mean service time is below 1."""


@dataclass(frozen=True, kw_only=True)
class NoiseFloor:
    """What two runs of one set-up may differ by, as a share (0.03: 3 %), learned from `runs` runs of `model_name`.

    See edgeprof/statistics/calibration.py for the formula of each field.
    """

    floor: float
    expected: float
    low: float
    high: float
    within_run: float
    runs: int
    date: str
    device_id: str
    model_name: str
    config_key: str
    series: str
    model_id: str = ""
    """Empty: a floor from before it was kept; such a one is of another set-up than every run."""

    def is_of(self, model_id: str, config_key: str) -> bool:
        """Whether it was learned on this model in this configuration."""
        return (self.model_id, self.config_key) == (model_id, config_key)
