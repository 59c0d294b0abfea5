"""What every set must keep to, whatever its task: ids, labels, the template's fields, paths. Pure."""

import json
from pathlib import PurePosixPath
from typing import Any, cast

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import FILES_FOLDER, Item, SetFacts
from edgeprof.quality.sets.template import missing_slot, slots_of
from edgeprof.quality.tasks.base import BadItem
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire.identity import canonical_json

MAX_LINE_BYTES = 8 << 20
MAX_ITEMS = 200_000
MAX_ID_CHARS = 200
MAX_PATH_CHARS = 300
_SHOWN_CLASSES = 10
_ODD = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError)


class ItemChecks:
    """The rules of one set, item by item. `place` names where an item is from, as `items.jsonl:17`."""

    def __init__(self, facts: SetFacts) -> None:
        self._facts = facts
        self._slots = slots_of(facts.template)
        self._places: dict[str, str] = {}
        self.files: dict[str, str] = {}
        """Every file that items name, with the first place that does."""

    def check(self, item: Item, place: str) -> None:
        """Raises EdgeprofError `bad_item` that begins with the place."""
        try:
            self._check_form(item)
            self._check_id(item["id"], place)
            self._check_label(item)
            if slot := missing_slot(self._slots, item):
                raise BadItem(f"the template's slot {{{slot}}} is not a field of this item. Fields: {_listed(item)}")
            for path in named_files(item):
                check_path(path)
                self.files.setdefault(path, place)
            TASKS[self._facts.task].check(item, self._facts)
        except BadItem as error:
            raise bad_item(place, error) from None
        except _ODD as error:  # code or a pattern that Python cannot take, a key of `preparation` of another kind
            problem = f"the item or the set's preparation cannot be used: {type(error).__name__} {error}"
            raise bad_item(place, problem.rstrip()) from None

    def _check_form(self, item: Item) -> None:
        try:
            size = len(canonical_json(item))
        except (ValueError, TypeError, RecursionError) as error:
            raise BadItem(f"not plain JSON: {error}") from None
        if size > MAX_LINE_BYTES:
            raise BadItem(f"{size:,} bytes are more than the {MAX_LINE_BYTES:,} allowed. Put the data into a file")

    def _check_id(self, value: Any, place: str) -> None:
        if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARS or not value.isprintable():
            raise BadItem(f"`id` must be a text of 1 to {MAX_ID_CHARS} printable characters, not {_short(value)}")
        if value in self._places:
            raise BadItem(f"the id {value!r} is taken by {self._places[value]}. Give each item its own")
        self._places[value] = place

    def _check_label(self, item: Item) -> None:
        label, classes = item.get("label"), self._facts.classes
        if label is None or not classes:
            return
        inside = label in classes if isinstance(label, str) else is_index(label, len(classes))
        if not inside:
            names = ", ".join(classes[:_SHOWN_CLASSES]) + (", …" if len(classes) > _SHOWN_CLASSES else "")
            raise BadItem(f"label {_short(label)} is not one of the set's {len(classes)} classes ({names})")


def parse_item(line: bytes, place: str, own_id: str = "") -> dict[str, Any]:
    """One line of `items.jsonl`. `own_id`: of an item without one; empty: it needs one. Raises `bad_item`."""
    if len(line) > MAX_LINE_BYTES:
        raise bad_item(place, f"{len(line):,} bytes are more than the {MAX_LINE_BYTES:,} allowed")
    try:
        item = json.loads(line, object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise bad_item(place, f"not JSON: {error}. Write one JSON object a line") from None
    if not isinstance(item, dict):
        raise bad_item(place, "not a JSON object. Write one JSON object a line")
    if "id" not in item and not own_id:
        raise bad_item(place, "`id` is missing")
    return {"id": own_id, **cast("dict[str, Any]", item)}


def named_files(item: Item) -> list[str]:
    """The files of an item: its `file`, and what `files` lists. Raises BadItem where they are not texts."""
    listed = item.get("files", [])
    named = [
        *([item["file"]] if "file" in item else []),
        *(cast("list[Any]", listed) if _is_list(listed) else [listed]),
    ]
    for path in named:
        if not isinstance(path, str):
            raise BadItem(f"`file` must be a path as {FILES_FOLDER}/a.png, not {_short(path)}")
    return named


def check_path(path: str) -> None:
    """Raises BadItem unless it is a plain path below `files/`, with no step up and nothing hidden."""
    parts = PurePosixPath(path).parts
    plain = len(parts) > 1 and parts[0] == FILES_FOLDER and not any(part.startswith(".") for part in parts)
    if not plain or str(PurePosixPath(path)) != path or "\\" in path or not path.isprintable():
        raise BadItem(f"{_short(path)} is not a plain path below {FILES_FOLDER}/. Write it as {FILES_FOLDER}/a.png")
    if len(path) > MAX_PATH_CHARS:
        raise BadItem(f"a path of {len(path)} characters is longer than the {MAX_PATH_CHARS} allowed")


def bad_item(place: str, problem: object) -> EdgeprofError:
    """The error of one item, where it is from first."""
    return EdgeprofError("bad_item", f"{place}: {str(problem).rstrip('.')}.")


def is_index(value: Any, size: int) -> bool:
    """Whether a value of an item is a whole number from 0 to below `size`."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the field {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _listed(item: Item) -> str:
    return ", ".join(list(item)[:_SHOWN_CLASSES])


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
