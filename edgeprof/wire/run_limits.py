"""What no device can follow: the hub refuses it in a request, and an agent in a job, whoever sent it. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from edgeprof.wire.run_config import MAX_SIZE, MAX_TOKENS
from edgeprof.wire.run_field import Described, fields_of
from edgeprof.wire.run_protocol import RunProtocol
from edgeprof.wire.sweep_at import SweepAt


class Problem(NamedTuple):
    """The code of a value that is refused, and the sentence."""

    code: str
    sentence: str


def problem(document: object, kind: type) -> Problem | None:
    """The first value outside the range that its field gives. `kind` has the fields, and is the document's own class.

    >>> problem(RunProtocol(deadline_s=1e300), RunProtocol).code
    'bad_deadline'
    """
    for each in fields_of(kind):
        value: Any = getattr(document, each.name)
        if not each.known.allows(value):
            return Problem(each.known.code, _sentence(each, value))
        if isinstance(value, dict) and (wrong := _shape_problem(cast("dict[str, object]", value))):
            return wrong
    return _protocol_problem(document) if isinstance(document, RunProtocol) else None


def _protocol_problem(protocol: RunProtocol) -> Problem | None:
    if protocol.min_runs > protocol.max_runs:
        sentence = f"The window's least runs ({protocol.min_runs:,}) are more than its most ({protocol.max_runs:,})."
        return Problem("bad_window", sentence)
    return next((found for point in protocol.sweep if (found := _point_problem(point))), None)


def _point_problem(point: SweepAt) -> Problem | None:
    for name, low, value in (("Tokens of a prompt", 1, point.prompt_tokens), ("Depth", 0, point.depth_tokens)):
        if value is not None and not low <= value <= MAX_TOKENS:
            return Problem("bad_sweep", f"{name} in a sweep must be {low} to {MAX_TOKENS:,}, not {value}.")
    return _shape_problem(point.shapes)


def _shape_problem(shapes: Mapping[str, object]) -> Problem | None:
    """0 is a size; entries that are no shapes have ranges of their own."""
    for name, sizes in shapes.items():
        found = cast("tuple[int, ...]", sizes) if isinstance(sizes, tuple) else ()
        if wrong := [size for size in found if not 0 <= size <= MAX_SIZE]:
            return Problem("bad_shape", f"A size of the input {name[:80]!r} must be 0 to {MAX_SIZE:,}, not {wrong[0]}.")
    return None


def _sentence(each: Described, value: object) -> str:
    known = each.known
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        name = known.refused_entry(entries) or ""
        return f"{_sentence(each, entries.get(name)).rstrip('.')} (of {name[:100]!r})."
    if isinstance(value, tuple):
        return f"{known.title}: at most {known.high:g}, not {len(value)}."  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, str):
        return f"{known.title} must be one line of printable text, at most {known.high:g} characters."
    if isinstance(value, float):
        return f"{known.title} must be {known.range_text('a number')}, not {value:g}."
    return f"{known.title} must be {known.range_text('a whole number')}, not {value}."
