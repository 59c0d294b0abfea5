"""GGUF: a header, metadata, tensor infos and the tensors' bytes. Walked in full except for the weights.

Layout as in the format's specification (ggml/docs/gguf.md), block sizes as in ggml-common.h.
"""

from edgeprof.modelfiles.window import FileWindow, ModelFileError, PastEnd

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_DEFAULT_ALIGNMENT = 32
_MAX_DIMENSIONS = 4
_MAX_KEY_BYTES = 65_535
_MAX_NESTING = 8

_STRING, _ARRAY, _U32 = 8, 9, 4
_VALUE_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, _U32: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

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


def check(window: FileWindow) -> None:
    """Raises ModelFileError unless the file is a GGUF whose tensors all end within it."""
    try:
        _walk(window)
    except PastEnd:
        raise window.truncated("GGUF") from None


def _walk(window: FileWindow) -> None:
    if window.read(0, 4) != MAGIC:
        raise window.damaged("it does not start like a GGUF file")
    _check_version(window)
    tensor_count, pair_count = window.u64(8), window.u64(16)
    at, alignment = _walk_metadata(window, 24, pair_count)
    at, data_bytes = _walk_tensor_infos(window, at, tensor_count, alignment)
    if tensor_count:
        window.must_reach(-(-at // alignment) * alignment + data_bytes)


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


def _walk_metadata(window: FileWindow, at: int, count: int) -> tuple[int, int]:
    """The offset behind all key-value pairs, and the alignment that they ask for."""
    alignment = _DEFAULT_ALIGNMENT
    for _ in range(count):
        window.step()
        key, at = _key(window, at)
        kind = window.u32(at)
        if key == b"general.alignment" and kind == _U32:
            alignment = window.u32(at + 4)
        at = _skip_value(window, kind, at + 4)
    if alignment < 8 or alignment % 8:
        raise window.damaged(f"its alignment of {alignment} is not a multiple of 8")
    return at, alignment


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


def _walk_tensor_infos(window: FileWindow, at: int, count: int, alignment: int) -> tuple[int, int]:
    """The offset behind all tensor infos, and how many bytes of data they speak of."""
    data_bytes = 0
    for _ in range(count):
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
        data_bytes = max(data_bytes, offset + _tensor_bytes(window.u32(at), elements))
        at += 12
    return at, data_bytes


def _tensor_bytes(kind: int, elements: int) -> int:
    """Bytes of a tensor; 0 for a type newer than the table, where only the offset can be checked."""
    per_block, block_bytes = _BLOCKS.get(kind, (1, 0))
    return -(-elements // per_block) * block_bytes


read_key, skip_value, ARRAY = _key, _skip_value, _ARRAY
"""For readers of a part of the file: a name and where it ends; where a value ends; the type of an array."""
