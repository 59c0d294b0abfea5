"""What a runtime's profiler recorded of a model: nodes with their tensors and times. Read from the child's JSON."""

from math import prod
from statistics import median

import msgspec


class TensorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One tensor as it was in the run. `shape`: outermost first, but of llama.cpp innermost first, as ggml has it."""

    type: str
    shape: tuple[int, ...]
    bytes: int

    @property
    def elements(self) -> int:
        """How many values it holds."""
        return prod(self.shape)


class NodeRun(msgspec.Struct, frozen=True, kw_only=True):
    """One executed node.

    `inputs`: activations, in the operator's order; `weights`: what the file stores. `time_ns`: the mean of those
    profiled runs whose sum lies in the middle half, so that the times of all nodes add up. `place`: the provider,
    delegate or backend that ran it. `threads`: how many threads took a part, where the profiler tells. `precision`:
    what it multiplies in, as `fp32`, `int8` or `q4_1`; empty for a node without products.
    """

    name: str
    op: str
    place: str
    time_ns: float
    inputs: tuple[TensorInfo, ...] = ()
    weights: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    precision: str = ""
    threads: int | None = None
    kernel: str = ""
    """The delegate's own name of its kernel, where it has one."""
    has_tensors: bool = True
    """Whether the tensors above are known: a delegate's node may match no operator of the file."""


class Span(msgspec.Struct, frozen=True, array_like=True):
    """One node in the last profiled run. `start_ns`: CLOCK_MONOTONIC."""

    node: int
    start_ns: int
    duration_ns: int


class PhaseRun(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work: an inference, a prefill, or one generated token. Blocks of both kinds of run alternated."""

    phase: str
    plain_ns: tuple[float, ...]
    """Runs without the profiler."""
    profiled_ns: tuple[float, ...]
    sums_ns: tuple[float, ...]
    """Of each profiled run: the times of all its nodes, added up."""
    nodes: tuple[NodeRun, ...]
    timeline: tuple[Span, ...] = ()

    @property
    def plain_ms(self) -> float:
        """The median of the runs without the profiler."""
        return median(self.plain_ns) / 1e6

    @property
    def profiled_ms(self) -> float:
        """The median of the profiled runs."""
        return median(self.profiled_ns) / 1e6

    @property
    def sum_ms(self) -> float:
        """The median of the profiled runs' sums."""
        return median(self.sums_ns) / 1e6

    @property
    def coverage(self) -> float:
        """Sum of the operators over a run without the profiler."""
        return self.sum_ms / self.plain_ms

    @property
    def cost(self) -> float:
        """A profiled run over one without the profiler."""
        return self.profiled_ms / self.plain_ms


class OperatorRun(msgspec.Struct, frozen=True, kw_only=True):
    """All that was recorded of a model in one session. `tick_ns`: the step of the profiler's clock, rounded down."""

    runtime: str
    runtime_version: str
    threads: int
    tick_ns: int
    phases: tuple[PhaseRun, ...]
    notes: tuple[str, ...] = ()
