"""In what arithmetic a model was computed: the kernels that ran, held against how the file stores its weights. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_MOSTLY = 0.5
_SAYS_INTEGER = re.compile(r"(?<![a-z0-9])(u?int8|i8|u8|s8|w8a8|int4|quant(ized)?|qdq)(?![a-z0-9])", re.IGNORECASE)
INTEGER_LEVEL = 4
"""MatMulNBits with this `accuracy_level` quantizes its activations to 8 bits and multiplies integers. All others
multiply floats (onnxruntime 1.32: levels 0 to 3 give the same bits). A MatMulNBits that the runtime makes of a
DequantizeLinear and a MatMul has this level, unless `session.qdq_matmulnbits_accuracy_level` says otherwise."""


class Kernels(NamedTuple):
    """How many of the executed nodes computed in integers and in floats; None: the runtime does not report it.

    `half`: those of the floats that were given fp16. `unpacked`: those of the floats whose weights are packed integers.
    `notes`: what decided where the operator's name does not.
    """

    integer: int | None
    floats: int | None
    half: int | None = None
    unpacked: int = 0
    notes: tuple[str, ...] = ()


def kernels_of(
    operators: Mapping[str, int],
    integer: int | None,
    floats: int | None,
    half: int | None,
    levels: Mapping[int, int],
) -> Kernels:
    """The counts, with each MatMulNBits where its level puts it. `levels`: the file's nodes by level.

    Example: 3 executed, `levels` {0: 1, 4: 1}: one was made by the runtime, so two computed in integers.
    """
    executed = operators.get("MatMulNBits", 0)
    if not executed or integer is None or floats is None:
        return Kernels(integer, floats, half)
    in_floats = min(executed, sum(count for level, count in levels.items() if level != INTEGER_LEVEL))
    in_integers = executed - in_floats
    notes: list[str] = []
    if in_integers:
        notes.append(
            f"{in_integers} MatMulNBits node{'s' * (in_integers != 1)}: activations quantized to 8 bits, integers "
            f"multiplied (accuracy level {INTEGER_LEVEL}); counted as integer"
        )
    if in_floats:
        low = min(level for level in levels if level != INTEGER_LEVEL)
        notes.append(
            f"{in_floats} MatMulNBits node{'s' * (in_floats != 1)}: packed integer weights, floats multiplied "
            f"(accuracy level {low}; level {INTEGER_LEVEL} multiplies integers and is faster); counted as float"
        )
    return Kernels(integer + in_integers, floats - in_integers, half, in_floats, tuple(notes))


def claim_of(model_name: str, small_share: float | None) -> str | None:
    """What makes a model look as if it computed in integers: how its weights are stored, else only its name."""
    if small_share is not None and small_share >= _MOSTLY:
        return f"{small_share:.0%} of its weights are stored in 8 bits or fewer"
    claim = _SAYS_INTEGER.search(model_name)
    return f"its name says {claim[1]}" if claim else None


def disguise_sentence(claim: str | None, kernels: Kernels) -> str | None:
    """A model that looks quantized and computes in floats all the same. Packed weights save memory: no disguise."""
    if claim is None or kernels.integer != 0 or not kernels.floats:
        return None
    if kernels.unpacked:
        return f"weights only: {claim}, and all of its {kernels.floats} computing nodes use floats"
    return f"floats in disguise: {claim}, but all of its {kernels.floats} computing nodes use floats"


def widened_sentence(half_share: float | None, kernels: Kernels) -> str | None:
    """fp16 weights that were widened: more memory than the file says, and no faster than fp32."""
    if half_share is None or half_share < _MOSTLY or kernels.half != 0 or not kernels.floats:
        return None
    return f"stored in fp16, computed in fp32: loading widened {half_share:.0%} of its weights"
