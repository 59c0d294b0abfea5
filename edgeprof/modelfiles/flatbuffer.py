"""A flatbuffer checked against a schema: every table and vector that the schema reaches must lie within the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgeprof.modelfiles.window import FileWindow

_MAX_NESTING = 200


@dataclass(frozen=True)
class Field:
    """What a table's field refers to: a table, a vector of tables, of texts or of plain elements.

    `union`: a table of this kind where the field before it, the union's type, is 1; else nothing that is looked at.
    """

    kind: Literal["table", "tables", "texts", "elements", "union"]
    of: str = ""
    element_bytes: int = 1


TEXT = BYTES = Field("elements")
INTS = FLOATS = Field("elements", element_bytes=4)
LONGS = Field("elements", element_bytes=8)
TEXTS = Field("texts")

Schema = Mapping[str, Mapping[int, Field]]
FarData = Mapping[str, tuple[int, int]]
"""Tables that may point at bytes behind the flatbuffer: (field of the offset, field of the size), 64 bits each."""


def slot_of(window: FileWindow, table_at: int, number: int) -> int:
    """Where the table's field is stored, or 0 when it is absent."""
    vtable = table_at - window.i32(table_at)
    entry = 4 + 2 * number
    if entry + 2 > window.u16(vtable):
        return 0
    inside = window.u16(vtable + entry)
    return table_at + inside if inside else 0


class Walker:
    """Walks one file by one schema. Offsets only point forwards, so that a walk ends."""

    def __init__(self, window: FileWindow, schema: Schema, far_data: FarData | None = None) -> None:
        self._window = window
        self._schema = schema
        self._far_data = far_data or {}

    def table(self, kind: str, at: int, nesting: int = 0) -> None:
        """Checks the table at offset `at` and all that it refers to. Raises PastEnd or ModelFileError."""
        window = self._window
        window.step()
        if nesting > _MAX_NESTING:
            raise window.damaged(f"its tables are nested more than {_MAX_NESTING} deep")
        window.must_reach(at + 4)
        vtable = at - window.i32(at)
        if vtable < 0:
            raise window.damaged("one of its tables lies before its start")
        vtable_bytes, table_bytes = window.u16(vtable), window.u16(vtable + 2)
        if vtable_bytes < 4 or vtable_bytes % 2 or table_bytes < 4:
            raise window.damaged("one of its tables has an impossible size")
        window.must_reach(vtable + vtable_bytes)
        window.must_reach(at + table_bytes)
        for number, field in self._schema[kind].items():
            if (slot := slot_of(window, at, number)) and (field.kind != "union" or self._is_first(at, number)):
                self._field(field, slot + window.u32(slot), nesting)
        if kind in self._far_data:
            self._check_far_data(at, *self._far_data[kind])

    def _is_first(self, table_at: int, number: int) -> bool:
        slot = slot_of(self._window, table_at, number - 1)
        return bool(slot) and self._window.read(slot, 1) == b"\x01"

    def _field(self, field: Field, target: int, nesting: int) -> None:
        window = self._window
        if field.kind in ("table", "union"):
            return self.table(field.of, target, nesting + 1)
        count = window.u32(target)
        window.must_reach(target + 4 + count * (field.element_bytes if field.kind == "elements" else 4))
        if field.kind in ("tables", "texts"):
            for at in range(target + 4, target + 4 + 4 * count, 4):
                self._element(field, at + window.u32(at), nesting)
        return None

    def _element(self, field: Field, at: int, nesting: int) -> None:
        if field.kind == "tables":
            return self.table(field.of, at, nesting + 1)
        self._window.step()
        self._window.must_reach(at + 4 + self._window.u32(at))
        return None

    def _check_far_data(self, table_at: int, offset_field: int, size_field: int) -> None:
        window = self._window
        offset_slot, size_slot = slot_of(window, table_at, offset_field), slot_of(window, table_at, size_field)
        if offset_slot and size_slot:
            window.must_reach(window.u64(offset_slot) + window.u64(size_slot))
