"""Synthetic inputs: seeded, the same for every runtime and machine. Imports numpy: worker side only."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from edgeprof_agent.runtimes.base import RuntimeFailure

Tensor = npt.NDArray[np.generic]
Size = int | str | None

MEANING = "floats uniform in [0, 1), 8-bit integers over their whole range, wider integers 0 or 1"


def source(seed: int) -> str:
    """The sentence that a result carries about what was fed."""
    return f"synthetic (seed {seed}): {MEANING}"


def synthetic(dtype: npt.DTypeLike, shape: Sequence[int], rng: np.random.Generator) -> Tensor:
    """One input. Wide integers stay 0 or 1, since they are mostly indices, masks and token ids."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return rng.random(shape, dtype=np.float32).astype(kind)
    if kind.kind == "b" or kind.itemsize > 1:
        return rng.integers(0, 2, shape).astype(kind)
    lowest = -128 if kind.kind == "i" else 0
    return rng.integers(lowest, lowest + 256, shape).astype(kind)


def fixed_shape(name: str, declared: Sequence[Size], asked: Sequence[int] | None) -> list[int]:
    """The sizes to run with: as asked, else as declared. Only a leading dynamic size may default (to 1)."""
    if asked is not None:
        _check_asked(name, declared, asked)
        return list(asked)
    if any(not isinstance(size, int) for size in declared[1:]):
        sizes = ",".join(str(size) if size is not None else "?" for size in declared)
        raise RuntimeFailure(
            "shape_required",
            f"The input {name!r} has dynamic sizes ({sizes}). "
            f"Give them, for example: --input-shape {name}={_example(declared)}",
        )
    return [size if isinstance(size, int) else 1 for size in declared]


def check_names(asked: Mapping[str, object], known: Sequence[str]) -> None:
    """A shape for an input that the model does not have is a mistake, not something to ignore."""
    for name in asked:
        if name not in known:
            raise RuntimeFailure(
                "shape_required", f"The model has no input {name!r}. Its inputs are: {', '.join(known)}."
            )


def describe(tensor: Tensor) -> str:
    """`float32[1,3,224,224]`"""
    return f"{tensor.dtype}[{','.join(str(size) for size in tensor.shape)}]"


def count_non_finite(outputs: Sequence[object]) -> int:
    """NaN and infinite values in those outputs that are floating tensors (a runtime may also give lists, maps)."""
    tensors = [cast(Tensor, output) for output in outputs if isinstance(output, np.ndarray)]
    return sum(int(tensor.size - np.isfinite(tensor).sum()) for tensor in tensors if tensor.dtype.kind == "f")


def _check_asked(name: str, declared: Sequence[Size], asked: Sequence[int]) -> None:
    fits = len(asked) == len(declared) and all(
        not isinstance(size, int) or size == wanted for size, wanted in zip(declared, asked, strict=False)
    )
    if not fits:
        sizes = ",".join(str(size) if size is not None else "?" for size in declared)
        raise RuntimeFailure(
            "shape_required", f"The input {name!r} has the sizes {sizes}; {','.join(map(str, asked))} do not fit."
        )


def _example(declared: Sequence[Size]) -> str:
    leading = declared[0] if isinstance(declared[0], int) else 1
    return ",".join([str(leading), *(str(size) if isinstance(size, int) else "SIZE" for size in declared[1:])])
