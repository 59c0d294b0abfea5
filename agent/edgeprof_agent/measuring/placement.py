"""What really ran, in sentences: where the nodes went, in what arithmetic, on how many threads. Pure."""

import re
from collections.abc import Mapping, Sequence

from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

_SUFFIX = "ExecutionProvider"
_ON = {"CPU": "CPU", "builtin": "builtin CPU kernels", "XNNPACK": "XNNPACK (CPU)"}
_ORDER = ("XNNPACK", "CPU", "builtin")
"""Fallbacks come last."""
_MOSTLY = 0.5
_SAYS_INTEGER = re.compile(r"(?<![a-z0-9])(u?int8|i8|u8|s8|w8a8|int4|quant(ized)?|qdq)(?![a-z0-9])", re.IGNORECASE)


def placement_sentence(nodes_per_provider: Mapping[str, int]) -> str | None:
    """`412 nodes: 3 on CUDA, 409 on CPU`; None where the runtime does not tell."""
    total = sum(nodes_per_provider.values())
    if not total:
        return None
    names = {name.removesuffix(_SUFFIX): count for name, count in nodes_per_provider.items()}
    ordered = sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else -1, name))
    parts = ", ".join(f"{names[name]} on {_ON.get(name, name)}" for name in ordered)
    return f"{total} node{'s' if total != 1 else ''}: {parts}"


def claim_of(model_name: str, small_weights_share: float | None) -> str | None:
    """What makes a model look as if it computed in integers: how its weights are stored, else only its name."""
    if small_weights_share is not None and small_weights_share >= _MOSTLY:
        return f"{small_weights_share:.0%} of its weights are stored in 8 bits or fewer"
    claim = _SAYS_INTEGER.search(model_name)
    return f"its name says {claim[1]}" if claim else None


def disguise_sentence(claim: str | None, integer_kernels: int | None, float_kernels: int | None) -> str | None:
    """A model that looks quantized and computes in floats all the same."""
    if claim is None or integer_kernels != 0 or not float_kernels:
        return None
    return f"floats in disguise: {claim}, but all of its {float_kernels} computing nodes use floats"


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
    claim: str | None,
    nodes_per_provider: Mapping[str, int],
    kernels: tuple[int | None, int | None],
    threads: int,
    affinity: Sequence[int],
) -> tuple[str, ...]:
    """All that apply. `claim` is of `claim_of`; `kernels`: integer, float."""
    sentences = (
        placement_sentence(nodes_per_provider),
        full_sentence(runtime, required),
        disguise_sentence(claim, *kernels),
        cores_sentence(threads, affinity),
    )
    return tuple(sentence for sentence in sentences if sentence is not None)
