"""Model files of chosen sizes for fit_limits.py, made on the spot with random weights: ONNX, TFLite and GGUF."""

import struct
from pathlib import Path
from typing import Any

import flatbuffers  # pyright: ignore[reportMissingTypeStubs]
import numpy as np
from ai_edge_litert import schema_py_generated as schema  # pyright: ignore[reportMissingTypeStubs]
from onnx import TensorProto, helper, numpy_helper

SEED = 20_261_130
_ALIGNMENT = 32
_UINT32, _FLOAT32, _STRING, _ARRAY, _INT32 = 4, 6, 8, 9, 5
GGML_BYTES = {"f32": (0, 1, 4), "f16": (1, 1, 2), "q8_0": (8, 32, 34), "q4_0": (2, 32, 18)}
"""Name: ggml type, elements in a block, bytes of a block."""


def onnx_products(path: Path, width: int, layers: int, kind: str = "fp32", rows: int = 4) -> Path:
    """A chain of square matrix products; fp16 weights are cast in front of each, int8 ones dequantized."""
    draw = np.random.default_rng(SEED)
    nodes: list[Any] = []
    weights: list[Any] = []
    for at in range(layers):
        values = draw.standard_normal((width, width), dtype=np.float32) * 0.02
        name = f"w{at}"
        if kind == "fp16":
            weights.append(numpy_helper.from_array(values.astype(np.float16), f"{name}h"))
            nodes.append(helper.make_node("Cast", [f"{name}h"], [name], to=TensorProto.FLOAT))
        elif kind == "int8":
            weights.append(numpy_helper.from_array((values * 1000).clip(-127, 127).astype(np.int8), f"{name}q"))
            weights.append(numpy_helper.from_array(np.array(0.001, np.float32), f"{name}s"))
            nodes.append(helper.make_node("DequantizeLinear", [f"{name}q", f"{name}s"], [name]))
        else:
            weights.append(numpy_helper.from_array(values, name))
        nodes.append(helper.make_node("MatMul", [f"t{at}", name], [f"t{at + 1}"]))
    return _onnx(path, nodes, weights, [rows, width], f"t{layers}")


def onnx_convolutions(path: Path, size: int, channels: int, layers: int) -> Path:
    """Few weights and large activations: 3 x 3 convolutions with a sum of two branches."""
    draw = np.random.default_rng(SEED)
    nodes: list[Any] = []
    weights: list[Any] = []
    for at in range(layers):
        values = draw.standard_normal((channels, channels, 3, 3), dtype=np.float32) * 0.05
        weights.append(numpy_helper.from_array(values, f"w{at}"))
        nodes.append(helper.make_node("Conv", [f"t{at}", f"w{at}"], [f"c{at}"], kernel_shape=[3, 3], pads=[1] * 4))
        nodes.append(helper.make_node("Add", [f"c{at}", "t0"], [f"t{at + 1}"]))
    return _onnx(path, nodes, weights, [1, channels, size, size], f"t{layers}")


def _onnx(path: Path, nodes: list[Any], weights: list[Any], shape: list[int], last: str) -> Path:
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("t0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, shape)],
        weights,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(made.SerializeToString())
    return path


def tflite_products(path: Path, width: int, layers: int, rows: int = 4) -> Path:
    """A chain of FULLY_CONNECTED operators in fp32."""
    draw = np.random.default_rng(SEED)
    model: Any = schema.ModelT()
    model.version = 3
    code: Any = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = 1
    model.operatorCodes = [code]
    model.buffers = [schema.BufferT()]
    graph: Any = schema.SubGraphT()
    graph.tensors = [_tensor("t0", [rows, width], 0)]
    steps: list[Any] = []
    current = 0
    for at in range(layers):
        buffer: Any = schema.BufferT()
        buffer.data = (draw.standard_normal(width * width, dtype=np.float32) * 0.02).view(np.uint8)
        model.buffers.append(buffer)
        graph.tensors.append(_tensor(f"w{at}", [width, width], len(model.buffers) - 1))
        graph.tensors.append(_tensor(f"t{at + 1}", [rows, width], 0))
        step: Any = schema.OperatorT()
        step.opcodeIndex = 0
        step.inputs, step.outputs = [current, len(graph.tensors) - 2, -1], [len(graph.tensors) - 1]
        step.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        step.builtinOptions = schema.FullyConnectedOptionsT()
        steps.append(step)
        current = len(graph.tensors) - 1
    graph.operators, graph.inputs, graph.outputs = steps, [0], [current]
    model.subgraphs = [graph]
    builder: Any = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


def _tensor(name: str, shape: list[int], buffer: int) -> Any:
    tensor: Any = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name.encode(), shape, buffer
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def gguf(path: Path, kind: str, width: int, layers: int, words: int = 8192, trained: int = 8192) -> Path:
    """A llama of random weights, all matrices of one type; its heads are 64 wide."""
    number, per_block, block_bytes = GGML_BYTES[kind]
    draw = np.random.default_rng(SEED)
    hidden = 3 * width
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (width, words), "output_norm.weight": (width,)}
    for at in range(layers):
        shapes |= {f"blk.{at}.{name}.weight": (width,) for name in ("attn_norm", "ffn_norm")}
        shapes |= {f"blk.{at}.attn_{name}.weight": (width, width) for name in ("q", "k", "v", "output")}
        shapes |= {f"blk.{at}.ffn_{name}.weight": (width, hidden) for name in ("gate", "up")}
        shapes[f"blk.{at}.ffn_down.weight"] = (hidden, width)
    head, offset = b"", 0
    sizes: list[tuple[int, bool]] = []
    for name, shape in shapes.items():
        is_matrix = len(shape) == 2
        count = int(np.prod(shape))
        size = count // per_block * block_bytes if is_matrix else 4 * count
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, number if is_matrix else 0, offset)
        sizes.append((size, is_matrix))
        offset += -(-size // _ALIGNMENT) * _ALIGNMENT
    pairs = _metadata(width, layers, hidden, words, trained)
    start = struct.pack("<4sIQQ", b"GGUF", 3, len(shapes), len(pairs)) + b"".join(pairs) + head
    with path.open("wb") as file:
        file.write(start + b"\0" * (-len(start) % _ALIGNMENT))
        for size, is_matrix in sizes:
            data = _blocks(draw, kind, size) if is_matrix else np.ones(size // 4, np.float32).tobytes()
            file.write(data + b"\0" * (-size % _ALIGNMENT))
    return path


def _blocks(draw: np.random.Generator, kind: str, size: int) -> bytes:
    """Small values: the scales of quantized blocks are set, their digits drawn."""
    if kind in ("f32", "f16"):
        return (
            (draw.standard_normal(size // (4 if kind == "f32" else 2), dtype=np.float32) * 0.02)
            .astype(np.float32 if kind == "f32" else np.float16)
            .tobytes()
        )
    block_bytes = GGML_BYTES[kind][2]
    blocks = draw.integers(0, 256, (size // block_bytes, block_bytes), dtype=np.uint8)
    blocks[:, :2] = np.array([0.001], np.float16).view(np.uint8)
    return blocks.tobytes()


def _metadata(width: int, layers: int, hidden: int, words: int, trained: int) -> list[bytes]:
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    names += [f"word{index}" for index in range(len(names), words)]
    kinds = [2, 3, 3, *[6] * 256, *[1] * (words - 259)]
    sizes = {
        "context_length": trained,
        "embedding_length": width,
        "block_count": layers,
        "feed_forward_length": hidden,
        "attention.head_count": width // 64,
        "rope.dimension_count": 64,
    }
    return [
        _pair("general.architecture", _STRING, _text("llama")),
        *(_pair(f"llama.{key}", _UINT32, struct.pack("<I", size)) for key, size in sizes.items()),
        _pair("llama.attention.layer_norm_rms_epsilon", _FLOAT32, struct.pack("<f", 1e-5)),
        _pair("tokenizer.ggml.model", _STRING, _text("llama")),
        _pair("tokenizer.ggml.tokens", _ARRAY, _list(_STRING, [_text(name) for name in names])),
        _pair("tokenizer.ggml.scores", _ARRAY, _list(_FLOAT32, [struct.pack("<f", -index) for index in range(words)])),
        _pair("tokenizer.ggml.token_type", _ARRAY, _list(_INT32, [struct.pack("<i", kind) for kind in kinds])),
    ]


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _list(kind: int, items: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
