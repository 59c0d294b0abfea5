"""Values that `--input NAME=VALUE` gives: a number for all of an input, or one for each element, with commas.

Imports numpy: worker side only.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from edgeprof_agent.runtimes.element_types import value_range
from edgeprof_agent.runtimes.inputs import Declared, Tensor
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_BOOLS = {"true": True, "1": True, "false": False, "0": False}


def check_names(given: Mapping[str, str], declared: Sequence[Declared]) -> None:
    """Every given name is one of the model's inputs, and its text can be read. Raises RuntimeFailure."""
    known = {each.name: each for each in declared}
    for name, text in given.items():
        if name not in known:
            raise RuntimeFailure(
                "input_unsupported", f"The model has no input {name!r} for --input. Inputs: {', '.join(known)}."
            )
        _read(known[name], text)


def own_sizes(each: Declared, text: str) -> list[int] | None:
    """The sizes that the values themselves decide: of one open dimension, their number."""
    count = len(text.split(","))
    if len(each.sizes) == 1 and not isinstance(each.sizes[0], int) and count > 1:
        return [count]
    return None


def tensor(each: Declared, text: str, shape: Sequence[int]) -> Tensor:
    """One value fills the shape; otherwise there is one for each element, in C order. Raises RuntimeFailure."""
    values = _read(each, text)
    wanted = int(np.prod(shape)) if shape else 1
    if values.size not in (1, wanted):
        raise RuntimeFailure(
            "input_unsupported",
            f"--input {each.name} gives {values.size} values, but the input holds {wanted}. Give one, or {wanted}.",
        )
    full = np.broadcast_to(values, [wanted]) if values.size == 1 else values
    return np.array(full.reshape(list(shape)), order="C")


def _read(each: Declared, text: str) -> Tensor:
    if each.container not in ("tensor", "optional"):
        raise _unreadable(each, text, "its values are sequences, which only an .npz can give")
    try:
        values = np.array([_value(each, part) for part in text.split(",")])
        if each.takes_text:
            return values
        if each.element is not None and each.dtype.kind in "iu":
            low, high = value_range(each.element)
            if ((values < low) | (values > high)).any():
                raise OverflowError
        found = values.astype(each.dtype)
        if each.dtype.kind in "iu" and not np.array_equal(found, values):
            raise OverflowError
    except ValueError:
        raise _unreadable(each, text, f"it takes {each.type_name}") from None
    except OverflowError:
        raise _unreadable(each, text, f"the values do not fit {each.type_name}") from None
    return found


def _value(each: Declared, part: str) -> str | bool | int | float:
    if each.takes_text:
        return part
    if each.dtype.kind == "b":
        if part.strip().lower() not in _BOOLS:
            raise ValueError(part)
        return _BOOLS[part.strip().lower()]
    return int(part) if each.dtype.kind in "iu" else float(part)


def _unreadable(each: Declared, text: str, why: str) -> RuntimeFailure:
    return RuntimeFailure("input_unsupported", f"--input {each.name}={text[:80]} cannot be fed: {why}.")
