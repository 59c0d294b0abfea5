"""Valid files that a runtime refuses with a sentence, one or more for each row of the table of refusals."""

from pathlib import Path
from typing import Any

import flatbuffers  # pyright: ignore[reportMissingTypeStubs]
from ai_edge_litert import schema_py_generated as schema  # pyright: ignore[reportMissingTypeStubs]
from onnx import TensorProto, helper

from tests.modelfiles import makers

FLOAT, DOUBLE, INT4, COMPLEX = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT4, TensorProto.COMPLEX64
MS = "com.microsoft"


def _onnx(
    operator: str, kinds: tuple[int, int], *, domain: str = "", opset: int = 17, ir: int = 10, **more: Any
) -> bytes:
    """One node from `x` to `y`, each four by four."""
    node = helper.make_node(operator, ["x"], ["y"], domain=domain, **more)
    ends = [helper.make_tensor_value_info(name, kind, [4, 4]) for name, kind in zip("xy", kinds, strict=True)]
    graph = helper.make_graph([node], "graph", ends[:1], ends[1:])
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir).SerializeToString()


def _missing_kernel() -> bytes:
    """GroupNorm of com.microsoft, which has kernels for GPUs only."""
    sizes = {"x": [1, 4, 4, 4], "g": [4], "b": [4], "y": [1, 4, 4, 4]}
    kinds = {"x": TensorProto.FLOAT16, "g": FLOAT, "b": FLOAT, "y": TensorProto.FLOAT16}
    ends = [helper.make_tensor_value_info(name, kinds[name], size) for name, size in sizes.items()]
    node = helper.make_node("GroupNorm", ["x", "g", "b"], ["y"], domain=MS, epsilon=1e-5, groups=1, activation=0)
    graph = helper.make_graph([node], "graph", ends[:3], ends[3:])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MS, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


ONNX: dict[str, bytes] = {
    "a custom operator": _onnx("Unheard", (FLOAT, FLOAT), domain="com.example"),
    "an operator that ONNX never had": _onnx("Unheard", (FLOAT, FLOAT)),
    "an operator of a later opset": _onnx("Gelu", (FLOAT, FLOAT)),
    "a type without a kernel": _onnx("Det", (DOUBLE, DOUBLE)),
    "a 4-bit type without a kernel": _onnx("Identity", (INT4, INT4), opset=21),
    "a kernel for GPUs only": _missing_kernel(),
    "a type that the runtime does not know": _onnx("Cast", (FLOAT, COMPLEX), to=COMPLEX),
    "an opset of the future": _onnx("Relu", (FLOAT, FLOAT), opset=99),
    "an IR version of the future": _onnx("Relu", (FLOAT, FLOAT), ir=99),
}


def _tflite(operator: int | str, kind: int = 0, version: int = 1) -> bytes:
    """One node from `x` to `y`. A text is the name of a custom operator."""
    code: Any = schema.OperatorCodeT()
    code.version = version
    number = schema.BuiltinOperator.CUSTOM if isinstance(operator, str) else operator
    code.builtinCode, code.deprecatedBuiltinCode = number, min(number, 127)
    code.customCode = operator if isinstance(operator, str) else None
    node: Any = schema.OperatorT()
    node.opcodeIndex, node.inputs, node.outputs = 0, [0], [1]
    graph: Any = schema.SubGraphT()
    tensors: list[Any] = [schema.TensorT(), schema.TensorT()]
    for name, tensor in zip("xy", tensors, strict=True):
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, [1, 8], kind, 0
    graph.tensors, graph.inputs, graph.outputs, graph.operators = tensors, [0], [1], [node]
    model: Any = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    packed: Any = flatbuffers.Builder(1024)
    packed.Finish(model.Pack(packed), b"TFL3")
    return bytes(packed.Output())


TFLITE: dict[str, bytes] = {
    "an operator of full TensorFlow": _tflite("FlexSoftplus"),
    "a custom operator": _tflite("Unheard"),
    "a builtin operator of the future": _tflite(900),
    "a version of the future": _tflite(schema.BuiltinOperator.RELU, version=99),
    "a type that the first inference refuses": _tflite(schema.BuiltinOperator.RELU, schema.TensorType.FLOAT64),
    "a type that the load refuses": _tflite(schema.BuiltinOperator.ABS, schema.TensorType.COMPLEX64),
}


def strange_llm(path: Path) -> Path:
    """A sound GGUF file of an architecture that nobody has written."""
    path.write_bytes(makers.gguf((makers.pair("general.architecture", 8, makers.text(b"unheard")),)))
    return path
