"""LiteRT: its compiled model with the C profiler, next to the interpreter that is measured."""

import time
from collections import Counter
from typing import TYPE_CHECKING, cast

import numpy as np

from edgeprof_agent.operator_profile.blocks import interleaved, reduced
from edgeprof_agent.operator_profile.document import NodeDocument, ProfileDocument, TensorDocument, tensor
from edgeprof_agent.operator_profile.litert_library import CompiledModel, Event
from edgeprof_agent.operator_profile.litert_nodes import Matched, matched, node_events, precision_of
from edgeprof_agent.runtimes.litert.graph import DELEGATE, delegated_nodes
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure, TensorModel, TextModel
from edgeprof_agent.worker_protocol.document import WorkerJob

if TYPE_CHECKING:
    from edgeprof_agent.runtimes.litert.adapter import LiteRtGraph, LiteRtModel

_TICK_NS = 1000


def record(opened: TensorModel | TextModel, job: WorkerJob) -> ProfileDocument:
    """Raises RuntimeFailure where this LiteRT lacks the profiler, or lays it out differently."""
    model = cast("LiteRtModel", opened)
    setting = model.setting()
    if job["config"].signature:
        raise RuntimeFailure("input_unsupported", "LiteRT's profiler runs a file's first signature. Leave it out.")
    compiled = CompiledModel(job["model_path"], job["config"].threads)
    graph = model.graph()
    compiled.feed([graph.inputs[name].tobytes() for name in compiled.input_names])
    runs: list[list[Event]] = []
    starts_ns: list[int] = []

    def profiled() -> float:
        compiled.start()
        starts_ns.append(time.monotonic_ns())
        compiled.run()
        took_ns = time.monotonic_ns() - starts_ns[-1]
        runs.append(node_events(compiled.stop()))
        return took_ns

    def plain() -> float:
        started_ns = time.monotonic_ns()
        model.infer()
        return time.monotonic_ns() - started_ns

    blocks = interleaved(plain, profiled, job["stop_at_ns"])
    kept = [runs[place] for place in blocks.kept]
    tags, _ = Counter(tuple(event.tag for event in run) for run in kept).most_common(1)[0]
    kept = [run for run in kept if tuple(event.tag for event in run) == tags]
    times_ns, sums_ns = reduced([[float(run[k].elapsed_us * _TICK_NS) for run in kept] for k in range(len(tags))])
    real = [node for node in graph.nodes if node["op_name"] != DELEGATE]
    inside = delegated_nodes(graph.nodes)
    pairs = matched(kept[-1], [node["op_name"] for node in real], [node["index"] in inside for node in real])
    return {
        "runtime": job["config"].runtime,
        "runtime_version": setting["runtime_version"],
        "threads": setting["threads"],
        "tick_ns": _TICK_NS,
        "phases": [
            {
                "phase": "inference",
                "plain_ns": blocks.plain_ns,
                "profiled_ns": blocks.profiled_ns,
                "sums_ns": sums_ns,
                "nodes": [_node(pair, time_ns, graph) for pair, time_ns in zip(pairs, times_ns, strict=True)],
                "timeline": _timeline(kept[-1], starts_ns[blocks.kept[-1]]),
            }
        ],
        "notes": [
            f"inputs: {setting['input_source']}",
            "LiteRT reports no start of a delegate's kernels: the trace places one after the other",
        ],
    }


def _timeline(events: list[Event], start_ns: int) -> list[tuple[int, int, int]]:
    spans: list[tuple[int, int, int]] = []
    at_ns = start_ns
    for place, event in enumerate(events):
        spans.append((place, at_ns, event.elapsed_us * _TICK_NS))
        at_ns += event.elapsed_us * _TICK_NS
    return spans


def _node(pair: Matched, time_ns: float, graph: "LiteRtGraph") -> NodeDocument:
    event, place = pair
    node = None if place is None else [each for each in graph.nodes if each["op_name"] != DELEGATE][place]
    is_own = node is not None and node["op_name"] == event.tag
    inputs = [int(each) for each in node["inputs"] if int(each) >= 0] if node else []
    outputs = [int(each) for each in node["outputs"]] if node else []
    return {
        "name": graph.names.get(outputs[0], "") if outputs else "",
        "op": node["op_name"] if node else event.tag,
        "place": "builtin" if is_own else "XNNPACK",
        "time_ns": time_ns,
        "inputs": [_tensor(graph, each) for each in inputs if each not in graph.stored],
        "weights": [_tensor(graph, each) for each in inputs if each in graph.stored],
        "outputs": [_tensor(graph, each) for each in outputs],
        "precision": precision_of(event),
        "threads": None,
        "kernel": "" if is_own else event.tag,
        "has_tensors": node is not None,
    }


def _tensor(graph: "LiteRtGraph", index: int) -> TensorDocument:
    shape, kind = graph.tensors[index]
    return tensor(kind.name, shape, np.dtype(kind).itemsize)
