"""Small ONNX models that an integer input steers: its length, its rows, its shape, its count."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Sizes = Sequence[int | str] | None
ROWS = 50
"""Of the table that ids choose from."""


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, Sizes]],
    stored: Mapping[str, npt.NDArray[np.generic]] | None = None,
    *,
    output: int = TensorProto.FLOAT,
    opset: int = 21,
    more_opsets: Sequence[onnx.OperatorSetIdProto] = (),
    functions: Sequence[onnx.FunctionProto] = (),
) -> Path:
    """A model from these inputs (element type and sizes, by name) to `y`."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, kind, sizes) for name, (kind, sizes) in inputs.items()],
        [helper.make_tensor_value_info("y", output, None)],
        [numpy_helper.from_array(value, name) for name, value in (stored or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), *more_opsets]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=functions)
    path.write_bytes(model.SerializeToString())
    return path


def floats(*sizes: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(7).standard_normal(sizes).astype(np.float32) * np.float32(0.1)


def recurrent(path: Path, steps: int = 40) -> Path:
    """An LSTM over `steps` steps, or as many as `input_lens` says."""
    node = helper.make_node("LSTM", ["x", "w", "r", "", "input_lens"], ["y"], hidden_size=96)
    inputs = {"x": (TensorProto.FLOAT, [steps, 1, 32]), "input_lens": (TensorProto.INT32, [1])}
    return save(path, [node], inputs, {"w": floats(1, 384, 32), "r": floats(1, 384, 96)}, opset=17)


LENGTHS: dict[str, tuple[tuple[int, Sizes], list[tuple[str, float | None]]]] = {
    "halved": ((TensorProto.INT64, [1]), [("Div", 2)]),
    "one less": ((TensorProto.INT64, [1]), [("Sub", 1), ("Max", 1)]),
    "bounded": ((TensorProto.INT32, [1]), [("Min", 40)]),
    "float": ((TensorProto.FLOAT, [1]), [("Floor", None)]),
    "relative": ((TensorProto.FLOAT, [1]), [("Mul", 40)]),
    "mask": ((TensorProto.INT64, [1, 40]), [("ReduceSum", 1)]),
    "float mask": ((TensorProto.FLOAT, [1, 40]), [("ReduceSum", 1)]),
}
"""An input `n` and what a model reckons from it to have the number of steps: operators, each with a number."""


def reckoned(path: Path, kind: str) -> Path:
    """An LSTM over 40 steps, or as many as `n` comes to."""
    declared, operators = LENGTHS[kind]
    dtype = helper.tensor_dtype_to_np_dtype(declared[0])
    nodes, stored, name = list[onnx.NodeProto](), {"w": floats(1, 384, 32), "r": floats(1, 384, 96)}, "n"
    numbers: dict[str, npt.NDArray[np.generic]] = {}
    for at, (operator, number) in enumerate(operators):
        is_sum = operator == "ReduceSum"
        if number is not None:
            numbers[f"c{at}"] = np.array([number], np.int64 if is_sum else dtype)
        read = [name] if number is None else [name, f"c{at}"]
        node = helper.make_node(operator, read, [f"v{at}"])
        node.attribute.extend([helper.make_attribute("keepdims", 0)] if is_sum else [])
        nodes.append(node)
        name = f"v{at}"
    nodes.append(helper.make_node("Cast", [name], ["steps"], to=TensorProto.INT32))
    nodes.append(helper.make_node("LSTM", ["x", "w", "r", "", "steps"], ["y"], hidden_size=96))
    inputs = {"x": (TensorProto.FLOAT, [40, 1, 32]), "n": declared}
    return save(path, nodes, inputs, {**stored, **numbers}, opset=17)


def in_functions(path: Path) -> Path:
    """Rows of a table by `n`, in a function within another; axis 1 comes from the outer call."""
    gather = helper.make_node("Gather", ["a", "b"], ["c"])
    axis = gather.attribute.add()
    axis.name, axis.ref_attr_name, axis.type = "axis", "along", onnx.AttributeProto.INT
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    inner = helper.make_function("own", "Rows", ["a", "b"], ["c"], [gather], opsets, attributes=["along"])
    cast = helper.make_node("Cast", ["ids"], ["b"], to=TensorProto.INT64)
    call = helper.make_node("Rows", ["table", "b"], ["out"], domain="own", along=1)
    outer = helper.make_function("own", "Embed", ["ids", "table"], ["out"], [cast, call], opsets)
    node = helper.make_node("Embed", ["n", "stored"], ["y"], domain="own")
    inputs = {"n": (TensorProto.INT32, [1, 64])}
    return save(
        path,
        [node],
        inputs,
        {"stored": floats(2, ROWS)},
        opset=17,
        more_opsets=[helper.make_opsetid("own", 1)],
        functions=[inner, outer],
    )


def grouped_query(path: Path) -> Path:
    """Attention over 6 kept keys and 1 new one."""
    node = helper.make_node(
        "GroupQueryAttention",
        ["x", "x", "x", "past_key", "past_value", "a", "b"],
        ["y", "key", "value"],
        domain="com.microsoft",
        num_heads=4,
        kv_num_heads=4,
    )
    past = (TensorProto.FLOAT, [1, 4, 6, 16])
    inputs = {"x": (TensorProto.FLOAT, [1, 1, 64]), "past_key": past, "past_value": past}
    whole = {"a": (TensorProto.INT32, [1]), "b": (TensorProto.INT32, [1])}
    return save(path, [node], {**inputs, **whole}, opset=17, more_opsets=[helper.make_opsetid("com.microsoft", 1)])


def embedding(path: Path) -> Path:
    """Rows of a table by `tokens`, behind a cast and an unsqueeze."""
    nodes = [
        helper.make_node("Cast", ["tokens"], ["wide"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["wide", "axis"], ["more"]),
        helper.make_node("Gather", ["table", "more"], ["y"]),
    ]
    stored = {"table": floats(ROWS, 8), "axis": np.array([0])}
    return save(path, nodes, {"tokens": (TensorProto.INT32, [1, 64])}, stored)


def far_row(path: Path) -> Path:
    """Row `n` + 100 of a table of 50: what `n` must be, nothing in the file says."""
    nodes = [
        helper.make_node("Add", ["n", "hundred"], ["row"]),
        helper.make_node("Gather", ["table", "row"], ["row_values"]),
        helper.make_node("Add", ["row_values", "x"], ["y"]),
    ]
    stored = {"table": floats(ROWS, 8), "hundred": np.array(100)}
    return save(path, nodes, {"x": (TensorProto.FLOAT, [1, 8]), "n": (TensorProto.INT64, [])}, stored)


def loop(path: Path) -> Path:
    """A product of 64 x 64 for every round."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("MatMul", ["state", "w"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [64, 64]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [64, 64]),
        ],
    )
    node = helper.make_node("Loop", ["rounds", "", "x"], ["y"], body=body)
    rounds: Sizes = []
    inputs = {"x": (TensorProto.FLOAT, [64, 64]), "rounds": (TensorProto.INT64, rounds)}
    return save(path, [node], inputs, {"w": floats(64, 64)})


def steered(path: Path, operator: str) -> Path:
    """One operator with an integer (or scale) input `n` that most values would make fail."""
    inputs, node, stored = _STEERED[operator]
    return save(path, [node], inputs, stored, output=_OUTPUT.get(operator, TensorProto.FLOAT))


_X = (TensorProto.FLOAT, [2, 6])
_IMAGE = (TensorProto.FLOAT, [1, 3, 8, 8])
_OUTPUT = {"Div": TensorProto.INT64, "Mod": TensorProto.INT64, "Range": TensorProto.INT64, "Where": TensorProto.INT64}


def _one(size: int) -> tuple[int, Sizes]:
    return (TensorProto.INT64, [size])


_STEERED: dict[str, tuple[dict[str, tuple[int, Sizes]], onnx.NodeProto, dict[str, npt.NDArray[np.generic]]]] = {
    "Reshape": ({"x": _X, "n": _one(3)}, helper.make_node("Reshape", ["x", "n"], ["y"]), {}),
    "Expand": ({"x": _X, "n": _one(2)}, helper.make_node("Expand", ["x", "n"], ["y"]), {}),
    "Tile": ({"x": _X, "n": _one(2)}, helper.make_node("Tile", ["x", "n"], ["y"]), {}),
    "Resize": ({"x": _IMAGE, "n": _one(4)}, helper.make_node("Resize", ["x", "", "", "n"], ["y"]), {}),
    "scales": (
        {"x": _IMAGE, "n": (TensorProto.FLOAT, [4])},
        helper.make_node("Resize", ["x", "", "n"], ["y"]),
        {},
    ),
    "OneHot": (
        {"x": _one(4), "n": (TensorProto.INT64, [])},
        helper.make_node("OneHot", ["x", "n", "values"], ["y"]),
        {"values": np.array([0, 1], np.float32)},
    ),
    "TopK": ({"x": _X, "n": _one(1)}, helper.make_node("TopK", ["x", "n"], ["y", "at"]), {}),
    "Slice": (
        {"x": _X, "n": _one(1), "m": _one(1), "a": _one(1), "s": _one(1)},
        helper.make_node("Slice", ["x", "n", "m", "a", "s"], ["y"]),
        {},
    ),
    "Pad": ({"x": _X, "n": _one(4)}, helper.make_node("Pad", ["x", "n"], ["y"]), {}),
    "Split": ({"x": _X, "n": _one(2)}, helper.make_node("Split", ["x", "n"], ["y", "z"], axis=1), {}),
    "Squeeze": ({"x": (TensorProto.FLOAT, [1, 6]), "n": _one(1)}, helper.make_node("Squeeze", ["x", "n"], ["y"]), {}),
    "ReduceSum": ({"x": _X, "n": _one(2)}, helper.make_node("ReduceSum", ["x", "n"], ["y"]), {}),
    "Div": ({"x": _one(6), "n": _one(6)}, helper.make_node("Div", ["x", "n"], ["y"]), {}),
    "Mod": ({"x": _one(6), "n": _one(6)}, helper.make_node("Mod", ["x", "n"], ["y"]), {}),
    "Range": (
        {"a": (TensorProto.INT64, []), "n": (TensorProto.INT64, []), "b": (TensorProto.INT64, [])},
        helper.make_node("Range", ["a", "n", "b"], ["y"]),
        {},
    ),
}
OPERATORS = tuple(_STEERED)
