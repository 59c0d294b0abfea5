"""The roofline: the seconds that a piece of work would take if nothing but bandwidth and arithmetic cost time."""

from typing import Literal

import msgspec

from edgeprof.prediction.board import Board

Kind = Literal["decode", "prefill", "tensor"]
Processor = Literal["cpu", "gpu"]

METRIC: dict[Kind, str] = {
    "decode": "decode_tokens_per_s",
    "prefill": "prefill_tokens_per_s",
    "tensor": "latency_p50_ms",
}
PARAMETERS = "the model's number of parameters"
OVERHEAD_S = 0.001
"""The unit of a GPU's fixed cost per step: launching its kernels."""
Terms = tuple[float, ...]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a model: a generated token, a token of a prompt, or an inference of a tensor model."""

    kind: Kind
    processor: Processor = "cpu"
    runtime: str = ""
    bytes_read: float = 0.0
    """Weights read a step. All of a language model's file for a generated token."""
    params: float = 0.0
    flop: float = 0.0
    """Floating-point operations of one inference; tensor models only."""
    is_sparse: bool = False
    """A mixture of experts reads a part of its bytes and computes with a part of its weights: no bound holds."""

    @property
    def size(self) -> float:
        """What two probes are told apart by: bytes of a decode, else operations."""
        return {"decode": self.bytes_read, "prefill": 2 * self.params, "tensor": self.flop}[self.kind]


def terms_s(work: Work, board: Board) -> Terms | str:
    """Seconds by each bound at full efficiency; in words what is unknown where a bound cannot be stated.

    Decode on a CPU: the weights over twice the memcpy rate (a copy reads and writes), and the multiply-adds over the
    cores' rate. Decode on a GPU: the weights over the theoretical bandwidth, and a fixed cost.

    >>> board = Board(id="b", cores=4, max_ghz=2.0, vector="dotprod", memcpy_gb_s=5.0)
    >>> terms_s(Work(kind="decode", bytes_read=1e9, params=1e9), board)
    (0.1, 0.00390625)
    >>> terms_s(Work(kind="decode", bytes_read=1e9, params=1e9), Board(id="b"))
    "the board's memcpy rate"
    >>> terms_s(Work(kind="decode", bytes_read=1e9), board)
    "the model's number of parameters"
    """
    if work.processor == "gpu":
        return _on_gpu(work, board)
    if work.kind != "tensor" and work.params <= 0:
        return PARAMETERS
    if work.kind == "decode":
        if board.memcpy_gb_s is None:
            return "the board's memcpy rate"
        if board.int8_macs_per_s is None:
            return "cores, clock or instruction set of the board"
        return work.bytes_read / (2e9 * board.memcpy_gb_s), work.params / board.int8_macs_per_s
    rate = board.int8_macs_per_s if work.kind == "prefill" else board.fp32_flops_per_s
    if rate is None:
        return "cores, clock or instruction set of the board"
    operations = work.params if work.kind == "prefill" else work.flop
    return (operations / rate,)


def _on_gpu(work: Work, board: Board) -> Terms | str:
    if work.kind == "decode":
        if board.bandwidth_theory_gb_s is None:
            return "the board's memory bandwidth"
        return work.bytes_read / (1e9 * board.bandwidth_theory_gb_s), OVERHEAD_S
    if board.gpu_tflops is None:
        return "the rate of the board's GPU"
    if work.kind == "prefill" and work.params <= 0:
        return PARAMETERS
    operations = 2 * work.params if work.kind == "prefill" else work.flop
    return operations / (1e12 * board.gpu_tflops), OVERHEAD_S


def figure(kind: Kind, step_s: float) -> float:
    """In the metric's unit: tokens a second, or milliseconds.

    >>> figure("decode", 0.1), figure("tensor", 0.1)
    (10.0, 100.0)
    """
    return 1000 * step_s if kind == "tensor" else 1 / step_s


def step_s(kind: Kind, value: float) -> float:
    """The seconds behind a figure, the inverse of `figure`.

    >>> step_s("decode", 10.0)
    0.1
    """
    return value / 1000 if kind == "tensor" else 1 / value
