"""What parent and worker say to each other: the job on stdin, JSON lines on a pipe. Typed once, for both sides."""

from typing import Literal, TypedDict


class Job(TypedDict):
    """One model to measure. `stop_at_ns` (CLOCK_MONOTONIC) is when the worker takes no more samples."""

    variant: str
    model_path: str
    provider: str
    threads: int
    shapes: dict[str, list[int]]
    prompt_tokens: int
    decode_tokens: int
    warmup_runs: int
    min_runs: int
    max_runs: int
    window_s: float
    stop_at_ns: int
    seed: int


class Setting(TypedDict):
    """What the runtime says that it is running with."""

    runtime_version: str
    threads: int
    provider: str
    delegate: str | None
    inputs: dict[str, str]
    input_source: str
    notes: list[str]


class Window(TypedDict):
    """The span (CLOCK_MONOTONIC) that power may be attributed to, and how many inferences or tokens lie in it."""

    start_ns: int
    end_ns: int
    units: int


class Measured(TypedDict):
    """Everything timed. Series are in nanoseconds, in order; `absent` holds the reason for each one missing."""

    kind: Literal["tensor", "text"]
    phases_ms: dict[str, float]
    series_ns: dict[str, list[int]]
    absent: dict[str, str]
    window: Window
    prompt_tokens: int
    decode_steps: list[int]
    """Of each repeat: a binding may have to leave out a step at its beginning."""
    baseline_kib: int
    peak_kib: int
    affinity: list[int]
    setting: Setting


class Operators(TypedDict):
    """What was executed, from a second short session after the measurement. None: the runtime does not tell."""

    operators: dict[str, int]
    nodes_per_provider: dict[str, int]
    integer_kernels: int | None
    float_kernels: int | None
    notes: list[str]
