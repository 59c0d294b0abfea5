"""What a prediction needs to know of a board: bandwidth and arithmetic rate, each absent where nobody states it."""

from typing import Literal

import msgspec

Vector = Literal["neon", "dotprod", "i8mm", "avx2", "avx512"]
"""The widest instructions that quantized kernels use there."""

INT8_MACS: dict[Vector, float] = {"neon": 8, "dotprod": 32, "i8mm": 64, "avx2": 32, "avx512": 64}
"""8-bit multiply-adds a cycle and core, by the instruction set's own width: two 128-bit pipes where there is
SDOT, four times a fp32 pipe without it. A shape, not a fit: an efficiency multiplies it."""
FP32_FLOPS: dict[Vector, float] = {"neon": 8, "dotprod": 16, "i8mm": 16, "avx2": 16, "avx512": 64}
"""Floating-point operations a cycle and core, in the same sense."""


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of board.

    >>> Board(id="rpi-5-8", cores=4, max_ghz=2.4, vector="dotprod", memcpy_gb_s=5.4).int8_macs_per_s / 1e9
    307.2
    """

    id: str
    cores: int | None = None
    max_ghz: float | None = None
    vector: Vector | None = None
    memcpy_gb_s: float | None = None
    """One thread's memcpy as tinymembench counts it: bytes copied a second, so half of what the memory moves."""
    bandwidth_theory_gb_s: float | None = None
    gpu_tflops: float | None = None

    @property
    def int8_macs_per_s(self) -> float | None:
        """Of all cores; None where cores, clock or instruction set are unknown."""
        return self._rate(INT8_MACS)

    @property
    def fp32_flops_per_s(self) -> float | None:
        """Of all cores; None where cores, clock or instruction set are unknown."""
        return self._rate(FP32_FLOPS)

    def _rate(self, per_cycle: dict[Vector, float]) -> float | None:
        if self.cores is None or self.max_ghz is None or self.vector is None:
            return None
        return self.cores * self.max_ghz * 1e9 * per_cycle[self.vector]
