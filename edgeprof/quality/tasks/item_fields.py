"""Fields of items that several tasks check alike."""

import math
from typing import Any

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.tasks.base import BadItem


def is_number(value: object) -> bool:
    """A finite number; JSON's true and false are not numbers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def check_file(item: Item) -> None:
    """Raises BadItem where the item names no file."""
    if not isinstance(item.get("file"), str) or not item["file"]:
        raise BadItem("has no 'file'. Name a file below the set's files/.")


def duration_of(item: Item) -> float:
    """The length of an item's recording in seconds. Raises BadItem."""
    duration: Any = item.get("duration_s")
    if not is_number(duration) or duration <= 0:
        raise BadItem(f"duration_s {duration!r} is not a length in seconds above 0")
    return float(duration)


def check_span(start: Any, end: Any, duration_s: float, what: str) -> None:
    """Raises BadItem where a span is not within the recording."""
    if not is_number(start) or not is_number(end) or not 0 <= start < end:
        raise BadItem(f"{what} from {start!r} to {end!r} s is not a span. Its start is 0 or more and before its end.")
    if end > duration_s + 0.01:
        raise BadItem(f"{what} ends at {end} s, after the recording of {duration_s} s")


def check_label(label: Any, classes: int) -> None:
    """Raises BadItem where a label is not an index into the set's classes."""
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < classes:
        raise BadItem(f"label {label!r} is not an index into the set's {classes} classes")
