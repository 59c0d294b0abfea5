"""TFLite files: every table and buffer lies within the file, or the file is refused."""

import struct
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from tests.modelfiles import makers


def code_of(folder: Path, data: bytes) -> str:
    path = folder / "model.tflite"
    path.write_bytes(data)
    try:
        return inspect(path).format
    except EdgeprofError as error:
        return error.code


def table(fields: list[bytes]) -> bytes:
    """A vtable and, behind it, its table of fields of 8 bytes or none."""
    inside = 8
    entries: list[int] = []
    for field in fields:
        entries.append(inside if field else 0)
        inside += len(field)
    vtable = struct.pack(f"<HH{len(fields)}H", 4 + 2 * len(fields), inside, *entries)
    vtable += bytes(-len(vtable) % 8)
    return vtable + struct.pack("<i4x", len(vtable)) + b"".join(fields)


def with_far_buffer(offset: int, size: int) -> bytes:
    """A model without operators or graphs whose one buffer lies behind the flatbuffer."""
    buffer = table([b"", struct.pack("<Q", offset), struct.pack("<Q", size)])
    buffer_table = len(buffer) - 24
    empty = struct.pack("<II", 0, 0)
    model = table([b"", bytes(8), bytes(8), b"", bytes(8)])
    root = 8 + len(model) - 32
    data = bytearray(struct.pack("<I", root) + b"TFL3" + model)
    for slot in (root + 8, root + 16):
        struct.pack_into("<I", data, slot, len(data) - slot)
        data += empty
    struct.pack_into("<I", data, root + 24, len(data) - root - 24)
    vector = len(data)
    data += struct.pack("<II", 1, 4 + buffer_table) + buffer
    assert vector + 4 + struct.unpack_from("<I", data, vector + 4)[0] == vector + 8 + buffer_table
    return bytes(data)


def test_a_buffer_behind_the_flatbuffer_must_be_there(tmp_path: Path) -> None:
    end = len(with_far_buffer(0, 0))
    assert code_of(tmp_path, with_far_buffer(end, 100) + bytes(100)) == "tflite"
    assert code_of(tmp_path, with_far_buffer(end, 100) + bytes(99)) == "truncated"
    assert code_of(tmp_path, with_far_buffer(1 << 63, 1 << 63)) == "truncated"


def test_bytes_behind_the_model_do_no_harm(tmp_path: Path) -> None:
    assert code_of(tmp_path, makers.TFLITE.read_bytes() + b"appended metadata") == "tflite"


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<I", 0) + b"TFL3" + bytes(64),  # the root's own vtable would be itself
        struct.pack("<I", 8) + b"TFL3" + struct.pack("<i", 4000) + bytes(64),  # a table before the file's begin
        struct.pack("<I", 12) + b"TFL3" + struct.pack("<HHi", 4, 4, 4),  # a model without anything in it
    ],
)
def test_a_flatbuffer_that_contradicts_itself_is_no_model(tmp_path: Path, data: bytes) -> None:
    assert code_of(tmp_path, data) == "not_a_model"
