"""Values for inputs that nobody gave: seeded, and such that a model's use of them makes sense.

Imports numpy: worker side only.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edgeprof_agent.runtimes.element_types import value_range
from edgeprof_agent.runtimes.inputs import Declared, Tensor
from edgeprof_agent.runtimes.roles import Purpose, purpose_of, stem_of_length

MEANING = "floats uniform in [0, 1), 8-bit integers over their whole range, wider integers by their use"

_SAMPLE_RATE = 16_000
_DEPTH, _SIZE, _STEP, _TIMES = 10, 16, 8, 16
_ENDS = np.iinfo(np.int32).max
_FIXED: dict[str, int] = {
    "condition": 1,
    "mask": 1,
    "one": 1,
    "divisor": 1,
    "scales": 1,
    "k": 1,
    "nothing": 0,
    "begins": 0,
    "ends": _ENDS,
    "rate": _SAMPLE_RATE,
    "depth": _DEPTH,
    "size": _SIZE,
    "step": _STEP,
}
"""Roles of one value: all of the mask, every divisor harmless, slices as wide as they can be."""

Shapes = Mapping[str, Sequence[int]]


def purpose(each: Declared) -> Purpose:
    """What the input is for. Eight bits and less are mostly quantized data: only the file's operators say otherwise."""
    dtype = np.dtype(each.dtype)
    is_small = dtype.kind in "iu" and dtype.itemsize == 1
    if each.element is not None or (is_small and not each.uses):
        return Purpose("data")
    return purpose_of(each.name, dtype.kind, each.uses)


def made_up(each: Declared, declared: Sequence[Declared], shapes: Shapes, rng: np.random.Generator) -> Tensor:
    """One input of its shape. `shapes` are those of all inputs: a length is as long as what it is the length of."""
    found, shape = purpose(each), list(shapes[each.name])
    if found.role == "data":
        return data(each, shape, rng)
    dtype = np.dtype(each.dtype)
    if found.role == "unknown" or (found.role == "index" and _rows(found, shapes) is None):
        return rng.integers(0, 2, shape).astype(dtype)
    values = _values(each, found, declared, shapes, rng)
    if dtype.kind in "iu":
        limits = np.iinfo(str(dtype))
        values = np.clip(values, limits.min, limits.max)
    return np.broadcast_to(np.asarray(values), shape).astype(dtype, order="C")


def data(each: Declared, shape: Sequence[int], rng: np.random.Generator) -> Tensor:
    """What a model reads and is not steered by."""
    dtype = np.dtype(each.dtype)
    if dtype.kind == "f":
        return rng.random(shape, dtype=np.float32).astype(dtype, copy=False)
    if dtype.kind == "c":
        return (rng.random(shape) + 1j * rng.random(shape)).astype(dtype)
    if dtype.kind == "b" or dtype.itemsize > 1:
        return rng.integers(0, 2, shape).astype(dtype, copy=False)
    lowest, highest = value_range(each.element) if each.element else (-128, 127) if dtype.kind == "i" else (0, 255)
    return rng.integers(lowest, highest + 1, shape).astype(dtype, copy=False)


def _values(
    each: Declared, found: Purpose, declared: Sequence[Declared], shapes: Shapes, rng: np.random.Generator
) -> npt.ArrayLike:
    shape = list(shapes[each.name])
    count = int(np.prod(shape)) if shape else 1
    own = list(shapes.get(found.of, ()))
    if found.role in _FIXED:
        return _FIXED[found.role]
    if found.role == "index":
        return rng.integers(0, max(1, _rows(found, shapes) or 1), shape)
    if found.role == "position":
        steps = np.arange(shape[-1] if shape else 1)
        return (steps % found.limit if found.limit else steps) if shape else 0
    if found.role == "axes":
        return np.arange(count).reshape(shape)
    if found.role == "shape":
        wanted = own if len(own) == count else [-1, *[1] * (count - 1)]
        return np.reshape(wanted[:count], shape)
    if found.role == "sizes":
        return np.reshape(
            own if len(own) == count else own[1:3] if len(own) == 4 and count == 2 else [8] * count, shape
        )
    if found.role == "splits":
        return np.reshape(_parts(own[found.axis] if -len(own) <= found.axis < len(own) else count, count), shape)
    full = full_length(each, found, declared, shapes)
    wanted = full or (1 if found.role == "length" else _TIMES)  # else: how often something is done
    if found.role == "length" and found.limit:
        wanted = min(wanted, found.limit - 1)
    return _behind(wanted, found, np.dtype(each.dtype).kind)


def _behind(wanted: int, found: Purpose, kind: str) -> float:
    """What the operators before its use make `wanted` of; a factor that only the run knows is of relative lengths."""
    own = (wanted - found.shift) / found.scale if found.scale else 1.0
    return max(0.0, own if kind == "f" else float(int(own)))


def _rows(found: Purpose, shapes: Shapes) -> int | None:
    """How many an index may choose from: of a stored table, or of another input."""
    own = shapes.get(found.of, ())
    if found.limit is not None:
        return found.limit
    return own[found.axis] if own and -len(own) <= found.axis < len(own) else None


def _parts(size: int, count: int) -> list[int]:
    each = size // max(1, count)
    return [each] * (count - 1) + [size - each * (count - 1)]


def full_length(each: Declared, found: Purpose, declared: Sequence[Declared], shapes: Shapes) -> int | None:
    """The greatest length that makes sense, by the input that it is the length of; None where nothing shows it.

    The operator says which input and axis; else the input with the length's own name; else the longest open size, or
    of sizes that are all fixed the axis behind the leading one.
    """
    own, more = shapes.get(found.of, ()), shapes.get(found.plus, ())
    plus = more[1] if len(more) > 1 else 1 if found.plus else 0
    if own and -len(own) <= found.axis < len(own):
        return own[found.axis] + plus
    if found.plus:
        return plus
    others = [other for other in declared if other.name != each.name and len(shapes[other.name]) > 1]
    stem = stem_of_length(each.name)
    named = [other for other in others if stem and other.name.lower().replace(".", "_").startswith(stem)]
    return _longest(named or others, shapes)


def _longest(inputs: Sequence[Declared], shapes: Shapes) -> int | None:
    open_sizes = [
        size
        for each in inputs
        for axis, (declared, size) in enumerate(zip(each.sizes, shapes[each.name], strict=False))
        if axis > 0 and not isinstance(declared, int)
    ]
    if open_sizes:
        return max(open_sizes)
    fixed = [shapes[each.name] for each in inputs]
    return max((shape[0] if shape[0] > 1 else shape[1] for shape in fixed), default=None)
