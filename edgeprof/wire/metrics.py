"""The one registry of metrics: name, unit, which direction is better, what may be compared with what."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "neither"]
Origin = Literal["measured", "modelled", "predicted", "entered"]
Scope = Literal["timing", "memory", "energy", "size", "cost"]
"""What a figure may be compared with. `timing` figures of an emulated device are shown and never ranked."""

ORIGINS: tuple[Origin, ...] = ("measured", "modelled", "predicted", "entered")


@dataclass(frozen=True)
class Metric:
    """One kind of figure. `name` ends in its unit wherever it has one."""

    name: str
    title: str
    unit: str
    better: Better
    scope: Scope
    meaning: str


_ALL = (
    Metric("worker_start_ms", "Process start", "ms", "lower", "timing", "from spawn to the worker's first line"),
    Metric("runtime_import_ms", "Runtime import", "ms", "lower", "timing", "importing the runtime's package"),
    Metric("load_ms", "Load", "ms", "lower", "timing", "opening the model, up to a session that can run"),
    Metric("first_inference_ms", "First inference", "ms", "lower", "timing", "the first run after the load"),
    Metric("latency_p50_ms", "p50", "ms", "lower", "timing", "median latency of one steady inference"),
    Metric("latency_p95_ms", "p95", "ms", "lower", "timing", "95th percentile of latency"),
    Metric("latency_p99_ms", "p99", "ms", "lower", "timing", "99th percentile of latency"),
    Metric("latency_mean_ms", "Mean", "ms", "lower", "timing", "arithmetic mean of latency"),
    Metric("throughput_per_s", "Throughput", "1/s", "higher", "timing", "inferences a second, back to back"),
    Metric("prefill_tokens_per_s", "Prefill", "tokens/s", "higher", "timing", "prompt tokens a second"),
    Metric("decode_tokens_per_s", "Decode", "tokens/s", "higher", "timing", "generated tokens a second"),
    Metric("ttft_ms", "TTFT", "ms", "lower", "timing", "time to the first token of the stated prompt, warm"),
    Metric("inter_token_p50_ms", "Inter-token p50", "ms", "lower", "timing", "median time between two tokens"),
    Metric("inter_token_p95_ms", "Inter-token p95", "ms", "lower", "timing", "95th percentile between two tokens"),
    Metric("peak_memory_mib", "Peak memory", "MiB", "lower", "memory", "VmHWM of the worker process"),
    Metric("baseline_memory_mib", "Before load", "MiB", "lower", "memory", "worker's RSS with the runtime imported"),
    Metric("model_size_mib", "Size", "MiB", "lower", "size", "all files of the model on disk"),
    Metric("energy_per_inference_j", "Energy", "J", "lower", "energy", "gross energy of one inference"),
    Metric("energy_per_token_j", "Energy per token", "J", "lower", "energy", "gross energy of one generated token"),
    Metric("average_power_w", "Power", "W", "lower", "energy", "mean power over the measured window"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
