"""Real model files, made by the formats' own libraries where there is one, byte by byte where there is none."""

import importlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import edgeprof_exports

TFLITE = Path(edgeprof_exports.__path__[0]) / "bundled" / "digits-cnn-int8.tflite"


def onnx_model(weights: int = 300, nested: bool = False) -> onnx.ModelProto:
    """y = x + w; with `nested`, inside both branches of an If, whose graphs carry the weights."""
    array = np.arange(weights, dtype=np.float32)
    if nested:
        return _nested(array)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "add",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [weights])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [weights])],
        [numpy_helper.from_array(array, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def _nested(array: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> onnx.ModelProto:
    out = helper.make_tensor_value_info("b", TensorProto.FLOAT, list(array.shape))
    value = numpy_helper.from_array(array, "value")
    branch = helper.make_graph([helper.make_node("Constant", [], ["b"], value=value)], "branch", [], [out])
    graph = helper.make_graph(
        [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)],
        "choice",
        [helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(array.shape))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def onnx_with_external_data(folder: Path, location: str = "weights.bin", **entries: str) -> Path:
    """A model whose weight says that it lies in `location`; what lies there is up to the caller."""
    model = onnx_model()
    (tensor,) = model.graph.initializer
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(len(raw)), **entries}.items():
        tensor.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def text(value: bytes) -> bytes:
    """A GGUF string."""
    return struct.pack("<Q", len(value)) + value


def pair(key: str, kind: int, value: bytes) -> bytes:
    """One GGUF key-value pair."""
    return text(key.encode()) + struct.pack("<I", kind) + value


def gguf(
    pairs: tuple[bytes, ...] = (),
    tensors: tuple[tuple[int, tuple[int, ...], int], ...] = ((0, (8, 4), 0),),
    data_bytes: int = 128,
    version: int = 3,
) -> bytes:
    """A GGUF file; a tensor is (ggml type, dimensions, offset)."""
    infos = b"".join(
        text(f"t{index}".encode()) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset)
        for index, (kind, dimensions, offset) in enumerate(tensors)
    )
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(pairs) + infos
    return head + bytes(-len(head) % 32) + bytes(data_bytes)


GGUF_PAIRS = (
    pair("general.architecture", 8, text(b"llama")),
    pair("llama.context_length", 4, struct.pack("<I", 2048)),
    pair("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 3) + text(b"<s>") + text("ü".encode()) + text(b"")),
    pair("tokenizer.ggml.scores", 9, struct.pack("<IQ3f", 6, 3, 0.0, -1.0, -2.0)),
    pair("tokenizer.ggml.nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ2i", 5, 2, 1, 2)),
)


def gguf_text(key: str, value: str) -> bytes:
    """A pair whose value is a text."""
    return pair(key, 8, text(value.encode()))


def gguf_whole(key: str, value: int) -> bytes:
    """A pair whose value is an unsigned 32-bit number."""
    return pair(key, 4, struct.pack("<I", value))


def gguf_flag(key: str, value: bool) -> bytes:
    """A pair whose value is true or false."""
    return pair(key, 7, struct.pack("<?", value))


def gguf_part(number: int, count: int, rows: int = 4) -> bytes:
    """Part `number` (from 0) of a language model in `count` files; only the first has the metadata."""
    split = (
        pair("split.no", 2, struct.pack("<H", number)),
        pair("split.count", 2, struct.pack("<H", count)),
        pair("split.tensors.count", 5, struct.pack("<i", count)),
    )
    tensors = ((0, (8, rows), 0),)
    return gguf((*(GGUF_PAIRS if number == 0 else ()), *split), tensors, data_bytes=32 * rows)


def saved_as_ort(model: bytes, path: Path) -> Path:
    """The model as ONNX Runtime itself saves it."""
    onnxruntime: Any = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return path
