"""What a tensor model is fed: its own real inputs, else synthetic ones, seeded and the same for every runtime.

Imports numpy: worker side only.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

Tensor = npt.NDArray[np.generic]
Size = int | str | None

MEANING = "floats uniform in [0, 1), 8-bit integers over their whole range, wider integers 0 or 1"


class Declared(NamedTuple):
    """One input as the model declares it; a size that is no number is open."""

    name: str
    dtype: "np.dtype[np.generic]"
    sizes: Sequence[Size]


class InputSource(Protocol):
    """Where inputs come from."""

    @property
    def sentence(self) -> str:
        """What a result says about it."""
        ...

    def check(self, declared: Sequence[Declared]) -> None:
        """Raises RuntimeFailure `load_error` where the model cannot be fed from here."""
        ...

    def shape(self, declared: Declared, requested: Sequence[int] | None) -> list[int]:
        """The sizes to run with. Raises RuntimeFailure `shape_required`."""
        ...

    def tensors(self, declared: Sequence[Declared], shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
        """One tensor for each input, of its shape."""
        ...


class Synthetic:
    """Seeded values. The same seed gives the same values for the same shapes, on every machine."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.sentence = f"synthetic (seed {seed}): {MEANING}"

    def check(self, declared: Sequence[Declared]) -> None:
        """Every number can be made up."""

    def shape(self, declared: Declared, requested: Sequence[int] | None) -> list[int]:
        return fixed_shape(declared.name, declared.sizes, requested)

    def tensors(self, declared: Sequence[Declared], shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
        rng = np.random.default_rng(self._seed)
        return {each.name: synthetic(each.dtype, shapes[each.name], rng) for each in declared}


def shapes_of(
    source: InputSource, declared: Sequence[Declared], requested: Mapping[str, Sequence[int]]
) -> dict[str, list[int]]:
    """The shape of every input. A shape for an input that the model does not have is a mistake: `shape_required`."""
    source.check(declared)
    check_names(requested, [each.name for each in declared])
    return {each.name: source.shape(each, requested.get(each.name)) for each in declared}


def synthetic(dtype: npt.DTypeLike, shape: Sequence[int], rng: np.random.Generator) -> Tensor:
    """One input. Wide integers stay 0 or 1, since they are mostly indices, masks and token ids."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return rng.random(shape, dtype=np.float32).astype(kind, copy=False)
    if kind.kind == "b" or kind.itemsize > 1:
        return rng.integers(0, 2, shape).astype(kind, copy=False)
    lowest = -128 if kind.kind == "i" else 0
    return rng.integers(lowest, lowest + 256, shape).astype(kind, copy=False)


def fixed_shape(name: str, declared: Sequence[Size], requested: Sequence[int] | None) -> list[int]:
    """The sizes to run with: as asked, else as declared. Only a leading dynamic size may default (to 1)."""
    if requested is not None:
        _check_asked(name, declared, requested)
        return list(requested)
    if any(not isinstance(size, int) for size in declared[1:]):
        raise RuntimeFailure(
            "shape_required",
            f"Input {name!r} has dynamic sizes ({sizes_text(declared)}). Set them, for example: --input-shape "
            f"{name}={_example(declared)}",
        )
    return [size if isinstance(size, int) else 1 for size in declared]


def check_names(requested: Mapping[str, object], known: Sequence[str]) -> None:
    """Every asked name is one of the model's inputs."""
    for name in requested:
        if name not in known:
            raise RuntimeFailure("shape_required", f"The model has no input {name!r}. Inputs: {', '.join(known)}.")


def describe(tensor: Tensor) -> str:
    """`float32[1,3,224,224]`"""
    return f"{tensor.dtype}[{','.join(str(size) for size in tensor.shape)}]"


def sizes_text(sizes: Sequence[Size]) -> str:
    """`batch,3,?`"""
    return ",".join("?" if size is None else str(size) for size in sizes)


def _check_asked(name: str, declared: Sequence[Size], requested: Sequence[int]) -> None:
    fits = len(requested) == len(declared) and all(
        not isinstance(size, int) or size == wanted for size, wanted in zip(declared, requested, strict=False)
    )
    if not fits:
        raise RuntimeFailure(
            "shape_required",
            f"Input {name!r} has sizes {sizes_text(declared)}; {sizes_text(requested)} do not fit.",
        )


def _example(declared: Sequence[Size]) -> str:
    leading = declared[0] if isinstance(declared[0], int) else 1
    return ",".join([str(leading), *(str(size) if isinstance(size, int) else "SIZE" for size in declared[1:])])
