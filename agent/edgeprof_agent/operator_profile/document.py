"""What the child tells its parent, as JSON: edgeprof/operators/recorded.py reads it. Built of plain types only."""

from collections.abc import Sequence
from typing import TypedDict


class TensorDocument(TypedDict):
    """See `TensorInfo`."""

    type: str
    shape: list[int]
    bytes: int


class NodeDocument(TypedDict):
    """See `NodeRun`."""

    name: str
    op: str
    place: str
    time_ns: float
    inputs: list[TensorDocument]
    weights: list[TensorDocument]
    outputs: list[TensorDocument]
    precision: str
    threads: int | None
    kernel: str
    has_tensors: bool


class PhaseDocument(TypedDict):
    """See `PhaseRun`."""

    phase: str
    plain_ns: list[float]
    profiled_ns: list[float]
    sums_ns: list[float]
    nodes: list[NodeDocument]
    timeline: list[tuple[int, int, int]]


class ProfileDocument(TypedDict):
    """See `OperatorRun`."""

    runtime: str
    runtime_version: str
    threads: int
    tick_ns: int
    phases: list[PhaseDocument]
    notes: list[str]


def tensor(kind: str, shape: Sequence[int], item_bytes: int) -> TensorDocument:
    """A dense tensor."""
    count = 1
    for size in shape:
        count *= int(size)
    return {"type": kind, "shape": [int(size) for size in shape], "bytes": count * item_bytes}
