"""Which figures the words `latency`, `memory`, `accuracy` ... mean, and those of METRICS by their own names. Pure."""

from collections.abc import Sequence

from edgeprof.errors import UsageError
from edgeprof.wire.metrics import METRICS

GROUPS: dict[str, tuple[str, ...]] = {
    "latency": (
        *("latency_p50_ms", "latency_p95_ms", "latency_p99_ms"),
        *("ttft_ms", "inter_token_p50_ms", "inter_token_p95_ms"),
    ),
    "memory": ("peak_memory_mib", "baseline_memory_mib", "kv_cache_mib"),
    "throughput": ("throughput_per_s", "decode_tokens_per_s", "prefill_tokens_per_s"),
    "load": ("load_ms", "first_inference_ms", "load_cold_ms"),
    "energy": tuple(name for name, metric in METRICS.items() if metric.scope == "energy"),
    "accuracy": tuple(name for name, metric in METRICS.items() if metric.scope == "quality"),
    "cost": ("cost_usd",),
    "size": ("model_size_mib",),
}
"""Each group's first figures lead in a table. A run brings those of its kind of model."""
COST = "cost_usd"
"""Of a stated unit of work, by the hub's price catalogue. No metric of a run."""


def chosen(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The figures that each word asks for. Raises UsageError `bad_metric` for an unknown word.

    >>> chosen(["memory", "load_ms"])
    {'memory': ('peak_memory_mib', 'baseline_memory_mib', 'kv_cache_mib'), 'load_ms': ('load_ms',)}
    """
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        if word not in GROUPS and word not in METRICS:
            raise UsageError("bad_metric", f"No metric {word!r}. Groups: {', '.join(GROUPS)}; or a metric's own name.")
        found[word] = GROUPS.get(word, (word,))
    if not found:
        raise UsageError("bad_metric", f"Name at least one metric. Groups: {', '.join(GROUPS)}.")
    return found


def is_quality(metric: str) -> bool:
    """Whether an evaluation gives this figure."""
    return metric in METRICS and METRICS[metric].scope == "quality"
