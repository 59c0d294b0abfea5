"""The compute graph that llama.cpp executes, seen through its evaluation callback: operators and their arithmetic."""

import ctypes
from collections import Counter
from pathlib import Path
from typing import Protocol, cast

from edgeprof_agent.runtimes.llama.llamacpp_api import EvalCallback, LlamaApi
from edgeprof_agent.worker_protocol.document import Operators

# Matrix products: ggml's CPU backend multiplies quantized weights by activations quantized on the fly (the
# `vec_dot_type` of each type in ggml-cpu.c), so these are integer dot products; everything else computes in floats.
_PRODUCTS = frozenset(("MUL_MAT", "MUL_MAT_ID"))
_MOVES_NAMES = "NONE VIEW RESHAPE PERMUTE TRANSPOSE CONT CPY DUP GET_ROWS SET_ROWS CONCAT REPEAT PAD"
_MOVES = frozenset(_MOVES_NAMES.split())


class Tensor(ctypes.Structure):
    """The head of `struct ggml_tensor` (ggml.h), as far as its first source."""

    type: int
    op: int
    src: int


Tensor._fields_ = [
    ("type", ctypes.c_int),
    ("buffer", ctypes.c_void_p),
    ("ne", ctypes.c_int64 * 4),
    ("nb", ctypes.c_size_t * 4),
    ("op", ctypes.c_int),
    ("op_params", ctypes.c_int32 * 16),
    ("flags", ctypes.c_int32),
    ("src", ctypes.c_void_p),
]


class Ggml(Protocol):
    """The functions that name things."""

    def ggml_op_name(self, op: int, /) -> bytes: ...
    def ggml_op_desc(self, tensor: object, /) -> bytes: ...
    def ggml_type_name(self, kind: int, /) -> bytes: ...
    def ggml_is_quantized(self, kind: int, /) -> bool: ...


class GraphReader:
    """Collects each node that the scheduler is about to run. `callback` must outlive the context."""

    def __init__(self, api: LlamaApi, ggml: Ggml) -> None:
        self._ggml = ggml
        self._operators: Counter[str] = Counter()
        self._weights: Counter[str] = Counter()
        self._arithmetic: Counter[str] = Counter()
        self._strange: list[str] = []
        self.callback: EvalCallback = api.ggml_backend_sched_eval_callback(self._see)

    def operators(self) -> Operators:
        """What was collected. Raises LookupError where this llama.cpp lays its tensors out differently."""
        if self._strange:
            raise LookupError(f"this llama.cpp lays out its tensors differently: {self._strange[0]}")
        weights = ", ".join(f"{count} {name}" for name, count in self._weights.most_common())
        return {
            "operators": dict(self._operators.most_common()),
            "nodes_per_provider": {"CPU": sum(self._operators.values())},
            "integer_kernels": self._arithmetic["integer"],
            "float_kernels": self._arithmetic["float"],
            "half_kernels": None,
            "notes": [
                "operators are those of one generated token, from a walk after the measurement",
                f"matrix products by weight type: {weights}; quantized ones are integer dot products",
            ],
        }

    def _see(self, tensor: int, ask: bool, _: object) -> bool:
        if ask:
            self._count(Tensor.from_address(tensor))
        return False  # the values are not wanted: nothing is slowed or split

    def _count(self, tensor: Tensor) -> None:
        described = self._ggml.ggml_op_desc(ctypes.byref(tensor)).decode()
        name = self._ggml.ggml_op_name(tensor.op).decode() if 0 <= tensor.op < 256 else str(tensor.op)
        if described in _PRODUCTS and described != name:
            self._strange.append(f"{described} read as {name}")
            return
        self._operators[described] += 1
        self._arithmetic[self._kind(name, tensor)] += 1

    def _kind(self, name: str, tensor: Tensor) -> str:
        if name in _MOVES:
            return "none"
        if name not in _PRODUCTS:
            return "float"
        weight = Tensor.from_address(tensor.src).type
        self._weights[self._ggml.ggml_type_name(weight).decode()] += 1
        return "integer" if self._ggml.ggml_is_quantized(weight) else "float"


def open_ggml(path: Path) -> Ggml:
    """The library that is loaded already."""
    library = ctypes.CDLL(str(path))
    for name, arguments, result in (
        ("ggml_op_name", [ctypes.c_int], ctypes.c_char_p),
        ("ggml_op_desc", [ctypes.POINTER(Tensor)], ctypes.c_char_p),
        ("ggml_type_name", [ctypes.c_int], ctypes.c_char_p),
        ("ggml_is_quantized", [ctypes.c_int], ctypes.c_bool),
    ):
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = result
    return cast(Ggml, library)
