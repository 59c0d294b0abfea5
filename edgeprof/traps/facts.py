"""What is known of a run and of its model's file, as far as traps are recognised by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Counts = Mapping[str, int]


def _none() -> Counts:
    return {}


@dataclass(frozen=True, kw_only=True)
class TrapFacts:
    """Facts of one run. Shares are 0 to 1; None where the file or the runtime does not say.

    `machine`: as platform.machine() has it. `operators`: executed nodes by operator. `integer_weights`: the file's
    quantized products by operator and stored type, as `ConvInteger int8`. `nbits_levels`: MatMulNBits nodes by level.
    `gguf_values`: values by tensor type, as `Q4_1`. `gguf_type`: the type that the file gives itself, as `Q4_K_M`.
    `zero_inputs`: inputs that were all zero. `delegate`: None where none took a node.
    """

    runtime: str
    model_format: str
    machine: str
    provider: str = "cpu"
    threads: int = 0
    cores: int = 0
    delegate: str | None = None
    operators: Counts = field(default_factory=_none)
    integer_kernels: int | None = None
    half_kernels: int | None = None
    float_kernels: int | None = None
    half_share: float | None = None
    integer_weights: Counts = field(default_factory=_none)
    nbits_levels: Mapping[int, int] = field(default_factory=lambda: {})
    gguf_values: Counts = field(default_factory=_none)
    gguf_type: str = ""
    zero_inputs: tuple[str, ...] = ()
