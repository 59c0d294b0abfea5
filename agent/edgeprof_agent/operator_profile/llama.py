"""llama.cpp: a second context with the evaluation callback set, next to one without it."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from edgeprof_agent.operator_profile.blocks import interleaved, reduced
from edgeprof_agent.operator_profile.document import NodeDocument, PhaseDocument, ProfileDocument
from edgeprof_agent.operator_profile.llama_graph import GraphNode, NodeWalk
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure, TensorModel, TextModel
from edgeprof_agent.worker_protocol.document import WorkerJob

if TYPE_CHECKING:
    from edgeprof_agent.runtimes.llama.llamacpp import LlamaModel
    from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext, Tokens

_STEPS = 8
"""Generated tokens of one timed run: they share one graph, as the memory grows in steps of 256 cells."""
_MAX_PROMPT = 512
"""A longer prompt is evaluated in several graphs (n_ubatch)."""


def record(opened: TensorModel | TextModel, job: WorkerJob) -> ProfileDocument:
    """Raises RuntimeFailure where the callback's place in the parameters is not proven."""
    if not job["eval_callback"]:
        raise RuntimeFailure(
            "runtime_missing", "This library's evaluation callback was not proven: see edgeprof doctor."
        )
    model = cast("LlamaModel", opened)
    setting = model.setting()
    prompt_tokens = min(job["config"].prompt_tokens, _MAX_PROMPT)
    with model.watched(NodeWalk, max(prompt_tokens, _STEPS + 1)) as (walk, plain, timed, draw):
        prefill = _prefill(walk, plain, timed, draw(prompt_tokens), job["stop_at_ns"])
        decode = _decode(walk, plain, timed, [draw(1) for _ in range(_STEPS + 1)], job["stop_at_ns"])
    return {
        "runtime": job["config"].runtime,
        "runtime_version": setting["runtime_version"],
        "threads": setting["threads"],
        "tick_ns": 1,
        "phases": [prefill, decode],
        "notes": [
            f"prompt of {prompt_tokens} tokens; generation from an empty memory",
            "the callback's own time lies between operators: it lengthens a run, and no operator's time",
        ],
    }


def _prefill(
    walk: NodeWalk, plain: "LlamaContext", timed: "LlamaContext", prompt: "Tokens", stop_at_ns: int
) -> PhaseDocument:
    walk.learn()
    timed.clear()
    timed.evaluate(prompt)
    runs: list[list[int]] = []

    def once(context: "LlamaContext") -> float:
        context.clear()
        started_ns = time.monotonic_ns()
        context.evaluate(prompt)
        return time.monotonic_ns() - started_ns

    def profiled() -> float:
        walk.begin()
        took_ns = once(timed)
        walk.check()
        runs.append(walk.times_ns)
        return took_ns

    blocks = interleaved(lambda: once(plain), profiled, stop_at_ns)
    return _phase("prefill", walk, blocks.plain_ns, blocks.profiled_ns, [runs[place] for place in blocks.kept])


def _decode(
    walk: NodeWalk, plain: "LlamaContext", timed: "LlamaContext", tokens: "list[Tokens]", stop_at_ns: int
) -> PhaseDocument:
    """The first token is evaluated untimed: its graph is that of an empty memory."""
    timed.clear()
    timed.evaluate(tokens[0])
    walk.learn()
    timed.evaluate(tokens[1])
    runs: list[list[int]] = []

    def profiled() -> float:
        timed.clear()
        walk.begin()
        timed.evaluate(tokens[0])
        took_ns = 0
        steps: list[list[int]] = []
        for token in tokens[1:]:
            walk.begin()
            started_ns = time.monotonic_ns()
            timed.evaluate(token)
            took_ns += time.monotonic_ns() - started_ns
            walk.check()
            steps.append(walk.times_ns)
        runs.append([sum(step) for step in zip(*steps, strict=True)])
        return took_ns

    def unwatched() -> float:
        plain.clear()
        plain.evaluate(tokens[0])
        started_ns = time.monotonic_ns()
        for token in tokens[1:]:
            plain.evaluate(token)
        return time.monotonic_ns() - started_ns

    blocks = interleaved(unwatched, profiled, stop_at_ns)
    steps = len(tokens) - 1
    kept = [[took / steps for took in runs[place]] for place in blocks.kept]
    return _phase("decode", walk, _each(blocks.plain_ns, steps), _each(blocks.profiled_ns, steps), kept)


def _each(times_ns: list[float], steps: int) -> list[float]:
    return [took / steps for took in times_ns]


def _phase(
    phase: str, walk: NodeWalk, plain_ns: list[float], profiled_ns: list[float], runs: Sequence[Sequence[float]]
) -> PhaseDocument:
    """`runs`: one entry a profiled run, with one time a node."""
    times_ns, sums_ns = reduced(list(zip(*runs, strict=True)))
    last = zip(walk.starts_ns, walk.times_ns, strict=True)
    return {
        "phase": phase,
        "plain_ns": plain_ns,
        "profiled_ns": profiled_ns,
        "sums_ns": sums_ns,
        "nodes": [_node(node, took_ns) for node, took_ns in zip(walk.nodes, times_ns, strict=True)],
        "timeline": [(place, start_ns, took_ns) for place, (start_ns, took_ns) in enumerate(last)],
    }


def _node(node: GraphNode, time_ns: float) -> NodeDocument:
    return {
        "name": node.name,
        "op": node.op,
        "place": "CPU",
        "time_ns": time_ns,
        "inputs": node.inputs,
        "weights": node.weights,
        "outputs": node.outputs,
        "precision": node.precision,
        "threads": None,
        "kernel": "",
        "has_tensors": True,
    }
