"""Small ONNX models with the interfaces of real detectors, readers, listeners and encoders. Their answers follow from
their inputs by plain arithmetic, so that a test knows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
Sizes = Sequence[int | str]


def _saved(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, Sizes]],
    outputs: Sequence[str],
    constants: Mapping[str, Any],
) -> Path:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, kind, list(sizes)) for name, (kind, sizes) in inputs.items()],
        [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def detector(path: Path, outputs: Mapping[str, Any], scores: str, size: int = 32) -> Path:
    """These outputs, those of `scores` multiplied with the brightest value of the image [1, 3, size, size]."""
    arrays = {name: np.asarray(value, np.float32) for name, value in outputs.items()}
    factor = np.ones_like(arrays[scores])
    nodes = [helper.make_node("ReduceMax", ["image"], ["brightest"], keepdims=0)]
    if arrays[scores].ndim == 3:  # a head with boxes and scores in one: only the scores follow the image
        factor = np.zeros_like(arrays[scores])
        factor[:, 4:] = 1
        arrays["still"] = arrays[scores] * (1 - factor)
        arrays["moved"] = arrays[scores] * factor
        nodes += [
            helper.make_node("Mul", ["moved", "brightest"], ["scaled"]),
            helper.make_node("Add", ["scaled", "still"], [scores]),
        ]
    else:
        arrays["moved"] = arrays[scores]
        nodes.append(helper.make_node("Mul", ["moved", "brightest"], [scores]))
    nodes += [helper.make_node("Identity", [f"{name}_"], [name]) for name in outputs if name != scores]
    constants = {(f"{name}_" if name in outputs else name): value for name, value in arrays.items() if name != scores}
    return _saved(path, nodes, {"image": (FLOAT, (1, 3, size, size))}, list(outputs), constants)


def reader(path: Path, outputs: int, width: int | str = "width") -> Path:
    """For each column of [1, 1, 8, width], the output whose number over `outputs` - 1 is nearest its mean."""
    levels = np.linspace(0, 1, outputs, dtype=np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["columns"], axes=[1, 2], keepdims=0),
        helper.make_node("Unsqueeze", ["columns", "last"], ["each"]),
        helper.make_node("Sub", ["each", "levels"], ["apart"]),
        helper.make_node("Abs", ["apart"], ["far"]),
        helper.make_node("Neg", ["far"], ["scores"]),
    ]
    constants = {"levels": levels, "last": np.array([2], np.int64)}
    return _saved(path, nodes, {"image": (FLOAT, (1, 1, 8, width))}, ["scores"], constants)


def listener(path: Path, window: int = 160) -> Path:
    """The loudness of a window, but at least half of the step before: a state that goes in and comes out."""
    nodes = [
        helper.make_node("Abs", ["sound"], ["loud"]),
        helper.make_node("ReduceMean", ["loud"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["state", "half"], ["faded"]),
        helper.make_node("Max", ["mean", "faded"], ["state_out"]),
        helper.make_node("Mul", ["state_out", "gain"], ["score"]),
    ]
    inputs = {"sound": (FLOAT, (1, window)), "state": (FLOAT, ("batch", 1)), "gain": (FLOAT, ())}
    return _saved(path, nodes, inputs, ["score", "state_out"], {"half": np.float32(0.5)})


def encoder(path: Path, vocabulary: int) -> Path:
    """Each token's own axis as its vector: [1, tokens, vocabulary], so that texts are near where they share words."""
    nodes = [
        helper.make_node("OneHot", ["input_ids", "depth", "off_on"], ["vectors"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["each"]),
        helper.make_node("Mul", ["vectors", "each"], ["last_hidden_state"]),
    ]
    constants = {
        "depth": np.array(vocabulary, np.int64),
        "off_on": np.array([0, 1], np.float32),
        "last": np.array([2], np.int64),
    }
    inputs = {name: (INT64, ("batch", "tokens")) for name in ("input_ids", "attention_mask")}
    return _saved(path, nodes, inputs, ["last_hidden_state"], constants)
