"""ONNX Runtime's peak: its own matrix products, in a file of two inputs and one node that is written here.

The int8 product is uint8 by int8, as static quantization makes it: of uint8 by uint8 the peak is lower.
"""

import importlib
from typing import Any

import numpy as np

from edgeprof_agent.operator_profile.best_rate import best_gflop_s
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_SIZES = (512, 1024)
_FLOAT, _UINT8, _INT8, _INT32 = 1, 2, 3, 6
"""TensorProto.DataType"""
_PRODUCTS = {"fp32": ("MatMul", _FLOAT, _FLOAT, _FLOAT), "int8": ("MatMulInteger", _UINT8, _INT8, _INT32)}
_NUMPY: dict[int, Any] = {_FLOAT: np.float32, _UINT8: np.uint8, _INT8: np.int8}
_OPSET, _IR = 13, 8


def peaks(threads: int, wanted: list[str]) -> dict[str, float]:
    """By precision, in 10^9 operations a second, the best of two sizes. A precision that is not known is left out."""
    return {name: max(_rate(name, size, threads) for size in _SIZES) for name in wanted if name in _PRODUCTS}


def _rate(name: str, size: int, threads: int) -> float:
    api: Any = importlib.import_module("onnxruntime")
    op, first, second, out = _PRODUCTS[name]
    options = api.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = api.InferenceSession(product_model(op, first, second, out, size), options, providers=[_CPU])
    values = np.random.default_rng(1)
    feeds = {"a": _random(values, first, size), "b": _random(values, second, size)}
    if session.run(None, feeds)[0].shape != (size, size):
        raise RuntimeFailure("inference_error", "ONNX Runtime's product has the wrong size.")
    return best_gflop_s(lambda: session.run(None, feeds), 2.0 * size**3)


_CPU = "CPUExecutionProvider"


def _random(values: np.random.Generator, kind: int, size: int) -> "np.ndarray[Any, Any]":
    if kind == _FLOAT:
        return values.random((size, size), np.float32)
    return values.integers(0, 100, (size, size)).astype(_NUMPY[kind])


def product_model(op: str, first: int, second: int, out: int, size: int) -> bytes:
    """An ONNX file: c = a by b, square. Field numbers from onnx.proto."""
    node = _text(1, "a") + _text(1, "b") + _text(2, "c") + _text(4, op)
    inputs = _message(11, _value("a", first, size)) + _message(11, _value("b", second, size))
    graph = _message(1, node) + _text(2, "product") + inputs + _message(12, _value("c", out, size))
    return _number(1, _IR) + _message(7, graph) + _message(8, _text(1, "") + _number(2, _OPSET))


def _value(name: str, kind: int, size: int) -> bytes:
    shape = _message(1, _number(1, size)) * 2
    return _text(1, name) + _message(2, _message(1, _number(1, kind) + _message(2, shape)))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())
