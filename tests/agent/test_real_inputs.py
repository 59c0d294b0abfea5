"""Real inputs beside a model, fed as they are; and files of inputs that are wrong, vast or no inputs at all."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edgeprof.modelfiles import inspect
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.identity import model_bytes, model_id
from edgeprof.wire.messages import Result
from edgeprof_agent.runtimes import real_inputs
from edgeprof_agent.runtimes.inputs import Declared, Feed
from edgeprof_agent.runtimes.real_inputs import Real
from edgeprof_agent.runtimes.sizes import resolve
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from tests.agent import onnx_models, tflite_models
from tests.agent.measuring import measured, request_for
from tests.agent.test_sweep import FAST

Array = npt.NDArray[np.generic]
FLOATS = np.dtype("float32")


def real(folder: Path, **arrays: Array) -> Path:
    path = folder / "m.inputs.npz"
    np.savez_compressed(path, allow_pickle=False, **arrays)  # pyright: ignore[reportArgumentType]
    return path


def floats(*shape: int) -> Array:
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


def source_of(result: Result) -> str:
    assert result.effective is not None, result.failure
    return result.effective.input_source


def fed(path: Path, declared: Declared) -> Feed:
    source = Real(path)
    source.check([declared])
    return source.feeds([declared], resolve([declared], source.sizes([declared]), {}, {}))[declared.name]


def refusal(path: Path, declared: Declared) -> RuntimeFailure:
    with pytest.raises(RuntimeFailure) as caught:
        fed(path, declared)
    return caught.value


@pytest.mark.parametrize("runtime", ["onnxruntime", "litert"])
def test_real_inputs_beside_the_model_are_fed_and_named(runtime: str, tmp_path: Path) -> None:
    if runtime == "litert":
        model = tflite_models.doubled(tmp_path / "m.tflite", [1, 4], [-1, 4])
    else:
        model = onnx_models.square_root_of_negative(tmp_path / "m.onnx")
    alone = inspect(model).manifest
    real(tmp_path, x=np.full((1, 4), 7, dtype=np.float32))
    together = inspect(model).manifest
    assert [file.path for file in together.files] == sorted([model.name, "m.inputs.npz"])
    assert model_id(together) != model_id(alone)
    assert model_bytes(together) == model_bytes(alone)
    result = measured(request_for(model, runtime, protocol=FAST))
    assert source_of(result) == "real: m.inputs.npz (1 sample)"
    assert result.effective is not None
    assert not any("NaN" in note for note in result.effective.notes), "with synthetic inputs, sqrt(x - 2) is NaN"


def test_the_size_of_real_inputs_is_the_size_of_the_run_and_repeats_in_a_sweep(tmp_path: Path) -> None:
    model = onnx_models.relu(tmp_path / "m.onnx", ["batch", "width"])
    real(tmp_path, x=floats(5, 3))
    protocol = replace(FAST, sweep=(SweepAt(shapes={"x": (8, 3)}), SweepAt(shapes={"x": (8, 4)})))
    result = measured(request_for(model, protocol=protocol))
    assert source_of(result) == (
        "real: m.inputs.npz (5 samples); repeated along the leading axis at sweep points of another leading size"
    )
    assert result.effective is not None
    assert result.effective.inputs == {"x": "float32[5,3]"}
    first, second = result.points
    assert first.metrics
    assert "Real inputs repeat along their leading axis only" in (second.failure or "")


def test_samples_are_repeated_or_cut_in_order(tmp_path: Path) -> None:
    source = Real(real(tmp_path, x=floats(3, 2)))
    declared = Declared("x", FLOATS, [None, 2])
    longer = source.feeds([declared], {"x": [5, 2]})["x"]
    shorter = source.feeds([declared], {"x": [2, 2]})["x"]
    assert isinstance(longer, np.ndarray)
    assert isinstance(shorter, np.ndarray)
    assert np.array_equal(longer, floats(3, 2)[[0, 1, 2, 0, 1]])
    assert np.array_equal(shorter, floats(3, 2)[:2])


@pytest.mark.parametrize(
    ("declared", "code", "said"),
    [
        (Declared("y", FLOATS, [None, 2]), "load_error", "has 'x', which is not an input. Inputs: y."),
        (Declared("x", np.dtype("float64"), [None, 2]), "load_error", "as float32, but the model takes float64"),
        (Declared("x", FLOATS, [1, 2]), "shape_required", "has sizes 1,2; 3,2 do not fit"),
        (Declared("x", FLOATS, [None, None, 2]), "shape_required", "has sizes ?,?,2; 3,2 do not fit"),
    ],
)
def test_inputs_that_do_not_fit_the_model_are_refused(declared: Declared, code: str, said: str, tmp_path: Path) -> None:
    failure = refusal(real(tmp_path, x=floats(3, 2)), declared)
    assert (failure.code, said in str(failure)) == (code, True), str(failure)


def test_an_input_without_an_array_fails_the_run_by_name(tmp_path: Path) -> None:
    model = onnx_models.two_inputs(tmp_path / "m.onnx", ["batch", 4], ["batch", 4])
    real(tmp_path, ids=np.ones((1, 4), dtype=np.int64))
    result = measured(request_for(model, protocol=FAST))
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("load_error", "load")
    assert result.failure.message == "m.inputs.npz has no array for input 'mask'. It has: ids."


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "m.inputs.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as member:
        for _ in range(real_inputs.MAX_BYTES // 2**20 + 1):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    failure = refusal(path, Declared("x", FLOATS, [None]))
    assert failure.code == "load_error"
    assert "unpack to 257 MiB; the limit is 256 MiB" in str(failure)


def header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize(
    ("member", "data", "said"),
    [
        ("x.npy", header((1 << 40,)), "does not hold the 1099511627776 values"),
        ("x.npy", header((2,)) + bytes(9), "does not hold the 2 values"),
        ("x.npy", header((0, 4)) + bytes(1), "does not hold"),
        ("x.npy", header((0, 1 << 40)), "sizes beyond any limit"),
        ("x.npy", header((1,), "|O") + bytes(8), "only numbers and texts of fixed width"),
        ("x.npy", header((1 << 40,), "<U0"), "only numbers and texts of fixed width"),
        ("x.npy", b"no array at all", "magic string"),
        ("x.txt", b"text", "which is not an array"),
    ],
)
def test_headers_are_never_believed(member: str, data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "m.inputs.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, data)
    failure = refusal(path, Declared("x", FLOATS, [None]))
    assert failure.code == "load_error"
    assert said in str(failure)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and no more", b"plain text"])
def test_a_file_that_is_no_npz_gets_a_sentence(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.inputs.npz"
    path.write_bytes(data)
    failure = refusal(path, Declared("x", FLOATS, [None]))
    assert failure.code == "load_error"
    assert "Cannot read the real inputs in m.inputs.npz" in str(failure)


def test_a_damaged_member_gets_a_sentence(tmp_path: Path) -> None:
    path = real(tmp_path, x=floats(64, 64))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert refusal(path, Declared("x", FLOATS, [None, 64])).code == "load_error"
