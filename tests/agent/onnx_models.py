"""Small ONNX models made on the spot, each with one property that a test is about."""

import itertools
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Sizes = list[int | str]


def save(path: Path, nodes: list[onnx.NodeProto], shape: Sizes, *constants: onnx.TensorProto) -> Path:
    """A model from `x` to `y`."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        list(constants),
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())
    return path


def relu(path: Path, shape: Sizes) -> Path:
    return save(path, [helper.make_node("Relu", ["x"], ["y"])], shape)


def dequantized_weights(path: Path) -> Path:
    """Weights stored in int8, turned to floats before a product in floats: what an "int8" file may well be."""
    weights = _constant("weights", np.ones((4, 4), dtype=np.int8))  # pyright: ignore[reportArgumentType]
    scale = numpy_helper.from_array(np.array(0.5, dtype=np.float32), "scale")
    nodes = [
        helper.make_node("Cast", ["weights"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["wide", "scale"], ["scaled"]),
        helper.make_node("MatMul", ["x", "scaled"], ["y"]),
    ]
    return save(path, nodes, [1, 4], weights, scale)


def declares_another_output(path: Path) -> Path:
    """`y` is declared [2, 4] and comes out [1, 4]; the runtime only warns."""
    save(path, [helper.make_node("Relu", ["x"], ["y"])], [1, 4])
    model = onnx.load(path)  # pyright: ignore[reportUnknownMemberType]
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 4]))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    path.write_bytes(model.SerializeToString())
    return path


def only_four_values(path: Path) -> Path:
    """`y` is `x` as [1, 4], so that only a leading size of 1 can run."""
    target = _constant("target", np.array([1, 4], dtype=np.int64))
    return save(path, [helper.make_node("Reshape", ["x", "target"], ["y"])], ["batch", 4], target)


def two_inputs(path: Path, first: Sizes, second: Sizes) -> Path:
    """`y` is the sum of the integers `ids` and `mask`."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["ids", "mask"], ["y"])],
        "graph",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, first),
            helper.make_tensor_value_info("mask", TensorProto.INT64, second),
        ],
        [helper.make_tensor_value_info("y", TensorProto.INT64, None)],
    )
    opsets = [helper.make_opsetid("", 17)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())
    return path


def custom_operator(path: Path) -> Path:
    return save(path, [helper.make_node("Unheard", ["x"], ["y"], domain="com.example")], [1, 4])


def square_root_of_negative(path: Path) -> Path:
    nodes = [helper.make_node("Sub", ["x", "two"], ["d"]), helper.make_node("Sqrt", ["d"], ["y"])]
    return save(path, nodes, [1, 4], _constant("two", np.array([2], dtype=np.float32)))


def wants_another_shape(path: Path) -> Path:
    """Loads, and fails when it runs: the reshape cannot hold what comes in."""
    target = _constant("target", np.array([7, 7], dtype=np.int64))
    return save(path, [helper.make_node("Reshape", ["x", "target"], ["y"])], ["batch", 4], target)


def many_operators(path: Path, count: int) -> Path:
    """A chain in which nothing can be fused."""
    names = ["x", *(f"t{index}" for index in range(count - 1)), "y"]
    kinds = ("Sin", "Cos", "Tanh", "Sigmoid")
    nodes = [
        helper.make_node(kinds[index % len(kinds)], [before], [after])
        for index, (before, after) in enumerate(itertools.pairwise(names))
    ]
    return save(path, nodes, [1, 4])


def _constant(name: str, value: "np.ndarray[tuple[int], np.dtype[np.generic]]") -> onnx.TensorProto:
    return numpy_helper.from_array(value, name)
