"""Our own readers over bytes that somebody, or a disk, has changed: a named error or an answer, never anything else."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import edgeprof_exports
from edgeprof.modelfiles import declared_inputs, format_of_name, inspect, small_weights_share
from edgeprof.modelfiles.tflite_signatures import signatures_of
from edgeprof.modelfiles.window import ModelFileError
from tests.modelfiles import makers
from tests.modelfiles.mutants import mutated

BUNDLED = Path(edgeprof_exports.__path__[0]) / "bundled"
MUTANTS = 150
PATIENCE_S = 60.0
"""For all of one file's mutants: a reader that walks for minutes is as bad as one that raises."""


def _readers(path: Path) -> list[Callable[[], object]]:
    kind = format_of_name(path)
    assert kind is not None
    readers: list[Callable[[], object]] = [
        lambda: inspect(path),
        lambda: declared_inputs(path, kind),
        lambda: small_weights_share(path, kind),
    ]
    return [*readers, lambda: signatures_of(path)] if kind == "tflite" else readers


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("model.onnx", makers.onnx_model().SerializeToString()),
        ("nested.onnx", makers.onnx_model(nested=True).SerializeToString()),
        ("digits.onnx", (BUNDLED / "digits-cnn-int8.onnx").read_bytes()),
        ("digits.tflite", makers.TFLITE.read_bytes()),
        ("float.tflite", (BUNDLED / "digits-cnn-fp32.tflite").read_bytes()),
        ("model.gguf", makers.gguf(makers.GGUF_PAIRS)),
        ("part.gguf", makers.gguf_part(0, 1)),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_changed_file_is_read_or_refused_by_name(tmp_path: Path, name: str, whole: bytes) -> None:
    path = tmp_path / name
    began_s = time.monotonic()
    for seed in range(MUTANTS):
        path.write_bytes(mutated(whole, seed))
        for read in _readers(path):
            try:
                read()
            except ModelFileError as error:
                assert error.code  # noqa: PT017
            except Exception as error:
                raise AssertionError(f"{name}, seed {seed}: {type(error).__name__}: {error}") from error
    assert time.monotonic() - began_s < PATIENCE_S


def test_an_offset_before_the_file_is_a_damaged_model(tmp_path: Path) -> None:
    """A vector's length or offset of TFLite can point anywhere; seen as `ValueError: cannot read 2 bytes at -76`."""
    raw = bytearray(makers.TFLITE.read_bytes())
    root = int.from_bytes(raw[:4], "little")
    raw[root : root + 4] = (0x7FFFFFFF).to_bytes(4, "little")  # the table of fields lies far before the file
    path = tmp_path / "model.tflite"
    path.write_bytes(raw)
    for read in _readers(path):
        with pytest.raises(ModelFileError) as raised:
            read()
        assert raised.value.code in ("not_a_model", "truncated", "wrong_format")
