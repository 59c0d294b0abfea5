"""Samples to figures: percentiles, rates, energy. Pure.

Intervals are those of independent samples, see edgeprof/statistics/quantiles.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.statistics.quantiles import quantile, quantile_interval, samples_needed
from edgeprof.wire.evidence import Timing
from edgeprof.wire.messages import AbsentMetric, MetricRow, Power
from edgeprof_agent.worker.document import Cold, Measured, TextFacts

_PERCENTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
_KIB_PER_MIB = 1024


@dataclass
class Figures:
    """Rows and the reasons for those that are missing."""

    rows: list[MetricRow]
    absent: list[AbsentMetric]

    def add(self, metric: str, value: float, n: int = 1, interval: tuple[float, float] | None = None) -> None:
        low, high = interval or (None, None)
        self.rows.append(MetricRow(metric=metric, value=value, n=n, ci_low=low, ci_high=high))

    def miss(self, metric: str, reason: str) -> None:
        self.absent.append(AbsentMetric(metric=metric, reason=reason))

    def add_quantile(self, metric: str, ordered: Sequence[float], p: float) -> None:
        """A quantile of sorted samples with its interval, or how many samples one would take."""
        interval = quantile_interval(ordered, p)
        if interval is None:
            self.miss(metric, f"needs {samples_needed(p)} samples for a 95 % interval; this run has {len(ordered)}")
        else:
            self.add(metric, quantile(ordered, p), len(ordered), interval)


def figures_of(measured: Measured, worker_start_ms: float, model_size_bytes: int) -> Figures:
    """Every figure of a run but energy."""
    figures = Figures([], [])
    figures.add("worker_start_ms", worker_start_ms)
    for metric, value in measured["phases_ms"].items():
        figures.add(metric, value)
    if measured["kind"] == "tensor":
        _add_latency(figures, measured)
    else:
        _add_tokens(figures, measured)
    figures.add("peak_memory_mib", measured["peak_kib"] / _KIB_PER_MIB)
    for reading in measured["memory"]:
        if reading["phase"] == "runtime":
            figures.add("baseline_memory_mib", reading["rss_kib"] / _KIB_PER_MIB)
    figures.add("model_size_mib", model_size_bytes / _KIB_PER_MIB**2)
    for metric, reason in measured["absent"].items():
        figures.miss(metric, reason)
    return figures


def add_cold(figures: Figures, measured: Measured, cold: Cold | None) -> None:
    """The start with cold files, or why it tells nothing."""
    names = ["load_cold_ms", "first_inference_cold_ms"] + (["ttft_cold_ms"] if measured["kind"] == "text" else [])
    if cold is None or not cold["evicted"]:
        reason = "no cold start was asked" if cold is None else cold["reason"] or "the files were not cold"
        for name in names:
            figures.miss(name, reason)
        return
    figures.add("load_cold_ms", cold["load_ms"])
    figures.add("first_inference_cold_ms", cold["first_inference_ms"])
    if cold["first_token_ms"] is not None:
        figures.add("ttft_cold_ms", cold["first_token_ms"])


def timing_of(measured: Measured) -> Timing:
    """How the samples were taken."""
    loop = measured["loop"]
    return Timing(
        clock_resolution_ns=loop["clock_resolution_ns"],
        loop_overhead_ns=loop["overhead_ns"],
        warmup_runs=loop["warmup_runs"],
        settled=loop["settled"],
        window_end=loop["window_end"],
    )


def add_energy(figures: Figures, measured: Measured, power: Power | str) -> None:
    """Gross energy a unit of work and mean power over the window, or why there is none."""
    metric = "energy_per_inference_j" if measured["kind"] == "tensor" else "energy_per_token_j"
    if isinstance(power, str):
        figures.miss(metric, power)
        figures.miss("average_power_w", power)
        return
    units = sum(window["units"] for window in measured["windows"])
    for name, value in ((metric, power.energy_j / units), ("average_power_w", power.energy_j / power.window_s)):
        figures.rows.append(MetricRow(metric=name, value=value, n=units, scope=power.scope))


def _add_latency(figures: Figures, measured: Measured) -> None:
    samples_ms = [sample_ns / 1e6 for sample_ns in measured["series_ns"]["latency"]]
    ordered_ms = sorted(samples_ms)
    for name, p in _PERCENTILES:
        figures.add_quantile(f"latency_{name}_ms", ordered_ms, p)
    busy_ns = sum(window["end_ns"] - window["start_ns"] for window in measured["windows"])
    figures.add("latency_mean_ms", sum(samples_ms) / len(samples_ms), len(samples_ms))
    figures.add("throughput_per_s", len(samples_ms) / busy_ns * 1e9, len(samples_ms))


def _add_tokens(figures: Figures, measured: Measured) -> None:
    series = measured["series_ns"]
    prefill = [measured["prompt_tokens"] / prompt_ns * 1e9 for prompt_ns in series["prefill"]]
    steps_ns = zip(measured["decode_steps"], series["decode"], strict=True)
    decode = [steps / total_ns * 1e9 for steps, total_ns in steps_ns]
    gaps_ms = sorted(gap_ns / 1e6 for gap_ns in series["inter_token"])
    figures.add_quantile("prefill_tokens_per_s", sorted(prefill), 0.5)
    figures.add_quantile("decode_tokens_per_s", sorted(decode), 0.5)
    figures.add_quantile("ttft_ms", sorted(first_ns / 1e6 for first_ns in series["ttft"]), 0.5)
    figures.add_quantile("inter_token_p50_ms", gaps_ms, 0.5)
    figures.add_quantile("inter_token_p95_ms", gaps_ms, 0.95)
    figures.add_quantile("inter_token_p99_ms", gaps_ms, 0.99)
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
            figures.add_quantile(metric, sorted(time_ns / 1e6 for time_ns in times_ns), 0.5)
