"""What really ran, in sentences: where the nodes went, on how many threads. Pure."""

from collections.abc import Mapping, Sequence

from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

_SUFFIX = "ExecutionProvider"
_ON = {"CPU": "CPU", "builtin": "builtin CPU kernels", "XNNPACK": "XNNPACK (CPU)"}
_ORDER = ("XNNPACK", "CPU", "builtin")
"""Fallbacks come last."""


def placement_sentence(nodes_per_provider: Mapping[str, int]) -> str | None:
    """`412 nodes: 3 on CUDA, 409 on CPU`; None where the runtime does not tell."""
    total = sum(nodes_per_provider.values())
    if not total:
        return None
    names = {name.removesuffix(_SUFFIX): count for name, count in nodes_per_provider.items()}
    ordered = sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else -1, name))
    parts = ", ".join(f"{names[name]} on {_ON.get(name, name)}" for name in ordered)
    return f"{total} node{'s' if total != 1 else ''}: {parts}"


def cores_sentence(threads: int, affinity: Sequence[int]) -> str | None:
    """More threads than cores: they take turns, and the figures are those of turn-taking."""
    if not affinity or threads <= len(affinity):
        return None
    return (
        f"{threads} threads were requested on {len(affinity)} core{'s' if len(affinity) != 1 else ''}: they take turns"
    )


def full_sentence(runtime: str, required: bool) -> str | None:
    """A required full delegation that held. What fails it has no result to say so in."""
    if not required:
        return None
    if VARIANTS[runtime].needs_endpoint:
        return "full delegation was required, but an endpoint does not report where its model runs"
    if VARIANTS[runtime].cpu_only:
        return f"full delegation was required: {runtime} runs only on the CPU here, so nothing can fall back"
    return "full delegation was required, and every node runs on the requested provider"


def notes_of(
    runtime: str,
    required: bool,
    nodes_per_provider: Mapping[str, int],
    arithmetic: Sequence[str | None],
    threads: int,
    affinity: Sequence[int],
) -> tuple[str, ...]:
    """All that apply. `arithmetic`: sentences about what was computed in, see there."""
    sentences = (
        placement_sentence(nodes_per_provider),
        full_sentence(runtime, required),
        *arithmetic,
        cores_sentence(threads, affinity),
    )
    return tuple(sentence for sentence in sentences if sentence is not None)
