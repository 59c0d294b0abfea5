"""What `inspect` says of any path: a manifest for a whole model, one clear sentence for everything else."""

import hashlib
import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect, window
from tests.modelfiles import makers

WHOLE = {
    "model.onnx": makers.onnx_model().SerializeToString(),
    "model.tflite": makers.TFLITE.read_bytes(),
    "model.gguf": makers.gguf(makers.GGUF_PAIRS),
}

CLEAN = {
    "onnx",
    "tflite",
    "gguf",
    "not_a_model",
    "truncated",
    "wrong_format",
    "external_data_outside",
    "unsupported_model",
}


def refused(path: Path) -> EdgeprofError:
    with pytest.raises(EdgeprofError) as caught:
        inspect(path)
    return caught.value


def outcome(path: Path) -> str:
    try:
        return inspect(path).format
    except EdgeprofError as error:
        return error.code


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_model_has_its_format_and_a_manifest_of_one_file(tmp_path: Path, name: str) -> None:
    model = inspect(written(tmp_path, name, WHOLE[name]))
    (file,) = model.manifest.files
    assert model.format == name.split(".")[1]
    assert model.folder == tmp_path
    assert (model.manifest.entry, file.path, file.size) == (name, name, len(WHOLE[name]))
    assert file.sha256 == hashlib.sha256(WHOLE[name]).hexdigest()


@pytest.mark.parametrize("name", WHOLE)
def test_a_model_cut_anywhere_is_truncated(tmp_path: Path, name: str) -> None:
    data = WHOLE[name]
    offsets = {1 + (len(data) - 2) * step // 63 for step in range(64)} | set(range(1, 40)) | {len(data) - 1}
    codes = {offset: refused(written(tmp_path, name, data[:offset])).code for offset in sorted(offsets)}
    assert len(codes) >= 64
    assert {offset: code for offset, code in codes.items() if code != "truncated"} == {}


@pytest.mark.parametrize("content", WHOLE)
@pytest.mark.parametrize("named", WHOLE)
def test_contents_of_another_format_than_the_name_are_the_wrong_format(
    tmp_path: Path, content: str, named: str
) -> None:
    if content != named:
        error = refused(written(tmp_path, named, WHOLE[content]))
        assert error.code == "wrong_format"
        assert content.removeprefix("model") in error.message


@pytest.mark.parametrize("name", ["model", "model.bin", "MODEL.ONNX"])
def test_a_name_that_says_nothing_else_is_no_hindrance(tmp_path: Path, name: str) -> None:
    assert inspect(written(tmp_path, name, WHOLE["model.onnx"])).format == "onnx"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(40), "zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><title>404</title>", "web page"),
        (b"# weights\n", "damaged or not a model"),
        (bytes(64), "damaged or not a model"),
    ],
)
def test_a_file_that_is_no_model_is_named_for_what_it_is(tmp_path: Path, data: bytes, said: str) -> None:
    error = refused(written(tmp_path, "model.onnx", data))
    assert error.code == "not_a_model"
    assert said in error.message


@pytest.mark.parametrize("name", ["model.tflite", "model.gguf", "model.bin"])
def test_text_under_any_name_is_no_model(tmp_path: Path, name: str) -> None:
    assert refused(written(tmp_path, name, b"hello, this is no model at all")).code == "not_a_model"


def test_folders_pipes_and_missing_files_get_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    cases = {
        tmp_path: "folder",
        tmp_path / "pipe.onnx": "not a regular file",
        tmp_path / "missing.onnx": "no such file",
        tmp_path / "a\0b.onnx": "not valid text",
        tmp_path / os.fsdecode(b"\xff.onnx"): "not valid text",
        Path("/dev/zero"): "not a regular file",
    }
    for path, said in cases.items():
        error = refused(path)
        assert (error.code, said in error.message) == ("not_a_model", True), error.message


def test_a_file_that_may_not_be_read_gets_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, "model.onnx", WHOLE["model.onnx"])
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything
        assert inspect(path).format == "onnx"
    else:
        assert "no permission to read" in refused(path).message


@settings(max_examples=300)
@given(
    head=st.sampled_from([b"", b"GGUF\x03\0\0\0", b"\x1c\0\0\0TFL3", b"\x08\x0a", b"\x08\x0a\x3a\x10\x0a\x08"]),
    tail=st.binary(max_size=400),
    name=st.sampled_from([*WHOLE, "model"]),
)
def test_random_bytes_never_do_anything_but_fail_cleanly(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, tail: bytes, name: str
) -> None:
    path = written(tmp_path_factory.getbasetemp(), name, head + tail)
    assert outcome(path) in CLEAN


@settings(max_examples=300)
@given(name=st.sampled_from([*WHOLE]), place=st.floats(0, 1, exclude_max=True), patch=st.binary(min_size=1, max_size=8))
def test_patched_models_never_do_anything_but_fail_cleanly(
    tmp_path_factory: pytest.TempPathFactory, name: str, place: float, patch: bytes
) -> None:
    data = bytearray(WHOLE[name])
    at = int(len(data) * place)
    data[at : at + len(patch)] = patch
    path = written(tmp_path_factory.getbasetemp(), name, bytes(data))
    assert outcome(path) in CLEAN


def test_a_file_made_to_keep_a_reader_busy_ends_without_taking_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "MAX_STEPS", 100_000)
    count = 8 * window.MAX_STEPS
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + makers.text(b"a") + struct.pack("<IIQ", 9, 8, count)
    path = written(tmp_path, "model.gguf", head)
    os.truncate(path, len(head) + 8 * count)  # a sparse file: millions of empty strings
    tracemalloc.start()
    try:
        error = refused(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error.code == "not_a_model"
    assert peak_bytes < 2 * 2**20


def test_claimed_counts_are_never_believed(tmp_path: Path) -> None:
    vast = (1 << 63) - 1
    head = b"GGUF" + struct.pack("<IQQ", 3, vast, vast)
    assert refused(written(tmp_path, "model.gguf", head)).code == "truncated"
    endless_graph = b"\x08\x0a\x3a" + b"\xff" * 9 + b"\x01"
    assert refused(written(tmp_path, "model.onnx", endless_graph)).code == "truncated"
