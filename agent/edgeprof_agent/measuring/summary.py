"""Samples to figures: percentiles, rates, energy. Pure.

Intervals know about dependence in time, see edgeprof/statistics/quantiles.py.
"""

from edgeprof.statistics.quantiles import relative_half_width
from edgeprof.wire.evidence import Timing
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.worker_protocol.document import Cold, Measured, TextFacts
from edgeprof_agent.worker_protocol.remote_facts import RemoteFacts

LATENCIES = (
    ("latency_p50_ms", 0.5),
    ("latency_p90_ms", 0.9),
    ("latency_p95_ms", 0.95),
    ("latency_p99_ms", 0.99),
    ("latency_p999_ms", 0.999),
)
GAPS = (("inter_token_p50_ms", 0.5), ("inter_token_p95_ms", 0.95), ("inter_token_p99_ms", 0.99))
_KIB_PER_MIB = 1024


def figures_of(measured: Measured, worker_start_ms: float, model_size_bytes: int) -> Figures:
    """Every figure of a run but the cold start and energy."""
    figures = Figures()
    for metric, reason in measured["absent"].items():  # first: what the runtime cannot tell has no figure, see Figures
        figures.miss(metric, reason)
    if measured["kind"] == "tensor":
        _add_latency(figures, measured)
    else:
        _add_tokens(figures, measured)
    figures.add("worker_start_ms", worker_start_ms)
    for metric, value in measured["phases_ms"].items():
        figures.add(metric, value)
    figures.add("peak_memory_mib", measured["peak_kib"] / _KIB_PER_MIB)
    for reading in measured["memory"]:
        if reading["phase"] == "runtime":
            figures.add("baseline_memory_mib", reading["rss_kib"] / _KIB_PER_MIB)
    figures.add("model_size_mib", model_size_bytes / _KIB_PER_MIB**2)
    if measured["remote"] is not None:
        _add_remote(figures, measured["remote"])
    return figures


def _add_remote(figures: Figures, remote: RemoteFacts) -> None:
    """What only an endpoint has. A share of errors from few requests has no interval; `n` says how many."""
    figures.add_percentiles([connect_ns / 1e6 for connect_ns in remote["connect_ns"]], (("connect_ms", 0.5),))
    errors = sum(remote["errors"].values())
    sent = remote["requests"] + errors
    figures.add("request_errors_percent", 100 * errors / sent, sent)


def cold_metrics(kind: str) -> tuple[str, ...]:
    """What a cold start of this kind of model tells."""
    return ("load_cold_ms", "first_inference_cold_ms", *(("ttft_cold_ms",) if kind == "text" else ()))


def add_cold(figures: Figures, measured: Measured, cold: Cold | None) -> None:
    """The start with cold files, or why it tells nothing. Where none was asked, nothing is missing."""
    if cold is None:
        return
    if not cold["evicted"]:
        for name in cold_metrics(measured["kind"]):
            figures.miss(name, cold["reason"] or "the files were not cold")
        return
    figures.add("load_cold_ms", cold["load_ms"])
    figures.add("first_inference_cold_ms", cold["first_inference_ms"])
    if cold["first_token_ms"] is not None:
        figures.add("ttft_cold_ms", cold["first_token_ms"])


def timing_of(measured: Measured, figures: Figures) -> Timing:
    """How the samples were taken, and how well their median is known: of a language model, the worse of its two."""
    leads = ("latency_p50_ms",) if measured["kind"] == "tensor" else ("prefill_tokens_per_s", "decode_tokens_per_s")
    loop, rows = measured["loop"], [row for row in figures.rows if row.metric in leads]
    widths = [relative_half_width(row.value, row.ci_low, row.ci_high) for row in rows]
    known = [width for width in widths if width is not None]
    return Timing(
        clock_resolution_ns=loop["clock_resolution_ns"],
        loop_overhead_ns=loop["overhead_ns"],
        warmup_runs=loop["warmup_runs"],
        settled=loop["settled"],
        window_end=loop["window_end"],
        relative_half_width=max(known) if known and len(known) == len(widths) else None,
        needed_s=loop["needed_s"],
    )


def _add_latency(figures: Figures, measured: Measured) -> None:
    samples_ms = [sample_ns / 1e6 for sample_ns in measured["series_ns"]["latency"]]
    figures.add_percentiles(samples_ms, LATENCIES, sum(samples_ms) / 1e3)
    figures.add("latency_mean_ms", sum(samples_ms) / len(samples_ms), len(samples_ms))
    figures.add("throughput_per_s", len(samples_ms) / sum(samples_ms) * 1e3, len(samples_ms))


def _add_tokens(figures: Figures, measured: Measured) -> None:
    series = measured["series_ns"]
    prefill = [measured["prompt_tokens"] / prompt_ns * 1e9 for prompt_ns in series["prefill"]]
    steps_ns = zip(measured["decode_steps"], series["decode"], strict=True)
    decode = [steps / total_ns * 1e9 for steps, total_ns in steps_ns]
    figures.add_percentiles(decode, (("decode_tokens_per_s", 0.5),), sum(series["decode"]) / 1e9)
    figures.add_percentiles(prefill, (("prefill_tokens_per_s", 0.5),), sum(series["prefill"]) / 1e9)
    figures.add_percentiles([first_ns / 1e6 for first_ns in series["ttft"]], (("ttft_ms", 0.5),))
    gaps_ms = [gap_ns / 1e6 for gap_ns in series["inter_token"]]
    figures.add_percentiles(gaps_ms, GAPS, sum(gaps_ms) / 1e3)
    if measured["text"] is not None:
        _add_text_facts(figures, measured["text"])


def _add_text_facts(figures: Figures, text: TextFacts) -> None:
    """What was not measured has its reason in the binding's own `absent`."""
    if text["kv_cache_kib"] is not None:
        figures.add("kv_cache_mib", text["kv_cache_kib"] / _KIB_PER_MIB)
    for metric, times_ns in (
        ("ttft_cached_ms", text["ttft_cached_ns"]),
        ("tokenize_ms", text["tokenize_ns"]),
        ("sample_ms", text["sample_ns"]),
    ):
        if times_ns:
            figures.add_percentiles([time_ns / 1e6 for time_ns in times_ns], ((metric, 0.5),))
