"""ONNX Runtime: a second session with its profiler on, next to the session that is measured."""

import importlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from edgeprof_agent.operator_profile.blocks import interleaved, reduced
from edgeprof_agent.operator_profile.document import NodeDocument, ProfileDocument, TensorDocument
from edgeprof_agent.operator_profile.onnx_events import Kernel, Shaped, read_profile
from edgeprof_agent.operator_profile.onnx_graph import Graph, read_graph, split, unpadded
from edgeprof_agent.runtimes.onnx.session import is_ort, provider_name
from edgeprof_agent.runtimes.onnx.trace import is_integer
from edgeprof_agent.worker_protocol.adapter import TensorModel, TextModel
from edgeprof_agent.worker_protocol.document import WorkerJob

if TYPE_CHECKING:
    from edgeprof_agent.runtimes.onnx.adapter import OnnxModel

_OPTIMIZED = "optimized.onnx"
_MAX_WRITTEN_BYTES = 400 * 1024 * 1024
"""A larger model's optimized graph is not written: a child may write 512 MiB."""
_TICK_NS = 1000
_PRODUCT_NAMES = (
    "Conv FusedConv NhwcFusedConv ConvInteger QLinearConv ConvTranspose MatMul FusedMatMul Gemm FusedGemm "
    "MatMulInteger QLinearMatMul MatMulIntegerToFloat DynamicQuantizeMatMul QGemm LSTM GRU RNN DynamicQuantizeLSTM "
    "Attention MultiHeadAttention GroupQueryAttention QAttention Einsum"
)
_PRODUCTS = frozenset(_PRODUCT_NAMES.split())
_PRECISIONS = {"float": "fp32", "float16": "fp16", "bfloat16": "bf16", "double": "fp64"}


def record(opened: TensorModel | TextModel, job: WorkerJob) -> ProfileDocument:
    """Raises whatever the runtime raises."""
    model = cast("OnnxModel", opened)
    setting = model.setting()
    written = _written(job)
    try:
        session, infer = model.profiled(written)
    except Exception:  # no room for the file in a sandbox: the events alone then have to do
        session, infer = model.profiled()
    starts_ns: list[int] = []

    def profiled() -> float:
        starts_ns.append(time.monotonic_ns())
        infer()
        return time.monotonic_ns() - starts_ns[-1]

    def plain() -> float:
        started_ns = time.monotonic_ns()
        model.infer()
        return time.monotonic_ns() - started_ns

    blocks = interleaved(plain, profiled, job["stop_at_ns"])
    found = read_profile(Path(session.end_profiling()).read_bytes(), blocks.kept, starts_ns[-1])
    graph: Graph = read_graph(Path(written)) if written and os.path.exists(written) else {}
    named = read_graph(Path(job["model_path"])) if graph else {}
    times_ns, sums_ns = reduced(found.times_ns)
    kernels = [unpadded(kernel, named) for kernel in found.kernels]
    nodes = [_node(*each, {**named, **graph}) for each in zip(kernels, times_ns, strict=True)]
    return {
        "runtime": job["config"].runtime,
        "runtime_version": importlib.import_module("onnxruntime").__version__,
        "threads": setting["threads"],
        "tick_ns": _TICK_NS,
        "phases": [
            {
                "phase": "inference",
                "plain_ns": blocks.plain_ns,
                "profiled_ns": blocks.profiled_ns,
                "sums_ns": sums_ns,
                "nodes": nodes,
                "timeline": found.timeline,
            }
        ],
        "notes": [f"inputs: {setting['input_source']}"],
    }


def _written(job: WorkerJob) -> str:
    """Where the optimized graph goes, in the child's own folder; empty where it is not wanted."""
    size = sum(os.path.getsize(each) for each in job["model_files"])
    return "" if is_ort(job["model_path"]) or size > _MAX_WRITTEN_BYTES else os.path.abspath(_OPTIMIZED)


def _node(kernel: Kernel, time_ns: float, graph: Graph) -> NodeDocument:
    found = split(kernel, graph)
    return {
        "name": kernel.name,
        "op": kernel.op,
        "place": provider_name(kernel.provider),
        "time_ns": time_ns,
        "inputs": _documents(found.activations),
        "weights": _documents(found.weights),
        "outputs": _documents(kernel.outputs),
        "precision": _precision(kernel),
        "threads": kernel.threads,
        "kernel": "",
        "has_tensors": bool(kernel.outputs),
    }


def _documents(tensors: tuple[Shaped, ...]) -> list[TensorDocument]:
    return [{"type": each.type, "shape": list(each.shape), "bytes": each.bytes} for each in tensors]


def _precision(kernel: Kernel) -> str:
    """MatMulNBits is left open: its accuracy level, which is in the file, decides."""
    if kernel.op not in _PRODUCTS:
        return ""
    if is_integer(kernel.op):
        return "int8"
    return next((_PRECISIONS[each.type] for each in kernel.inputs if each.type in _PRECISIONS), "")
