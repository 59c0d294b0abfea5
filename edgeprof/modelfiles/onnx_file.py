"""ONNX: a protobuf without a magic number, walked only as far as needed to know that it is whole and what it names.

Field numbers from onnx.proto; weights and strings are stepped over, never read.
"""

from dataclasses import dataclass, field

from edgeprof.modelfiles.window import FileWindow, ModelFileError, PastEnd

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}

_IR_VERSION, _GRAPH, _OPSET_IMPORT = 1, 7, 8
_EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 13, 14, 1
_OPSET_SINCE_IR = 3

_CHILDREN: dict[str, dict[int, str]] = {
    # message: {field number: message in that field}, where a tensor may lie below
    "Model": {7: "Graph", 8: "Leaf", 20: "Training", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Tensor": {},
    "Leaf": {},
}
_MAX_NESTING = 100
_MAX_IR_VERSION = 1000
_MAX_ENTRY_BYTES = 1024
_MAX_LOCATIONS = 10_000


@dataclass
class External:
    """Files that the model names outside itself: location -> how many bytes of it are needed."""

    needed_bytes: dict[str, int] = field(default_factory=lambda: {})


def check(window: FileWindow) -> External:
    """The external data that a whole ONNX model names. Raises ModelFileError unless the file is one."""
    external = External()
    seen: dict[int, int] = {}
    try:
        _walk_model(window, external, seen)
    except PastEnd:
        if _IR_VERSION in seen or (window.size == 1 and window.read(0, 1) == b"\x08"):
            raise window.truncated("ONNX") from None
        raise window.damaged("it does not start like an ONNX file") from None
    if _IR_VERSION not in seen:
        raise window.damaged("it has no ONNX version")
    if _GRAPH not in seen or (seen[_IR_VERSION] >= _OPSET_SINCE_IR and _OPSET_IMPORT not in seen):
        raise window.truncated("ONNX")
    return external


def _walk_model(window: FileWindow, external: External, seen: dict[int, int]) -> None:
    at = 0
    while at < window.size:
        number, kind, value, body, at = read_field(window, at, window.size)
        if not seen and (number, kind) != (_IR_VERSION, _VARINT) and number not in _CHILDREN["Model"]:
            raise window.damaged("it does not start like an ONNX file")
        if number == _IR_VERSION and not 0 < value <= _MAX_IR_VERSION:
            raise window.damaged(f"its ONNX version would be {value}")
        _descend(window, "Model", number, kind, (body, at), external, 0)
        seen[number] = value


def _walk(window: FileWindow, message: str, span: tuple[int, int], external: External, nesting: int) -> None:
    if nesting > _MAX_NESTING:
        raise window.damaged(f"its graphs are nested more than {_MAX_NESTING} deep")
    if message == "Tensor":
        return _walk_tensor(window, span, external)
    at, end = span
    while at < end:
        number, kind, _, body, at = _inner_field(window, at, end)
        _descend(window, message, number, kind, (body, at), external, nesting)
    return None


def _descend(
    window: FileWindow, message: str, number: int, kind: int, span: tuple[int, int], external: External, nesting: int
) -> None:
    child = _CHILDREN[message].get(number)
    if child is None:
        return
    if kind != _BYTES:
        raise window.damaged(f"field {number} of its {message} is of the wrong kind")
    _walk(window, child, span, external, nesting + 1)


def _walk_tensor(window: FileWindow, span: tuple[int, int], external: External) -> None:
    entries: dict[bytes, bytes] = {}
    is_external = False
    at, end = span
    while at < end:
        number, kind, value, body, at = _inner_field(window, at, end)
        if number == _DATA_LOCATION and kind == _VARINT:
            is_external = is_external or value == _EXTERNAL
        elif number == _EXTERNAL_DATA and kind == _BYTES:
            entries.update([_entry(window, body, at)])
            if len(entries) > 100:
                raise window.damaged("a tensor has too many external data entries")
    if is_external:
        _add(window, entries, external)


def _entry(window: FileWindow, at: int, end: int) -> tuple[bytes, bytes]:
    """Key and value of a StringStringEntryProto."""
    texts = {1: b"", 2: b""}
    while at < end:
        number, kind, _, body, at = _inner_field(window, at, end)
        if kind == _BYTES and number in texts:
            if at - body > _MAX_ENTRY_BYTES:
                raise ModelFileError(
                    "external_data_outside",
                    f"{window.name} uses more than {_MAX_ENTRY_BYTES} bytes to name external data.",
                )
            texts[number] = window.read(body, at - body)
    return texts[1], texts[2]


def _add(window: FileWindow, entries: dict[bytes, bytes], external: External) -> None:
    try:
        location = entries.get(b"location", b"").decode()
        offset, length = int(entries.get(b"offset", b"0")), int(entries.get(b"length", b"0"))
    except ValueError:
        raise window.damaged("its external data has an unreadable offset, length or name") from None
    if offset < 0 or length < 0:
        raise ModelFileError(
            "external_data_outside", f"{window.name} refers to external data before the start of a file."
        )
    needed = external.needed_bytes
    needed[location] = max(needed.get(location, 0), offset + length)
    if len(needed) > _MAX_LOCATIONS:
        raise window.damaged(f"it names more than {_MAX_LOCATIONS:,} external files")


def _inner_field(window: FileWindow, at: int, end: int) -> tuple[int, int, int, int, int]:
    """A field that must end within its message; one that does not is damage, as the file itself goes on."""
    try:
        return read_field(window, at, end)
    except PastEnd:
        raise window.damaged("one of its parts is longer than the part that contains it") from None


def read_field(window: FileWindow, at: int, end: int) -> tuple[int, int, int, int, int]:
    """(number, wire kind, value of a varint, where the body begins, where the field ends)."""
    window.step()
    tag, at = window.varint(at, end)
    number, kind = tag >> 3, tag & 7
    if not 0 < number < 1 << 29:
        raise window.damaged(f"it has a field with the number {number}")
    value = 0
    body = at
    if kind == _VARINT:
        value, at = window.varint(at, end)
    elif kind == _BYTES:
        length, body = window.varint(at, end)
        at = body + length
    elif kind in _FIXED_BYTES:
        at += _FIXED_BYTES[kind]
    else:
        raise window.damaged(f"it has a field of the unknown kind {kind}")
    if at > end:
        raise PastEnd
    return number, kind, value, body, at
