"""The one registry of metrics: name, unit, which direction is better, what may be compared with what."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "neither"]
Origin = Literal["measured", "modelled", "predicted", "entered"]
Scope = Literal["timing", "memory", "energy", "size", "cost", "quality"]
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


_TIMING = (
    ("worker_start_ms", "Process start", "from spawn to the worker's first line"),
    ("runtime_import_ms", "Runtime import", "importing the runtime's package"),
    ("load_ms", "Load, warm", "opening the model until a session can run, with its files in the page cache"),
    ("load_cold_ms", "Load, cold", "the same in a separate start, with its files dropped from the page cache"),
    ("first_inference_ms", "First inference", "the first run after the load"),
    ("first_inference_cold_ms", "First inference, cold", "the first run after the cold load"),
    ("latency_p50_ms", "p50", "median latency of one steady inference"),
    ("latency_p90_ms", "p90", "90th percentile of latency"),
    ("latency_p95_ms", "p95", "95th percentile of latency"),
    ("latency_p99_ms", "p99", "99th percentile of latency"),
    ("latency_p999_ms", "p99.9", "99.9th percentile of latency"),
    ("latency_mean_ms", "Mean", "arithmetic mean of latency"),
    ("response_p50_ms", "Response p50", "median time from planned arrival to answer, in the open loop"),
    ("response_p95_ms", "Response p95", "95th percentile of the response time"),
    ("response_p99_ms", "Response p99", "99th percentile of the response time"),
    ("sustained_p50_ms", "Sustained p50", "median over the end of the soak: an inference, or a generated token"),
    (
        "ttft_ms",
        "TTFT",
        "time to the first token of the stated prompt, warm, without tokenizer; hosted: as a client sees it",
    ),
    ("ttft_cold_ms", "TTFT, cold", "time to the first token of the first prompt after the cold load"),
    (
        "ttft_cached_ms",
        "TTFT, cached",
        "time to the first token with all but the last token of the prompt cached",
    ),
    ("inter_token_p50_ms", "Inter-token p50", "median time between two tokens"),
    ("inter_token_p95_ms", "Inter-token p95", "95th percentile between two tokens"),
    ("inter_token_p99_ms", "Inter-token p99", "99th percentile between two tokens"),
    ("connect_ms", "Connect", "opening a connection to an endpoint (DNS, TCP, TLS); part of no other figure"),
    ("tokenize_ms", "Tokenizer", "turning the stated prompt's text into tokens; part of no other figure"),
    ("sample_ms", "Sampler", "choosing one token greedily; part of TTFT only"),
)
_RATES = (
    ("throughput_per_s", "Throughput", "1/s", "inferences a second, back to back"),
    ("prefill_tokens_per_s", "Prefill", "tokens/s", "prompt tokens a second"),
    ("decode_tokens_per_s", "Decode", "tokens/s", "generated tokens a second"),
    ("sustained_tokens_per_s", "Sustained decode", "tokens/s", "generated tokens a second over the end of the soak"),
)
_OTHERS = (
    Metric("peak_memory_mib", "Peak memory", "MiB", "lower", "memory", "VmHWM of the worker process"),
    Metric("baseline_memory_mib", "Before load", "MiB", "lower", "memory", "worker's RSS with the runtime imported"),
    Metric("kv_cache_mib", "KV cache", "MiB", "lower", "memory", "memory of the KV cache for the stated context"),
    Metric("model_size_mib", "Size", "MiB", "lower", "size", "all files of the model on disk"),
    Metric(
        "request_errors_percent",
        "Failed requests",
        "%",
        "lower",
        "timing",
        "share of requests to an endpoint that were not answered in full",
    ),
    Metric("energy_per_inference_j", "Energy", "J", "lower", "energy", "gross energy of one inference"),
    Metric("energy_per_token_j", "Energy per token", "J", "lower", "energy", "gross energy of one generated token"),
    Metric(
        "energy_per_prompt_token_j",
        "Energy per prompt token",
        "J",
        "lower",
        "energy",
        "gross energy of one prompt token",
    ),
    Metric("net_energy_per_inference_j", "Net energy", "J", "lower", "energy", "energy of one inference above idle"),
    Metric(
        "net_energy_per_token_j",
        "Net energy per token",
        "J",
        "lower",
        "energy",
        "energy of one generated token above idle",
    ),
    Metric(
        "net_energy_per_prompt_token_j",
        "Net energy per prompt token",
        "J",
        "lower",
        "energy",
        "energy of one prompt token above idle",
    ),
    Metric("average_power_w", "Power", "W", "lower", "energy", "mean power over the energy windows"),
    Metric("peak_power_w", "Peak power", "W", "lower", "energy", "the largest reading in the energy windows"),
    Metric("idle_power_w", "Idle power", "W", "lower", "energy", "mean power with the model loaded and idle"),
    Metric(
        "battery_per_1000_percent",
        "Battery per 1,000",
        "%",
        "lower",
        "energy",
        "share of a full battery for 1,000 inferences or generated tokens",
    ),
)
_QUALITY: tuple[tuple[str, str, str, Better, str], ...] = (
    ("accuracy_percent", "Accuracy", "%", "higher", "share of items whose first answer is right"),
    (
        "top5_accuracy_percent",
        "Top-5 accuracy",
        "%",
        "higher",
        "share of items whose first 5 answers hold the right one",
    ),
    (
        "accuracy_norm_percent",
        "Accuracy, normalized",
        "%",
        "higher",
        "share of right choices by log-likelihood per character of the choice",
    ),
    ("exact_match_percent", "Exact match", "%", "higher", "share of generated answers that equal the reference"),
    (
        "exact_match_flexible_percent",
        "Exact match, flexible",
        "%",
        "higher",
        "share of generated texts with the reference anywhere at their end",
    ),
    ("instructions_followed_percent", "Instructions followed", "%", "higher", "share of answers that pass all checks"),
    ("code_passed_percent", "Code passed", "%", "higher", "share of generated programs that pass their unit tests"),
    ("map_50_95_percent", "mAP", "%", "higher", "mean average precision over IoU 0.50 to 0.95"),
    ("map_50_percent", "mAP at 0.5", "%", "higher", "mean average precision at IoU 0.50"),
    ("character_error_rate_percent", "CER", "%", "lower", "edits per character of the reference text"),
    ("precision_percent", "Precision", "%", "higher", "share of detections that are right"),
    ("recall_percent", "Recall", "%", "higher", "share of what was there that was detected"),
    ("f1_percent", "F1", "%", "higher", "harmonic mean of precision and recall"),
    ("false_accepts_per_h", "False accepts", "1/h", "lower", "detections in an hour of audio without the word"),
    ("ndcg_at_10_percent", "nDCG@10", "%", "higher", "ranking quality of the first 10 documents"),
    ("recall_at_10_percent", "Recall@10", "%", "higher", "share of relevant documents among the first 10"),
    ("perplexity", "Perplexity", "", "lower", "exponential of the mean negative log-likelihood per token"),
    ("bits_per_byte", "Bits per byte", "", "lower", "mean negative log-likelihood per byte of the text, in bits"),
    (
        "kl_divergence_nats",
        "KL divergence",
        "nats",
        "lower",
        "mean divergence of next-token odds from the source",
    ),
    ("same_top_token_percent", "Same top token", "%", "higher", "share of positions where the source's choice agrees"),
)
_PIPELINE = (
    ("pipeline_p50_ms", "Pipeline p50", "median time of an item: decode, prepare, model, finish"),
    ("pipeline_p95_ms", "Pipeline p95", "95th percentile of the time of an item"),
)
_ALL = (
    *(Metric(name, title, "ms", "lower", "timing", meaning) for name, title, meaning in _TIMING),
    *(Metric(name, title, unit, "higher", "timing", meaning) for name, title, unit, meaning in _RATES),
    *_OTHERS,
    *(Metric(name, title, "ms", "lower", "timing", meaning) for name, title, meaning in _PIPELINE),
    *(Metric(name, title, unit, better, "quality", meaning) for name, title, unit, better, meaning in _QUALITY),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
