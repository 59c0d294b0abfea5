"""GGUF files: every tensor's bytes must be there, and no count or size is believed."""

import struct
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from tests.modelfiles import makers

F32, Q4_1, UNKNOWN = 0, 3, 99


def code_of(folder: Path, data: bytes) -> str:
    path = folder / "model.gguf"
    path.write_bytes(data)
    try:
        return inspect(path).format
    except EdgeprofError as error:
        return error.code


@pytest.mark.parametrize(
    ("kind", "dimensions", "needed_bytes"),
    [(F32, (8, 4), 128), (Q4_1, (64, 3), 120), (F32, (), 4), (F32, (1 << 62, 4), None)],
)
def test_a_tensor_must_end_within_the_file(
    tmp_path: Path, kind: int, dimensions: tuple[int, ...], needed_bytes: int | None
) -> None:
    tensors = ((kind, dimensions, 0),)
    if needed_bytes is None:
        assert code_of(tmp_path, makers.gguf(tensors=tensors, data_bytes=4096)) == "truncated"
    else:
        assert code_of(tmp_path, makers.gguf(tensors=tensors, data_bytes=needed_bytes)) == "gguf"
        assert code_of(tmp_path, makers.gguf(tensors=tensors, data_bytes=needed_bytes - 1)) == "truncated"


def test_a_type_newer_than_we_know_is_checked_by_its_offset_only(tmp_path: Path) -> None:
    assert code_of(tmp_path, makers.gguf(tensors=((UNKNOWN, (8,), 64),), data_bytes=64)) == "gguf"
    assert code_of(tmp_path, makers.gguf(tensors=((UNKNOWN, (8,), 64),), data_bytes=63)) == "truncated"


@pytest.mark.parametrize(
    "data",
    [
        makers.gguf(version=1),
        makers.gguf(version=4),
        makers.gguf(version=3 << 24),
        makers.gguf(tensors=((F32, (1, 1, 1, 1, 1), 0),)),
        makers.gguf(tensors=((F32, (1,), 5),)),
        makers.gguf((makers.pair("a", 13, b""),)),
        makers.gguf((makers.pair("general.alignment", 4, struct.pack("<I", 0)),)),
        makers.gguf((makers.pair("a" * 70_000, 0, b"\0"),)),
        makers.gguf((makers.pair("a", 9, struct.pack("<IQ", 9, 1) * 9 + bytes(64)),)),
    ],
    ids=["v1", "v4", "big-endian", "5-dims", "misaligned", "unknown-type", "alignment-0", "long-key", "nested-arrays"],
)
def test_what_llama_cpp_could_not_read_is_no_model(tmp_path: Path, data: bytes) -> None:
    assert code_of(tmp_path, data) == "not_a_model"
