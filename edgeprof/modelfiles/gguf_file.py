"""GGUF: a header, metadata, tensor infos and the tensors' bytes. Walked in full except for the weights.

Layout as in the format's specification (ggml/docs/gguf.md), block sizes as in ggml-common.h.
"""

import struct
from collections import Counter
from dataclasses import dataclass, field

from edgeprof.modelfiles.window import FileWindow, ModelFileError, PastEnd

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_DEFAULT_ALIGNMENT = 32
_MAX_DIMENSIONS = 4
_MAX_KEY_BYTES = 65_535
_MAX_NESTING = 8

_MAX_VALUE_BYTES = 1024
_MAX_VALUES = 10_000
_MAX_KEPT_KEY_BYTES = 256

_STRING, _ARRAY, _U32 = 8, 9, 4
_VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, _U32: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UNPACK = {0: "<B", 1: "<b", 2: "<H", 3: "<h", _U32: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}

_BLOCKS: dict[int, tuple[int, int]] = {
    # ggml type: (elements in a block, bytes of a block)
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    9: (32, 36),  # Q8_1
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    15: (256, 292),  # Q8_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    24: (1, 1),  # I8
    25: (1, 2),  # I16
    26: (1, 4),  # I32
    27: (1, 8),  # I64
    28: (1, 8),  # F64
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
    40: (64, 36),  # NVFP4
    41: (128, 18),  # Q1_0
}


UNKNOWN = -1
"""Stands for every ggml type that is newer than the table."""
GgufValue = str | int | float | bool


@dataclass
class GgufContents:
    """What a GGUF file says of itself: single values by key, lengths of arrays, tensors by type.

    `elements` counts the values of all tensors, by ggml type (`UNKNOWN`: newer ones). Texts longer than 1 KiB are left
    out of `values`.
    """

    values: dict[str, GgufValue] = field(default_factory=lambda: {})
    array_lengths: dict[str, int] = field(default_factory=lambda: {})
    elements: "Counter[int]" = field(default_factory=lambda: Counter())
    tensor_count: int = 0

    def text(self, key: str) -> str:
        """The text of this key; empty where there is none."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def whole(self, key: str) -> int | None:
        """The whole number of this key, or None."""
        value = self.values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def check(window: FileWindow) -> GgufContents:
    """What the file says of itself. Raises ModelFileError unless it is a GGUF whose tensors all end within it."""
    try:
        return _walk(window)
    except PastEnd:
        raise window.truncated("GGUF") from None


def _walk(window: FileWindow) -> GgufContents:
    if window.read(0, 4) != MAGIC:
        raise window.damaged("it does not start like a GGUF file")
    _check_version(window)
    contents = GgufContents(tensor_count=window.u64(8))
    at = _walk_metadata(window, 24, window.u64(16), contents)
    alignment = contents.whole("general.alignment") or _DEFAULT_ALIGNMENT
    at, data_bytes = _walk_tensor_infos(window, at, alignment, contents)
    if contents.tensor_count:
        window.must_reach(-(-at // alignment) * alignment + data_bytes)
    return contents


def _check_version(window: FileWindow) -> None:
    raw = window.read(4, 4)
    version = int.from_bytes(raw, "little")
    if int.from_bytes(raw, "big") in _VERSIONS:
        raise ModelFileError(
            "not_a_model", f"{window.name} is a big-endian GGUF file, which no supported board can run."
        )
    if version not in _VERSIONS:
        raise ModelFileError(
            "not_a_model", f"{window.name} is GGUF version {version}; versions 2 and 3 are supported. Convert it again."
        )


def _walk_metadata(window: FileWindow, at: int, count: int, contents: GgufContents) -> int:
    """The offset behind all key-value pairs."""
    for _ in range(count):
        window.step()
        key, at = _key(window, at)
        kind = window.u32(at)
        end = _skip_value(window, kind, at + 4)
        if len(contents.values) + len(contents.array_lengths) < _MAX_VALUES and len(key) <= _MAX_KEPT_KEY_BYTES:
            _keep(window, key.decode(errors="replace"), kind, (at + 4, end), contents)
        at = end
    alignment = contents.values.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 8 or alignment % 8:
        raise window.damaged(f"its alignment of {alignment} is not a multiple of 8")
    return at


def _keep(window: FileWindow, key: str, kind: int, span: tuple[int, int], contents: GgufContents) -> None:
    at, end = span
    if kind == _ARRAY:
        contents.array_lengths[key] = window.u64(at + 4)
    elif kind == _STRING:
        if end - at - 8 <= _MAX_VALUE_BYTES:
            contents.values[key] = window.read(at + 8, end - at - 8).decode(errors="replace")
    else:
        contents.values[key] = struct.unpack(_UNPACK[kind], window.read(at, end - at))[0]


def _key(window: FileWindow, at: int) -> tuple[bytes, int]:
    length = window.u64(at)
    window.must_reach(at + 8 + length)
    if length > _MAX_KEY_BYTES:
        raise window.damaged(f"it has a name of {length:,} bytes")
    return window.read(at + 8, length), at + 8 + length


def _skip_value(window: FileWindow, kind: int, at: int, nesting: int = 0) -> int:
    if kind in _VALUE_BYTES:
        end = at + _VALUE_BYTES[kind]
    elif kind == _STRING:
        end = at + 8 + window.u64(at)
    elif kind == _ARRAY and nesting < _MAX_NESTING:
        end = _skip_array(window, at, nesting)
    else:
        raise window.damaged(f"it has a value of unknown type {kind}")
    window.must_reach(end)
    return end


def _skip_array(window: FileWindow, at: int, nesting: int) -> int:
    kind, count = window.u32(at), window.u64(at + 4)
    at += 12
    if kind in _VALUE_BYTES:
        return at + count * _VALUE_BYTES[kind]
    for _ in range(count):
        window.step()
        at = _skip_value(window, kind, at, nesting + 1)
    return at


def _walk_tensor_infos(window: FileWindow, at: int, alignment: int, contents: GgufContents) -> tuple[int, int]:
    """The offset behind all tensor infos, and how many bytes of data they speak of."""
    data_bytes = 0
    for _ in range(contents.tensor_count):
        window.step()
        _, at = _key(window, at)
        dimensions = window.u32(at)
        if dimensions > _MAX_DIMENSIONS:
            raise window.damaged(f"it has a tensor of {dimensions} dimensions")
        elements = 1
        for index in range(dimensions):
            elements *= window.u64(at + 4 + 8 * index)
        at += 4 + 8 * dimensions
        offset = window.u64(at + 4)
        if offset % alignment:
            raise window.damaged(f"a tensor starts at {offset}, which breaks its alignment of {alignment}")
        kind = window.u32(at)
        contents.elements[kind if kind in _BLOCKS else UNKNOWN] += elements
        data_bytes = max(data_bytes, offset + _tensor_bytes(kind, elements))
        at += 12
    return at, data_bytes


def _tensor_bytes(kind: int, elements: int) -> int:
    """Bytes of a tensor; 0 for a type newer than the table, where only the offset can be checked."""
    per_block, block_bytes = _BLOCKS.get(kind, (1, 0))
    return -(-elements // per_block) * block_bytes


read_key, skip_value, ARRAY, tensor_bytes = _key, _skip_value, _ARRAY, _tensor_bytes
"""For readers of a part of the file: a name and where it ends; where a value ends; the type of an array; a size."""
