"""Points of a sweep over input sizes, from what is typed and what the model file declares. Pure.

`--sweep NAME=1,3,224,224` is one point, spelled out; `--sweep-dim NAME=1,2,4` runs through a dynamic dimension.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgeprof.errors import UsageError
from edgeprof.modelfiles import DeclaredInput
from edgeprof.wire.evidence import SweepAt

MAX_POINTS = 32
"""So that a result with all of them still fits its message."""
BATCH = "batch"
"""Where no dimension has this name, it means the open leading one of every input."""

Shapes = dict[str, tuple[int, ...]]
_Sizes = dict[str, int]


def points_of(
    declared: Sequence[DeclaredInput], points: Sequence[Shapes], dims: Mapping[str, Sequence[int]], fixed: Shapes
) -> tuple[SweepAt, ...]:
    """The points spelled out, then every combination of the dimensions. Raises UsageError.

    `fixed` are the shapes of the run itself; they decide the dimensions that are not run through.
    """
    known = {each.name: each for each in declared}
    spelled = [_checked(shapes, known) for shapes in points]
    combined = [dict(zip(dims, sizes, strict=True)) for sizes in itertools.product(*dims.values())] if dims else []
    found = [*spelled, *(_at(declared, sizes, fixed) for sizes in combined)]
    if len(found) > MAX_POINTS:
        raise UsageError("bad_sweep", f"The sweep would have {len(found)} points; the maximum is {MAX_POINTS}.")
    return tuple(SweepAt(shapes=shapes) for shapes in found)


def with_sizes(
    declared: Sequence[DeclaredInput], dims: Mapping[str, int], swept: Mapping[str, object]
) -> list[DeclaredInput]:
    """The inputs with the sizes that the run gives its symbols, but for those that the sweep goes through."""
    known = {symbol: size for symbol, size in dims.items() if symbol not in swept}
    return [
        replace(each, sizes=tuple(known.get(size, size) if isinstance(size, str) else size for size in each.sizes))
        for each in declared
    ]


def _checked(shapes: Shapes, known: Mapping[str, DeclaredInput]) -> Shapes:
    for name, sizes in shapes.items():
        if name not in known:
            raise UsageError("bad_sweep", f"The model has no input {name!r}. Inputs: {', '.join(known)}.")
        _check_fits(known[name], sizes)
    return shapes


def _check_fits(each: DeclaredInput, sizes: tuple[int, ...]) -> None:
    fits = not each.has_rank or (
        len(sizes) == len(each.sizes)
        and all(not isinstance(size, int) or size == wanted for size, wanted in zip(each.sizes, sizes, strict=True))
    )
    if not fits:
        raise UsageError("bad_sweep", f"Input {each.name!r} has sizes {_text(each)}; {_joined(sizes)} do not fit.")


def _at(declared: Sequence[DeclaredInput], sizes: _Sizes, fixed: Shapes) -> Shapes:
    """One combination: the shape of each input that has a swept dimension."""
    leads = BATCH in sizes and not any(BATCH in each.sizes for each in declared)
    shapes: Shapes = {}
    for each in declared:
        swept = {place: sizes[size] for place, size in enumerate(each.sizes) if isinstance(size, str) and size in sizes}
        if leads and each.sizes and not isinstance(each.sizes[0], int):
            swept[0] = sizes[BATCH]
        if swept:
            shapes[each.name] = _filled(each, swept, fixed.get(each.name))
    _check_all_used(declared, sizes, shapes, leads)
    return shapes


def _filled(each: DeclaredInput, swept: Mapping[int, int], fixed: tuple[int, ...] | None) -> tuple[int, ...]:
    """Swept sizes, else those of the run, else as declared; an open leading size is 1, as in the run."""
    if fixed is not None:
        _check_fits(each, fixed)
        return tuple(swept.get(place, size) for place, size in enumerate(fixed))
    sizes: list[int] = []
    for place, size in enumerate(each.sizes):
        known = swept.get(place, size if isinstance(size, int) else 1 if place == 0 else None)
        if known is None:
            raise UsageError(
                "bad_sweep",
                f"Input {each.name!r} has sizes {_text(each)}, and the sweep leaves one of them open. Set the "
                f"others, for example: --input-shape {each.name}={_example(each, swept)}",
            )
        sizes.append(known)
    return tuple(sizes)


def _check_all_used(declared: Sequence[DeclaredInput], sizes: _Sizes, shapes: Shapes, leads: bool) -> None:
    for name in sizes:
        used = bool(shapes) if name == BATCH and leads else any(name in each.sizes for each in declared)
        if not used:
            open_sizes = ", ".join(f"{each.name} ({_text(each)})" for each in declared)
            raise UsageError("bad_sweep", f"No input has an open dimension {name!r}. Inputs: {open_sizes}.")


def _example(each: DeclaredInput, swept: Mapping[int, int]) -> str:
    sizes = [str(swept.get(place, size if isinstance(size, int) else "SIZE")) for place, size in enumerate(each.sizes)]
    return ",".join(["1" if size == "SIZE" and place == 0 else size for place, size in enumerate(sizes)])


def _text(each: DeclaredInput) -> str:
    return ",".join("?" if size is None else str(size) for size in each.sizes)


def _joined(sizes: Sequence[int]) -> str:
    return ",".join(map(str, sizes))
