"""The sizes that each input runs with: as requested, else as its source has them, else as declared. Pure.

Every size that is missing is named in one message, with the options that set it.
"""

from collections.abc import Mapping, Sequence

from edgeprof_agent.runtimes.inputs import Declared, Size, sizes_text
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

BATCH = "batch"
"""Where no dimension has this name, it means the open leading one of every input."""
MAX_NAMES_CHARS = 1_400
"""Of the list of inputs whose sizes are missing. A failure's message has room for this and the remedy."""
MAX_OPTIONS = 16
MAX_RANK_SHOWN = 8

Shapes = Mapping[str, Sequence[int]]


def resolve(
    declared: Sequence[Declared], own: Shapes, requested: Shapes, dims: Mapping[str, int]
) -> dict[str, list[int]]:
    """The sizes of every input. `own`: those of arrays at hand. Raises RuntimeFailure `shape_required`.

    A symbol's size comes from `dims`, else from another input whose sizes are given. Only a leading open size has a
    default, which is 1.
    """
    _check_names(requested, declared)
    _check_symbols(dims, declared)
    lead = None if any(BATCH in each.sizes for each in declared) else dims.get(BATCH)
    bound = {**_bound(declared, own), **_bound(declared, requested), **dims}
    found: dict[str, list[int]] = {}
    missing: list[Declared] = []
    for each in declared:
        given = requested.get(each.name)
        if given is None and each.name in own:
            given = _with_symbols(each, own[each.name], dims, lead)
        if given is not None:
            _check_fits(each, given)
            found[each.name] = list(given)
            continue
        sizes = [_size(each, axis, bound, lead) for axis in range(len(each.sizes))]
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes) or each.rank == "open":
            missing.append(each)
        found[each.name] = known
    if missing:
        raise RuntimeFailure("shape_required", _missing(missing, bound))
    return found


def _size(each: Declared, axis: int, bound: Mapping[str, int], lead: int | None) -> int | None:
    size = each.sizes[axis]
    if isinstance(size, int):
        return size
    if isinstance(size, str) and size in bound:
        return bound[size]
    if axis == 0:
        return 1 if lead is None else lead
    return None


def _with_symbols(each: Declared, sizes: Sequence[int], dims: Mapping[str, int], lead: int | None) -> list[int]:
    """An array's sizes, with those that `dims` sets otherwise."""
    if len(sizes) != len(each.sizes):
        return list(sizes)
    named = [dims.get(size) if isinstance(size, str) else None for size in each.sizes]
    if named and named[0] is None and not isinstance(each.sizes[0], int):
        named[0] = lead
    return [old if new is None else new for old, new in zip(sizes, named, strict=True)]


def _bound(declared: Sequence[Declared], shapes: Shapes) -> dict[str, int]:
    """What given sizes say of symbols; the first input that has one decides."""
    found: dict[str, int] = {}
    for each in declared:
        for symbol, size in zip(each.sizes, shapes.get(each.name, ()), strict=False):
            if isinstance(symbol, str):
                found.setdefault(symbol, size)
    return found


def _check_names(requested: Shapes, declared: Sequence[Declared]) -> None:
    known = [each.name for each in declared]
    for name in requested:
        if name not in known:
            raise RuntimeFailure("shape_required", f"The model has no input {name!r}. Inputs: {', '.join(known)}.")


def _check_symbols(dims: Mapping[str, int], declared: Sequence[Declared]) -> None:
    known = list(dict.fromkeys(size for each in declared for size in each.sizes if isinstance(size, str)))
    leads = any(each.sizes and not isinstance(each.sizes[0], int) for each in declared)
    for symbol in dims:
        if symbol not in known and not (symbol == BATCH and leads):
            has = f"Dimensions: {', '.join(known)}." if known else "Use `--input-shape NAME=1,3,224,224`."
            raise RuntimeFailure("shape_required", f"The model has no open dimension {symbol!r}. {has}")


def _check_fits(each: Declared, given: Sequence[int]) -> None:
    is_free = each.rank != "known" and not each.sizes
    fits = len(given) == len(each.sizes) and all(
        not isinstance(size, int) or size == wanted for size, wanted in zip(each.sizes, given, strict=True)
    )
    if not fits and not is_free:
        raise RuntimeFailure(
            "shape_required",
            f"Input {each.name!r} has sizes {sizes_text(each.sizes) or 'of a scalar'}; "
            f"{sizes_text(given) or 'those of a scalar'} do not fit.",
        )


def _missing(missing: Sequence[Declared], bound: Mapping[str, int]) -> str:
    """Every input whose sizes are missing, by its sizes, and the options that set them all."""
    if len(missing) == 1 and missing[0].rank == "open":
        each = missing[0]
        return (
            f"Input {each.name!r} has no declared number of dimensions. Set its sizes, for example: --input-shape "
            f"{each.name}={_example(each)}"
        )
    if len(missing) == 1:
        each = missing[0]
        symbols = _symbols(missing, bound)
        by_symbol = f" (or {' '.join(symbols)})" if symbols else ""
        return (
            f"Input {each.name!r} has dynamic sizes ({sizes_text(each.sizes)}). Set them, for example: --input-shape "
            f"{each.name}={_example(each)}{by_symbol}"
        )
    groups: dict[str, list[str]] = {}
    for each in missing:
        groups.setdefault("any number of dimensions" if each.rank == "open" else sizes_text(each.sizes), []).append(
            each.name
        )
    listed = "; ".join(f"{sizes}: {', '.join(names)}" for sizes, names in groups.items())
    if len(listed) > MAX_NAMES_CHARS:
        listed = f"{listed[:MAX_NAMES_CHARS].rpartition(',')[0]}, …"
    options = [
        *_symbols(missing, bound),
        *(f"--input-shape {each.name}={_example(each)}" for each in missing if _nameless(each)),
    ]
    shown = " ".join(options[:MAX_OPTIONS])
    return f"{len(missing)} inputs have dynamic sizes. Set them with: {shown}. Sizes and inputs: {listed}."


def _symbols(missing: Sequence[Declared], bound: Mapping[str, int]) -> list[str]:
    """`--dim held=SIZE` for each symbol that is still open; a leading one has its default."""
    names = [
        size
        for each in missing
        for axis, size in enumerate(each.sizes)
        if isinstance(size, str) and axis and size not in bound
    ]
    return [f"--dim {name}=SIZE" for name in dict.fromkeys(names)]


def _nameless(each: Declared) -> bool:
    """Whether no symbol could set all that is open."""
    return each.rank == "open" or any(size is None for size in each.sizes[1:])


def _example(each: Declared) -> str:
    if each.rank == "open":
        return ",".join(["1", *["SIZE"] * (min(each.likely_rank, MAX_RANK_SHOWN) - 1)])
    leading: Size = each.sizes[0] if isinstance(each.sizes[0], int) else 1
    return ",".join([str(leading), *(str(size) if isinstance(size, int) else "SIZE" for size in each.sizes[1:])])
