"""Models that walk into a known trap, and the same models that do not. Made by the formats' own libraries."""

import importlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH = 1024
LAYERS = 3


def network(path: Path, channels: int = 32, pixels: int = 32, group: int = 1) -> Path:
    """Three convolutions of 3x3, in fp32. `group` = `channels`: depthwise."""
    draw = np.random.default_rng(0)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, pixels, pixels]) for name in "xy"]
    weights: list[Any] = []
    nodes: list[Any] = []
    last = "x"
    for layer in range(LAYERS):
        scale = (9 * channels / group) ** 0.5
        values = draw.standard_normal((channels, channels // group, 3, 3)) / scale
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"w{layer}"))
        out = "y" if layer == LAYERS - 1 else f"c{layer}"
        name, pads = f"conv{layer}", [1] * 4
        nodes.append(
            helper.make_node("Conv", [last, f"w{layer}"], [out], name=name, kernel_shape=[3, 3], pads=pads, group=group)
        )
        last = out
    return _saved(path, nodes, ends, weights)


def dynamic(source: Path, path: Path, *, signed: bool) -> Path:
    """What ONNX Runtime's quantize_dynamic makes; its default is signed."""
    library = _quantization()
    kind = library.QuantType.QInt8 if signed else library.QuantType.QUInt8
    library.quantize_dynamic(str(source), str(path), weight_type=kind)
    return path


def static(source: Path, path: Path, *, signed: bool) -> Path:
    """Static QDQ with unsigned activations, and weights of either sign."""
    library = _quantization()
    size = [each.dim_value for each in _loaded(source).graph.input[0].type.tensor_type.shape.dim]
    draw = np.random.default_rng(1)

    class Few(library.CalibrationDataReader):
        def __init__(self) -> None:
            self._left = [{"x": draw.standard_normal(size).astype(np.float32)} for _ in range(4)]

        def get_next(self) -> Any:
            return self._left.pop() if self._left else None

    library.quantize_static(
        *(str(source), str(path), Few()),
        quant_format=library.QuantFormat.QDQ,
        activation_type=library.QuantType.QUInt8,
        weight_type=library.QuantType.QInt8 if signed else library.QuantType.QUInt8,
    )
    return path


def products(path: Path, width: int = WIDTH, layers: int = LAYERS) -> Path:
    """Matrix products one after the other, in fp32: 4 MiB of weights each at the default width."""
    draw = np.random.default_rng(0)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width]) for name in "xy"]
    weights: list[Any] = []
    nodes: list[Any] = []
    last = "x"
    for layer in range(layers):
        values = draw.standard_normal((width, width), dtype=np.float32) / width**0.5
        weights.append(numpy_helper.from_array(values, f"w{layer}"))
        out = "y" if layer == layers - 1 else f"h{layer}"
        nodes.append(helper.make_node("MatMul", [last, f"w{layer}"], [out], name=f"product{layer}"))
        last = out
    return _saved(path, nodes, ends, weights)


def nbits(path: Path, level: int | None, width: int = WIDTH) -> Path:
    """One MatMulNBits of 4 bits; `level`: its accuracy_level, None leaves it out, as the quantizer does."""
    draw = np.random.default_rng(0)
    blocks = width // 32
    packed = draw.integers(0, 256, (width, blocks, 16), dtype=np.uint8)
    scales = (draw.random((width, blocks), dtype=np.float32) * 0.01 + 0.001).ravel()
    given: dict[str, Any] = {"K": width, "N": width, "bits": 4, "block_size": 32}
    if level is not None:
        given["accuracy_level"] = level
    node = helper.make_node("MatMulNBits", ["x", "w", "s"], ["y"], domain="com.microsoft", **given)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width]) for name in "xy"]
    return _saved(path, [node], ends, [numpy_helper.from_array(packed, "w"), numpy_helper.from_array(scales, "s")])


def half(source: Path, path: Path) -> Path:
    """The same graph with its floats stored and declared as fp16."""
    model = _loaded(source)
    for each in list(model.graph.initializer):
        values = numpy_helper.to_array(each).astype(np.float16)
        each.CopyFrom(numpy_helper.from_array(values, each.name))
    for each in (*model.graph.input, *model.graph.output):
        each.type.tensor_type.elem_type = TensorProto.FLOAT16
    path.write_bytes(model.SerializeToString())
    return path


def as_ort(source: Path, path: Path) -> Path:
    """ONNX Runtime's own format, from the file as it is."""
    import onnxruntime

    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.optimized_model_filepath = str(path)
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.save_model_format", "ORT")
    runtime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    return path


def hybrid(path: Path, width: int = WIDTH) -> Path:
    """A fully connected TFLite layer with int8 weights and float activations."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated

    schema: Any = schema_py_generated
    draw = np.random.default_rng(0)

    def tensor(name: str, shape: list[int], kind: int, buffer: int, scale: float | None = None) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, shape, kind, buffer
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [0]
        return made

    model = schema.ModelT()
    model.version = 3
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 3
    model.operatorCodes = [code]
    weights = schema.BufferT()
    weights.data = draw.integers(-127, 128, width * width, dtype=np.int8).view(np.uint8)
    model.buffers = [schema.BufferT(), weights]
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    graph = schema.SubGraphT()
    graph.inputs, graph.outputs, graph.operators = [0], [2], [operator]
    floats, integers = schema.TensorType.FLOAT32, schema.TensorType.INT8
    graph.tensors = [
        tensor("x", [1, width], floats, 0),
        tensor("w", [width, width], integers, 1, 0.001),
        tensor("y", [1, width], floats, 0),
    ]
    model.subgraphs = [graph]
    builder: Any = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def _quantization() -> Any:
    logging.disable(logging.WARNING)  # advice on pre-processing, at each call
    return importlib.import_module("onnxruntime.quantization")


def _loaded(path: Path) -> Any:
    library: Any = onnx
    return library.load(path)


def _saved(path: Path, nodes: list[Any], ends: list[Any], weights: list[Any]) -> Path:
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())
    return path
