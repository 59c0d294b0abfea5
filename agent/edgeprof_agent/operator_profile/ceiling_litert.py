"""LiteRT's peak: a fully connected layer of its own, in a file that is written here by the wheel's own schema."""

import importlib
from typing import Any

import numpy as np

from edgeprof_agent.operator_profile.best_rate import best_gflop_s

_ROWS, _WIDTH = 512, 1024
_MARK = b"TFL3"


def peaks(threads: int, wanted: list[str]) -> dict[str, float]:
    """By precision, in 10^9 operations a second. A precision that is not known is left out."""
    return {name: _rate(name, threads) for name in wanted if name in ("fp32", "int8")}


def _rate(name: str, threads: int) -> float:
    make: Any = importlib.import_module("ai_edge_litert.interpreter").Interpreter
    interpreter = make(model_content=product_file(name), num_threads=threads)
    interpreter.allocate_tensors()
    (declared,) = interpreter.get_input_details()
    values = np.random.default_rng(1).integers(-99, 99, (_ROWS, _WIDTH))
    interpreter.set_tensor(declared["index"], values.astype(np.int8 if name == "int8" else np.float32))
    return best_gflop_s(interpreter.invoke, 2.0 * _ROWS * _WIDTH * _WIDTH)


def product_file(name: str) -> bytes:
    """[512, 1024] by [1024, 1024], in `fp32` or `int8`."""
    schema: Any = importlib.import_module("ai_edge_litert.schema_py_generated")
    flatbuffers: Any = importlib.import_module("flatbuffers")
    is_int8 = name == "int8"
    kind = schema.TensorType.INT8 if is_int8 else schema.TensorType.FLOAT32
    weights = np.random.default_rng(2).integers(-99, 99, (_WIDTH, _WIDTH)).astype(np.int8 if is_int8 else np.float32)
    graph = schema.SubGraphT()
    graph.inputs, graph.outputs = [0], [2]
    graph.tensors = [
        _tensor(schema, text, shape, kind, buffer, 1.0 if text == "y" else 0.01, is_int8)
        for text, shape, buffer in (("x", [_ROWS, _WIDTH], 0), ("w", [_WIDTH, _WIDTH], 1), ("y", [_ROWS, _WIDTH], 0))
    ]
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    graph.operators = [operator]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 4 if is_int8 else 1
    empty, stored = schema.BufferT(), schema.BufferT()
    stored.data = weights.view(np.uint8).reshape(-1)
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [empty, stored]
    builder = flatbuffers.Builder(2 * weights.nbytes)
    builder.Finish(model.Pack(builder), _MARK)
    return bytes(builder.Output())


def _tensor(schema: Any, name: str, shape: list[int], kind: int, buffer: int, scale: float, is_int8: bool) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, shape, kind, buffer
    if is_int8:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [0]
    return tensor
