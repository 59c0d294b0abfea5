"""What to try next, ranked by the time that it could save at best. Each gain is computed from the profile."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from edgeprof.operators.ceilings import Ceiling
from edgeprof.operators.placing import Placed

MIN_GAIN = 0.03
"""Of the time of all nodes: less is not worth a try."""
_CONVERSIONS = frozenset(
    (
        *("Cast", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ReorderInput", "ReorderOutput"),
        *("QUANTIZE", "DEQUANTIZE", "CAST", "Convert", "CPY", "DUP", "CONT", "Transpose", "TRANSPOSE"),
    )
)
_Q4_BITS = 4.5
"""Bits a weight of Q4_0: 32 values in 18 bytes."""
_MIN_MEMORY_SHARE = 0.5
"""A node that reaches less of the bandwidth is not held up by it."""
_MIN_SPEED_UP = 1.3


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """`gain_ms`: at best, of one run. `gain`: the same as a share of all nodes' time."""

    try_this: str
    evidence: str
    gain_ms: float
    gain: float


def hints(placed: Sequence[Placed], ceiling: Ceiling | None, threads: int) -> list[Hint]:
    """The largest gain first. Gains of several hints do not add up: two may be about the same node."""
    whole_ns = sum(each.node.time_ns for each in placed)
    if not whole_ns:
        return []
    found = [
        Hint(try_this=what, evidence=evidence, gain_ms=gain_ns / 1e6, gain=gain_ns / whole_ns)
        for rule in _RULES
        for what, evidence, gain_ns in rule(placed, ceiling, threads)
        if gain_ns / whole_ns >= MIN_GAIN
    ]
    return sorted(found, key=lambda hint: -hint.gain_ms)


_Found = Iterator[tuple[str, str, float]]


def _conversions(placed: Sequence[Placed], ceiling: Ceiling | None, threads: int) -> _Found:
    nodes = [each for each in placed if each.node.op in _CONVERSIONS]
    names = sorted({each.node.op for each in nodes})
    yield (
        "Export the model without conversions between types and layouts",
        f"{len(nodes)} nodes only convert: {', '.join(names)}",
        _time(nodes),
    )


def _integers(placed: Sequence[Placed], ceiling: Ceiling | None, threads: int) -> _Found:
    """A compute-bound node gains by the ratio of the peaks, a memory-bound one by a quarter of the bytes."""
    if ceiling is None:
        return
    fp32, int8 = (ceiling.peak_gflop_s.get(name) for name in ("fp32", "int8"))
    if not fp32 or not int8 or int8 / fp32 < _MIN_SPEED_UP:
        return
    nodes = [each for each in placed if each.node.precision == "fp32" and each.flop]
    saved = sum(each.node.time_ns * (1 - (fp32 / int8 if each.bound == "compute" else 0.25)) for each in nodes)
    yield (
        "Quantize the model to int8, and check its quality",
        f"{len(nodes)} products compute in fp32, and this engine's int8 peak is {int8 / fp32:.1f} times as high",
        saved,
    )


def _smaller_weights(placed: Sequence[Placed], ceiling: Ceiling | None, threads: int) -> _Found:
    """Of language models: what a product reads is its weights, and its time follows their bytes."""
    nodes = [
        each
        for each in placed
        if each.node.op == "MUL_MAT" and each.bound == "memory" and (each.share or 0) >= _MIN_MEMORY_SHARE
    ]
    saved = 0.0
    for each in nodes:
        stored = sum(tensor.bytes for tensor in each.node.weights)
        values = sum(tensor.elements for tensor in each.node.weights)
        if stored and each.bytes and 8 * stored / values > _Q4_BITS:
            saved += each.node.time_ns * (stored - values * _Q4_BITS / 8) / each.bytes
    kinds = sorted({each.node.precision for each in nodes})
    yield (
        "Use a file with smaller weights (Q4_0), and check its quality",
        f"products with {', '.join(kinds)} weights wait for memory ({len(nodes)} of them)",
        saved,
    )


def _builtin(placed: Sequence[Placed], ceiling: Ceiling | None, threads: int) -> _Found:
    nodes = [each for each in placed if each.node.place == "builtin"]
    names = sorted({each.node.op for each in nodes})
    saved = sum(each.node.time_ns - (each.bound_ns or 0.0) for each in nodes)
    yield (
        "Replace the operators that the delegate does not take",
        f"{len(nodes)} nodes run on LiteRT's builtin kernels, outside XNNPACK: {', '.join(names)}",
        saved,
    )


def _one_thread(placed: Sequence[Placed], ceiling: Ceiling | None, threads: int) -> _Found:
    """Were they divided among all threads."""
    nodes = [each for each in placed if each.node.threads == 1]
    names = sorted({each.node.op for each in nodes})
    if threads > 1:
        yield (
            "Replace or merge operators that use one thread; or run fewer threads and more requests at once",
            f"{len(nodes)} nodes ran on 1 of {threads} threads: {', '.join(names[:6])}",
            _time(nodes) * (1 - 1 / threads),
        )


_RULES: tuple[Callable[[Sequence[Placed], Ceiling | None, int], _Found], ...] = (
    _conversions,
    _integers,
    _smaller_weights,
    _builtin,
    _one_thread,
)


def _time(nodes: Sequence[Placed]) -> float:
    return sum(each.node.time_ns for each in nodes)
