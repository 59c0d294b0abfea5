"""The sizes that inputs run with: given, bound by a symbol, as an array has them, or missing and named."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgeprof_agent.runtimes.inputs import Declared, Rank, Size
from edgeprof_agent.runtimes.sizes import resolve
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from tests.agent import onnx_models
from tests.agent.measuring import measured, request_for
from tests.agent.test_sweep import FAST


def declared(name: str, *sizes: Size, rank: Rank = "known") -> Declared:
    return Declared(name, np.dtype("float32"), sizes, rank=rank)


def decoder(path: Path, layers: int) -> Path:
    """A cache of two tensors a layer, of two symbols; each comes out as it went in."""
    names = [f"cache.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["lanes", 2, "kept", 4]) for name in names]
    outputs = [helper.make_tensor_value_info(f"new.{name}", TensorProto.FLOAT, None) for name in names]
    nodes = [helper.make_node("Neg", [name], [f"new.{name}"]) for name in names]
    graph = helper.make_graph(nodes, "graph", values, outputs)
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )
    return path


def of_open_rank(path: Path) -> Path:
    onnx_models.relu(path, [])
    model = onnx.load(path)  # pyright: ignore[reportUnknownMemberType]
    model.graph.input[0].type.tensor_type.ClearField("shape")
    path.write_bytes(model.SerializeToString())
    return path


def test_only_a_leading_open_size_has_a_default() -> None:
    assert resolve([declared("x", "batch", 3)], {}, {}, {}) == {"x": [1, 3]}
    assert resolve([declared("x")], {}, {}, {}) == {"x": []}
    assert resolve([declared("x", "batch", None)], {}, {"x": (2, 5)}, {}) == {"x": [2, 5]}
    with pytest.raises(RuntimeFailure, match=r"--input-shape x=1,SIZE"):
        resolve([declared("x", "batch", None)], {}, {}, {})


def test_zero_is_a_size() -> None:
    assert resolve([declared("x", 1, "held")], {}, {"x": (1, 0)}, {}) == {"x": [1, 0]}
    assert resolve([declared("x", 1, "held")], {}, {}, {"held": 0}) == {"x": [1, 0]}
    assert resolve([declared("x", None, 2)], {"x": (0, 2)}, {}, {}) == {"x": [0, 2]}


def test_a_symbol_is_given_once_for_every_input_that_has_it() -> None:
    two = [declared("a", "batch", "tokens"), declared("b", "tokens", 4)]
    assert resolve(two, {}, {}, {"tokens": 7}) == {"a": [1, 7], "b": [7, 4]}
    assert resolve(two, {}, {"a": (2, 7)}, {}) == {"a": [2, 7], "b": [7, 4]}, "bound by the other input's sizes"
    assert resolve(two, {"b": (7, 4)}, {}, {"batch": 3}) == {"a": [3, 7], "b": [7, 4]}
    unnamed = [declared("a", None, 3), declared("b", None)]
    assert resolve(unnamed, {}, {}, {"batch": 5}) == {"a": [5, 3], "b": [5]}
    with pytest.raises(RuntimeFailure, match="no open dimension 'token'"):
        resolve(two, {}, {}, {"token": 7})


def test_every_missing_size_is_named_at_once() -> None:
    inputs = [declared("a", "batch", "held"), declared("b", "batch", "held"), declared("c", None, None)]
    with pytest.raises(RuntimeFailure) as caught:
        resolve([*inputs, declared("d", rank="open")], {}, {}, {})
    said = str(caught.value)
    assert caught.value.code == "shape_required"
    assert said.startswith("4 inputs have dynamic sizes. Set them with: --dim held=SIZE --input-shape c=1,SIZE")
    assert all(
        part in said for part in ("batch,held: a, b", "?,?: c", "any number of dimensions: d", "--input-shape d=")
    )


def test_an_open_rank_is_asked_for_and_takes_any_sizes(tmp_path: Path) -> None:
    model = of_open_rank(tmp_path / "m.onnx")
    failure = measured(request_for(model, protocol=FAST)).failure
    assert failure is not None
    assert (failure.code, "no declared number of dimensions" in failure.message) == ("shape_required", True)
    for sizes in ((2, 3, 4), (5,)):
        effective = measured(request_for(model, protocol=FAST, shapes={"x": sizes})).effective
        assert effective is not None
        assert effective.inputs == {"x": f"float32[{','.join(map(str, sizes))}]"}
    assert resolve([declared("x", rank="unsure")], {}, {}, {}) == {"x": []}


def test_a_decoder_with_an_empty_cache_is_measured_by_one_symbol(tmp_path: Path) -> None:
    model = decoder(tmp_path / "m.onnx", 12)
    failure = measured(request_for(model, protocol=FAST)).failure
    assert failure is not None
    assert failure.message.startswith("24 inputs have dynamic sizes. Set them with: --dim kept=SIZE.")
    assert "cache.11.value" in failure.message
    result = measured(request_for(model, protocol=FAST, dims={"kept": 0}))
    assert result.effective is not None, result.failure
    assert set(result.effective.inputs.values()) == {"float32[1,2,0,4]"}
