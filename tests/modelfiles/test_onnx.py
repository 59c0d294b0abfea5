"""ONNX files: external data is taken only from plain files inside the folder, wherever in the graph it is named."""

import os
from pathlib import Path

import pytest
from onnx import external_data_helper

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from tests.modelfiles import makers

NEEDED_BYTES = 1200


def code_of(path: Path) -> str:
    with pytest.raises(EdgeprofError) as caught:
        inspect(path)
    return caught.value.code


def test_external_data_becomes_files_of_the_manifest(tmp_path: Path) -> None:
    path = makers.onnx_with_external_data(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(NEEDED_BYTES))
    assert [file.path for file in inspect(path).manifest.files] == ["model.onnx", "weights.bin"]


def test_external_data_may_lie_in_a_folder_below(tmp_path: Path) -> None:
    path = makers.onnx_with_external_data(tmp_path, "data/weights.bin")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "weights.bin").write_bytes(bytes(NEEDED_BYTES))
    assert inspect(path).manifest.files[0].path == "data/weights.bin"


@pytest.mark.parametrize("nested", [False, True])
def test_what_the_onnx_library_saves_externally_is_found(tmp_path: Path, nested: bool) -> None:
    model = makers.onnx_model(nested=nested)
    external_data_helper.convert_model_to_external_data(
        model, location="all.bin", size_threshold=0, convert_attribute=True
    )
    written = external_data_helper.write_external_data_tensors(model, str(tmp_path))
    (tmp_path / "model.onnx").write_bytes(written.SerializeToString())
    files = {file.path: file.size for file in inspect(tmp_path / "model.onnx").manifest.files}
    assert set(files) == {"model.onnx", "all.bin"}
    assert files["all.bin"] >= NEEDED_BYTES
    os.truncate(tmp_path / "all.bin", files["all.bin"] - 1)
    assert code_of(tmp_path / "model.onnx") == "truncated"


@pytest.mark.parametrize(
    "location",
    [
        "../weights.bin",
        "data/../../weights.bin",
        "./weights.bin",
        "/etc/passwd",
        "..\\weights.bin",
        "C:\\weights.bin",
        "",
        ".",
        "*/_ORT_MEM_ADDR_/*",
        "weights\0.bin",
        "w" * 2000,
    ],
)
def test_a_location_outside_the_folder_is_refused(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    for place in (tmp_path, folder):
        (place / "weights.bin").write_bytes(bytes(NEEDED_BYTES))
    assert code_of(makers.onnx_with_external_data(folder, location)) == "external_data_outside"


def test_links_and_special_files_are_refused(tmp_path: Path) -> None:
    real = tmp_path / "real.bin"
    real.write_bytes(bytes(NEEDED_BYTES))
    folder = tmp_path / "model"
    folder.mkdir()
    path = makers.onnx_with_external_data(folder)
    data = folder / "weights.bin"
    for make in (data.symlink_to, data.hardlink_to):
        make(real)
        assert code_of(path) == "external_data_outside"
        data.unlink()
    os.mkfifo(data)
    assert code_of(path) == "external_data_outside"


def test_data_in_a_download_cache_is_refused_with_the_command_that_gets_plain_files(tmp_path: Path) -> None:
    """A cache that links each name to a blob: ../../blobs/HASH."""
    (tmp_path / "blobs").mkdir()
    blob = tmp_path / "blobs" / "0a1b"
    blob.write_bytes(bytes(NEEDED_BYTES))
    folder = tmp_path / "snapshots" / "main"
    folder.mkdir(parents=True)
    path = makers.onnx_with_external_data(folder)
    (folder / "weights.bin").symlink_to(Path("../../blobs/0a1b"))
    with pytest.raises(EdgeprofError) as caught:
        inspect(path)
    assert caught.value.code == "external_data_outside"
    assert "hf download REPOSITORY --local-dir FOLDER" in caught.value.message
    assert "cp -rL" in caught.value.message


def test_a_linked_folder_inside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "weights.bin").write_bytes(bytes(NEEDED_BYTES))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "data").symlink_to(tmp_path / "elsewhere")
    assert code_of(makers.onnx_with_external_data(folder, "data/weights.bin")) == "external_data_outside"


def test_a_model_in_a_linked_folder_is_fine(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    makers.onnx_with_external_data(folder)
    (folder / "weights.bin").write_bytes(bytes(NEEDED_BYTES))
    (tmp_path / "link").symlink_to(folder)
    assert len(inspect(tmp_path / "link" / "model.onnx").manifest.files) == 2


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({"offset": "4"}, "truncated"),
        ({"length": "9000000000000000000"}, "truncated"),
        ({"offset": "99999999999999999999999"}, "truncated"),
        ({"offset": "-4"}, "external_data_outside"),
        ({"length": "-1"}, "external_data_outside"),
        ({"length": "ten"}, "not_a_model"),
        ({"offset": "9" * 900}, "truncated"),
    ],
)
def test_offset_and_length_must_lie_in_the_file(tmp_path: Path, entries: dict[str, str], code: str) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(NEEDED_BYTES))
    assert code_of(makers.onnx_with_external_data(tmp_path, **entries)) == code


def test_missing_external_data_is_a_model_cut_short(tmp_path: Path) -> None:
    assert code_of(makers.onnx_with_external_data(tmp_path)) == "truncated"


def test_graphs_nested_without_end_are_refused(tmp_path: Path) -> None:
    inner = b""
    for _ in range(200):  # a graph with a node with an attribute with a graph ...
        for tag in (b"\x32", b"\x2a", b"\x0a"):
            length = len(inner)
            inner = tag + bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14]) + inner
    length = len(inner)
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x0a\x3a" + bytes([length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14]) + inner)
    assert code_of(path) == "not_a_model"
