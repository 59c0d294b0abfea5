"""What parent and worker say to each other: the job on stdin, JSON lines on a pipe. Typed once, for both sides.

The lines of a measuring course, in order: `stage` (any number), `measured`, then what comes after the window, each only
if it was asked: `energy`, `open_loop`, `point` (one a sweep point), `soak`; then `made_up_work`; `operators`, the last
that is waited for; and `memory_after`, once the model was let go. `part_failed` stands in the place of a part that
failed by itself. A worker that dies after `measured` costs what had not been told by then. The lines of a cold course:
`stage`, then `cold`. The lines of an evaluation: `stage`, `outcomes` (any number, some items each), `evaluated`, and
`operators`. `failed` ends any of them.
"""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from edgeprof_agent.worker_protocol.remote_facts import RemoteFacts

if TYPE_CHECKING:
    from edgeprof.wire.run_request import RunConfig, RunProtocol

Course = Literal["cold", "measure", "evaluate"]
WindowEnd = Literal["precision", "time", "looks", "runs", "deadline"]
"""`looks`: a look at the window told that its precision is out of reach within the time limit."""
EnergyPhase = Literal["inference", "prefill", "decode"]


class EnergyAsk(TypedDict):
    """Idle, then for each phase so many windows of at least so long, then idle."""

    idle_before_s: float
    idle_after_s: float
    window_s: float
    windows: int


class SweepAsk(TypedDict):
    """One point of a sweep; None: as the run's own."""

    shapes: dict[str, list[int]]
    prompt_tokens: int | None
    depth_tokens: int | None


class EvaluationAsk(TypedDict):
    """Which items of a set a worker answers. `items`: the first so many of the set; `done`: places to leave out.

    `is_careful`: a worker before this one died. Every outcome is told at once, and no item is prepared ahead.
    """

    set_folder: str
    items: int
    done: list[int]
    shots: int
    is_careful: bool


class EndpointAsk(TypedDict):
    """Where a served model is asked. The key itself is in the worker's environment only."""

    url: str
    key_variable: str | None


class _Use(TypedDict):
    role: str
    limit: int | None
    of: str
    axis: int


class InputUse(_Use, total=False):
    """What an operator does with an input, as edgeprof/modelfiles/input_use.py has it."""

    scale: float
    shift: float
    plus: str


class InputFact(TypedDict):
    """What the model's file says of one input. `likely_rank`: of one whose number of dimensions is open."""

    name: str
    has_rank: bool
    uses: list[InputUse]
    likely_rank: int | None


class MadeUpWork(TypedDict):
    """Whether the time depends on inputs that were made up: one sentence for each that it depends on.

    `unchecked`: names of those for which no time was left.
    """

    depends: list[str]
    unchecked: list[str]


class WorkerJob(TypedDict):
    """One model to measure. `stop_at_ns` (CLOCK_MONOTONIC) is when the worker takes no more samples in its window."""

    course: Course
    config: "RunConfig"
    """As requested, but `threads` is a number of cores."""
    protocol: "RunProtocol"
    """As requested, but its sweep stands in `sweep`, as the pipe takes it."""
    model_path: str
    model_files: list[str]
    """Every file of the model, absolute: what is dropped from the page cache, and told apart in memory."""
    inputs_path: str | None
    """An .npz of real inputs that the model's manifest names."""
    inputs: list[InputFact]
    """Of an ONNX file, in its order; empty where the file does not say."""
    vocabulary: int | None
    """How many words a GGUF model's vocabulary has."""
    stop_at_ns: int
    extras_stop_at_ns: int
    """The same for what comes after the window: sweep, open loop, soak."""
    sweep: list[SweepAsk]
    energy: EnergyAsk | None
    endpoint: EndpointAsk | None
    evaluation: EvaluationAsk | None
    """Only of the course `evaluate`, which takes no more items after `stop_at_ns`."""
    eval_callback: bool
    """Whether llama.cpp's evaluation callback may be set: its place in the parameters is proven, or comes from the
    binding itself."""


def job_from(read: Any) -> WorkerJob:
    """A job as JSON gave it. A worker loads no dataclasses for it: what has the same attributes does."""
    return cast(
        WorkerJob,
        {**read, "config": SimpleNamespace(**read["config"]), "protocol": SimpleNamespace(**read["protocol"])},
    )


class RuntimeSetting(TypedDict):
    """What the runtime says that it is running with."""

    runtime_version: str
    threads: int
    provider: str
    delegate: str | None
    inputs: dict[str, str]
    input_source: str
    notes: list[str]


class MeasuredWindow(TypedDict):
    """The span (CLOCK_MONOTONIC) that power may be attributed to, and how many inferences or tokens lie in it."""

    start_ns: int
    end_ns: int
    units: int


class ClockSpan(TypedDict):
    """A stretch of CLOCK_MONOTONIC."""

    start_ns: int
    end_ns: int


class EnergyPhaseLoad(TypedDict):
    """The windows of one kind of work, back to back; the load began a little before the first of them."""

    phase: EnergyPhase
    load_start_ns: int
    windows: list[MeasuredWindow]


class EnergyLoad(TypedDict):
    """What the worker did while power was read."""

    idle_before: ClockSpan
    phases: list[EnergyPhaseLoad]
    idle_after: ClockSpan
    complete: bool
    """Whether every window was run; False where the worker had to stop before."""


class MemoryReading(TypedDict):
    """The worker at the end of a phase, in KiB, as /proc/self tells it; None: the kernel does not."""

    phase: str
    rss_kib: int
    peak_kib: int | None
    anonymous_kib: int | None
    file_kib: int | None
    shared_memory_kib: int | None
    pss_kib: int | None
    private_kib: int | None
    swap_kib: int | None
    model_mapped_kib: int | None
    unified_available_kib: int | None
    """The machine's MemAvailable, on a board where CPU and GPU share one memory."""
    nvmap_kib: int | None
    """What a Jetson's GPU driver has handed out, to all processes together."""


class LoopFacts(TypedDict):
    """What the clock and the timed loop cost, and what ended warm-up and window."""

    clock_resolution_ns: float
    overhead_ns: float
    warmup_runs: int
    settled: bool
    window_end: WindowEnd
    needed_s: float | None
    """Where the window ended because its precision was out of reach: about how long it would have taken."""


class Output(TypedDict):
    """What the model put out last, looked at after the window."""

    non_finite: int
    wrong_shapes: list[str]
    """One sentence for each output whose shape is not the declared one."""
    notes: list[str]
    """What is worth saying of an output and casts no doubt on the run."""


class TextFacts(TypedDict):
    """What only a language model has; None with the reason in `Measured.absent`."""

    kv_cache_kib: float | None
    tokenize_ns: list[int]
    sample_ns: list[int]
    ttft_cached_ns: list[int]


class Measured(TypedDict):
    """Everything timed. Series are in nanoseconds, in order; `absent` holds the reason for each one missing."""

    kind: Literal["tensor", "text"]
    phases_ms: dict[str, float]
    series_ns: dict[str, list[int]]
    absent: dict[str, str]
    windows: list[MeasuredWindow]
    """What energy is of. Usually one. A window that was not precise enough is continued in another one; between them
    nothing runs, or a language model's memory is filled to its depth."""
    prefill_windows: list[MeasuredWindow]
    """Those of the prompts; `windows` are then those of the generations. Their units are tokens of prompts."""
    prompt_tokens: int
    decode_steps: list[int]
    """Of each repeat: a binding may have to leave out a step at its beginning."""
    peak_kib: int
    """VmHWM of the whole run, up to the end of the window."""
    memory: list[MemoryReading]
    memory_absent: dict[str, str]
    major_faults: int
    """Of the worker within the windows."""
    loop: LoopFacts
    output: Output | None
    output_unread: str | None
    """Why looking at the outputs failed. None with no `output`: the runtime does not show them."""
    steering: bool
    """Whether inputs that may decide how much work there is were made up."""
    text: TextFacts | None
    remote: RemoteFacts | None
    """Only of a model that an endpoint serves."""
    affinity: list[int]
    setting: RuntimeSetting


class Cold(TypedDict):
    """A start with the model's files dropped from the page cache. Shares are None where mincore could not tell."""

    evicted: bool
    resident_before_share: float | None
    resident_after_share: float | None
    reason: str | None
    load_ms: float
    first_inference_ms: float
    first_token_ms: float | None
    peak_kib: int
    """VmHWM of the worker, from its start to after the first inference."""


class _EvaluatedMore(TypedDict, total=False):
    """What an older worker does not tell."""

    context_tokens: int | None
    """Of a language model: what it was trained for."""


class Evaluated(_EvaluatedMore):
    """What a worker tells of itself once it took its last item; the outcomes went before."""

    ended: Literal["all", "time_limit"]
    phases_ms: dict[str, float]
    peak_kib: int
    affinity: list[int]
    setting: RuntimeSetting
    batch_shape: str


class WorkerPoint(TypedDict):
    """One point of a sweep, measured or failed there."""

    at: SweepAsk
    series_ns: dict[str, list[int]]
    decode_steps: list[int]
    peak_kib: int | None
    kv_cache_kib: float | None
    failure: str | None


class OpenLoopRun(TypedDict):
    """Response times from planned arrival to answer, in order of arrival."""

    rate_per_s: float
    response_ns: list[int]
    service_ns: list[int]
    unanswered: int
    """Arrivals that had not been served when the loop gave up."""
    longest_queue: int
    duration_ns: int


class SoakRun(TypedDict):
    """Times of a soak's units, folded into buckets as it ran: starts (from the soak's own start), medians, counts.

    `sustained_ns`: the units of its last fifth (60 s at most), thinned out evenly where there are very many.
    """

    start_ns: int
    duration_ns: int
    bucket_start_ns: list[int]
    bucket_p50_ns: list[float]
    bucket_n: list[int]
    sustained_ns: list[int]
    complete: bool
    """Whether it ran its full length; False where the worker had to stop before."""


class Operators(TypedDict):
    """What was executed, from a second short session after the measurement. None: the runtime does not tell."""

    operators: dict[str, int]
    nodes_per_provider: dict[str, int]
    integer_kernels: int | None
    float_kernels: int | None
    half_kernels: int | None
    """Of the float kernels, those that were given fp16."""
    notes: list[str]


def no_operators(*notes: str) -> Operators:
    """Of a runtime that does not tell, with the reason in `notes`."""
    return {
        "operators": {},
        "nodes_per_provider": {},
        "integer_kernels": None,
        "float_kernels": None,
        "half_kernels": None,
        "notes": list(notes),
    }
