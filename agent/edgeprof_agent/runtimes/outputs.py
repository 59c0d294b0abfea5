"""What a model put out, against what it declared. Imports numpy: worker side only."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import numpy as np

from edgeprof_agent.runtimes.inputs import Size, Tensor, sizes_text
from edgeprof_agent.worker_protocol.document import Output


class DeclaredOutput(NamedTuple):
    """One output as the model declares it; a size that is no number is open. No sizes: nothing is declared."""

    name: str
    sizes: Sequence[Size]


def check_outputs(promised: Sequence[DeclaredOutput], outputs: Sequence[object]) -> Output:
    """What is odd about the outputs of a run. Lists and maps, which a runtime may also give, are passed over."""
    tensors = [cast(Tensor, output) for output in outputs if isinstance(output, np.ndarray)]
    pairs = zip(promised, outputs, strict=False)
    odd = [_odd_shape(promise, cast(Tensor, output)) for promise, output in pairs if isinstance(output, np.ndarray)]
    return {
        "non_finite": sum(_non_finite(tensor) for tensor in tensors),
        "wrong_shapes": [sentence for sentence in odd if sentence is not None],
        "notes": [
            f"output {promise.name!r} is empty ({sizes_text(cast(Tensor, output).shape)})"
            for promise, output in zip(promised, outputs, strict=False)
            if isinstance(output, np.ndarray) and cast(Tensor, output).size == 0
        ],
    }


def _non_finite(tensor: Tensor) -> int:
    return int(tensor.size - np.isfinite(tensor).sum()) if tensor.dtype.kind in "fc" else 0


def _odd_shape(promise: DeclaredOutput, tensor: Tensor) -> str | None:
    if not promise.sizes:  # a runtime says the same of a scalar and of an output without a declared shape
        return None
    fits = len(promise.sizes) == tensor.ndim and all(
        not isinstance(size, int) or size == got for size, got in zip(promise.sizes, tensor.shape, strict=True)
    )
    if fits:
        return None
    return (
        f"output {promise.name!r} has sizes {sizes_text(tensor.shape) or 'of a scalar'}; the model declares "
        f"{sizes_text(promise.sizes)}"
    )
