"""llama.cpp's evaluation callback: a graph's nodes with their tensors, seen once, and their times, with little Python.

The callback is called before a node ("ask") and after it. A "no" to the ask joins the node to the next one. Which nodes
run nothing is learned in a first walk, so that the timed walk reads no tensor at all.
"""

import ctypes
import time
from pathlib import Path
from typing import Any, NamedTuple

from edgeprof_agent.operator_profile.document import TensorDocument
from edgeprof_agent.runtimes.llama.llamacpp_api import EvalCallback, LlamaApi
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_NOTHING_RUNS = frozenset(("NONE", "VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE"))
_MAX_SOURCES = 10
"""GGML_MAX_SRC"""
_PRODUCTS = frozenset(("MUL_MAT", "MUL_MAT_ID", "FLASH_ATTN_EXT"))
_PRECISIONS = {"f32": "fp32", "f16": "fp16"}


class _Tensor(ctypes.Structure):
    """`struct ggml_tensor` (ggml.h) as far as its sources."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),
        ("nb", ctypes.c_size_t * 4),
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_int32 * 16),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * _MAX_SOURCES),
    )


class GraphNode(NamedTuple):
    """One node that runs."""

    name: str
    op: str
    inputs: list[TensorDocument]
    weights: list[TensorDocument]
    outputs: list[TensorDocument]
    precision: str


class NodeWalk:
    """Nodes of the graphs that a context evaluates. `callback` must outlive the context.

    `learn` before the first evaluation of a graph, `begin` before each timed one of the same graph.
    """

    def __init__(self, api: LlamaApi, library: Path) -> None:
        self._ggml: Any = _functions(library)
        self.callback: EvalCallback = api.ggml_backend_sched_eval_callback(self._see)
        self.learn()

    def learn(self) -> None:
        """The next evaluation is another graph."""
        self.nodes: list[GraphNode] = []
        self._runs: list[bool] = []
        self._is_learning = True
        self._asked = self._began_ns = 0
        self.times_ns: list[int] = []
        self.starts_ns: list[int] = []

    def begin(self) -> None:
        """The next evaluation is timed."""
        self._is_learning = False
        self._asked = 0
        self.times_ns = []
        self.starts_ns = []

    def check(self) -> None:
        """Raises RuntimeFailure where the last evaluation was of another graph than the one that was learned."""
        if self._asked != len(self._runs) or len(self.times_ns) != len(self.nodes):
            raise RuntimeFailure(
                "inference_error",
                f"llama.cpp evaluated {self._asked} nodes where {len(self._runs)} were learned: the graph changed.",
            )

    def _see(self, address: int, ask: bool, _: object) -> bool:
        if not ask:
            self.times_ns.append(time.monotonic_ns() - self._began_ns)
            return True
        if self._is_learning:
            return self._learned(_Tensor.from_address(address), address)
        place = self._asked
        self._asked = place + 1
        if place < len(self._runs) and self._runs[place]:
            self._began_ns = time.monotonic_ns()
            self.starts_ns.append(self._began_ns)
            return True
        return False

    def _learned(self, tensor: _Tensor, address: int) -> bool:
        op = self._ggml.ggml_op_desc(address).decode()
        runs = op not in _NOTHING_RUNS
        self._runs.append(runs)
        if runs:
            self.nodes.append(self._node(op, tensor, address))
        return False

    def _node(self, op: str, tensor: _Tensor, address: int) -> GraphNode:
        sources = [(int(each), _Tensor.from_address(each)) for each in tensor.src if each]
        weights = [self._is_weight(*each) for each in sources]
        shown = [self._document(each) for _, each in sources]
        precision = ""
        if op in _PRODUCTS and sources:
            of = sources[1 if op == "FLASH_ATTN_EXT" else 0][1]
            kind = str(self._ggml.ggml_type_name(of.type).decode())
            precision = _PRECISIONS.get(kind, kind)
        return GraphNode(
            name=self._ggml.ggml_get_name(address).decode(errors="replace"),
            op=op,
            inputs=[each for each, is_weight in zip(shown, weights, strict=True) if not is_weight],
            weights=[each for each, is_weight in zip(shown, weights, strict=True) if is_weight],
            outputs=[self._document(tensor)],
            precision=precision,
        )

    def _is_weight(self, address: int, tensor: _Tensor) -> bool:
        """A leaf by a weight's name: the memory's own leaves are called `cache_...`."""
        is_leaf = self._ggml.ggml_op_desc(address) == b"NONE"
        return is_leaf and self._ggml.ggml_get_name(address).endswith((b".weight", b".bias"))

    def _document(self, tensor: _Tensor) -> TensorDocument:
        sizes = [int(each) for each in tensor.ne]
        row_bytes = int(self._ggml.ggml_row_size(tensor.type, sizes[0]))
        kind = self._ggml.ggml_type_name(tensor.type).decode()
        return {"type": kind, "shape": sizes, "bytes": row_bytes * sizes[1] * sizes[2] * sizes[3]}


def _functions(library: Path) -> Any:
    """ggml's own, in the library that is loaded already."""
    found = ctypes.CDLL(str(library))
    for name, arguments, result in (
        ("ggml_op_desc", [ctypes.c_void_p], ctypes.c_char_p),
        ("ggml_get_name", [ctypes.c_void_p], ctypes.c_char_p),
        ("ggml_type_name", [ctypes.c_int], ctypes.c_char_p),
        ("ggml_row_size", [ctypes.c_int, ctypes.c_int64], ctypes.c_size_t),
    ):
        function = getattr(found, name)
        function.argtypes, function.restype = arguments, result
    return found
