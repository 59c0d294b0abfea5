"""TFLite: a flatbuffer. Every table and vector that the schema reaches is checked to lie within the file.

Field numbers from tensorflow/lite/schema.fbs. Options of single operators are left to the runtime.
"""

from dataclasses import dataclass
from typing import Literal

from edgeprof.modelfiles.window import FileWindow, PastEnd

MAGIC = b"TFL3"
MAGIC_AT = 4


@dataclass(frozen=True)
class _Field:
    """What a table's field refers to: a table, a vector of tables, or a vector of plain elements."""

    kind: Literal["table", "tables", "elements"]
    of: str = ""
    element_bytes: int = 1


_TEXT = _BYTES = _Field("elements")
_INTS = _FLOATS = _Field("elements", element_bytes=4)
_LONGS = _Field("elements", element_bytes=8)

_TABLES: dict[str, dict[int, _Field]] = {
    "Model": {
        1: _Field("tables", "OperatorCode"),
        2: _Field("tables", "SubGraph"),
        3: _TEXT,
        4: _Field("tables", "Buffer"),
        5: _INTS,
        6: _Field("tables", "Metadata"),
        7: _Field("tables", "SignatureDef"),
    },
    "OperatorCode": {1: _TEXT},
    "SubGraph": {0: _Field("tables", "Tensor"), 1: _INTS, 2: _INTS, 3: _Field("tables", "Operator"), 4: _TEXT},
    "Tensor": {
        0: _INTS,
        3: _TEXT,
        4: _Field("table", "Quantization"),
        6: _Field("table", "Sparsity"),
        7: _INTS,
        9: _Field("tables", "VariantSubType"),
    },
    "Quantization": {0: _FLOATS, 1: _FLOATS, 2: _FLOATS, 3: _LONGS, 5: _Field("table", "Options")},
    "Sparsity": {0: _INTS, 1: _INTS, 2: _Field("tables", "Dimension")},
    "Dimension": {3: _Field("table", "Options"), 5: _Field("table", "Options")},
    "VariantSubType": {0: _INTS},
    "Operator": {
        1: _INTS,
        2: _INTS,
        4: _Field("table", "Options"),
        5: _BYTES,
        7: _BYTES,
        8: _INTS,
        12: _Field("table", "Options"),
    },
    "Buffer": {0: _BYTES},
    "Metadata": {0: _TEXT},
    "SignatureDef": {0: _Field("tables", "TensorMap"), 1: _Field("tables", "TensorMap"), 2: _TEXT},
    "TensorMap": {0: _TEXT},
    "Options": {},
}

_FAR_DATA: dict[str, tuple[int, int]] = {"Buffer": (1, 2), "Operator": (9, 10)}
"""Tables that may point at bytes behind the flatbuffer: (field of the offset, field of the size), 64 bits each."""

_NEEDED_IN_MODEL = (1, 2, 4)


def check(window: FileWindow) -> None:
    """Raises ModelFileError unless the file is a TFLite model whose parts all lie within it."""
    try:
        if window.read(MAGIC_AT, len(MAGIC)) != MAGIC:
            raise window.damaged("it does not start like a TFLite file")
        root = window.u32(0)
        _walk_table(window, "Model", root)
        if not all(slot_of(window, root, number) for number in _NEEDED_IN_MODEL):
            raise window.damaged("it has no operators, graphs or buffers")
    except PastEnd:
        raise window.truncated("TFLite") from None


def _walk_table(window: FileWindow, table: str, at: int) -> None:
    """Checks the table at offset `at` and all that it refers to. The schema has no cycles, so this ends."""
    window.step()
    window.must_reach(at + 4)
    vtable = at - window.i32(at)
    if vtable < 0:
        raise window.damaged("one of its tables lies before its start")
    vtable_bytes, table_bytes = window.u16(vtable), window.u16(vtable + 2)
    if vtable_bytes < 4 or vtable_bytes % 2 or table_bytes < 4:
        raise window.damaged("one of its tables has an impossible size")
    window.must_reach(vtable + vtable_bytes)
    window.must_reach(at + table_bytes)
    for number, field in _TABLES[table].items():
        if slot := slot_of(window, at, number):
            _walk_field(window, field, slot + window.u32(slot))
    if table in _FAR_DATA:
        _check_far_data(window, at, *_FAR_DATA[table])


def _walk_field(window: FileWindow, field: _Field, target: int) -> None:
    if field.kind == "table":
        return _walk_table(window, field.of, target)
    count = window.u32(target)
    window.must_reach(target + 4 + count * (field.element_bytes if field.kind == "elements" else 4))
    if field.kind == "tables":
        for at in range(target + 4, target + 4 + 4 * count, 4):
            _walk_table(window, field.of, at + window.u32(at))
    return None


def slot_of(window: FileWindow, table_at: int, number: int) -> int:
    """Where the table's field is stored, or 0 when it is absent."""
    vtable = table_at - window.i32(table_at)
    entry = 4 + 2 * number
    if entry + 2 > window.u16(vtable):
        return 0
    inside = window.u16(vtable + entry)
    return table_at + inside if inside else 0


def _check_far_data(window: FileWindow, table_at: int, offset_field: int, size_field: int) -> None:
    offset_slot, size_slot = slot_of(window, table_at, offset_field), slot_of(window, table_at, size_field)
    if offset_slot and size_slot:
        window.must_reach(window.u64(offset_slot) + window.u64(size_slot))
