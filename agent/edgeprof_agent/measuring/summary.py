"""Samples to figures: percentiles with distribution-free intervals, rates, energy. Pure.

The interval of a quantile lies between two order statistics and holds whatever the distribution: of n independent
samples, the number at or below the p-quantile is binomial (n, p), so that P(X(l) <= q < X(u)) is the sum of its
probabilities from l to u - 1 (David and Nagaraja, Order Statistics, 3rd ed., section 7.1; Hahn and Meeker,
Statistical Intervals, section 5.2). It takes 6 samples for a median, 59 for p95 and 299 for p99 to have one at 95 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.wire.messages import AbsentMetric, MetricRow, Power
from edgeprof_agent.worker.document import Measured

CONFIDENCE = 0.95
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

    def add_quantile(self, metric: str, samples: Sequence[float], p: float) -> None:
        """A quantile with its interval, or how many samples one would take."""
        ordered = sorted(samples)
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
    figures.add("baseline_memory_mib", measured["baseline_kib"] / _KIB_PER_MIB)
    figures.add("model_size_mib", model_size_bytes / _KIB_PER_MIB**2)
    for metric, reason in measured["absent"].items():
        figures.miss(metric, reason)
    return figures


def add_energy(figures: Figures, measured: Measured, power: Power | str) -> None:
    """Gross energy a unit of work and mean power over the window, or why there is none."""
    metric = "energy_per_inference_j" if measured["kind"] == "tensor" else "energy_per_token_j"
    if isinstance(power, str):
        figures.miss(metric, power)
        figures.miss("average_power_w", power)
        return
    units = measured["window"]["units"]
    for name, value in ((metric, power.energy_j / units), ("average_power_w", power.energy_j / power.window_s)):
        figures.rows.append(MetricRow(metric=name, value=value, n=units, scope=power.scope))


def quantile(ordered: Sequence[float], p: float) -> float:
    """The p-quantile of sorted samples, linear between neighbours (type 7 of Hyndman and Fan; numpy's default)."""
    position = p * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def quantile_interval(ordered: Sequence[float], p: float) -> tuple[float, float] | None:
    """The narrowest run of order statistics that covers the p-quantile with 95 %; None with too few samples."""
    n = len(ordered)
    if n < samples_needed(p):
        return None
    low = high = min(max(round(n * p), 1), n - 1)  # counts of samples at or below the quantile, 1 to n - 1
    covered = _binomial(low, n, p)
    while covered < CONFIDENCE:
        below = _binomial(low - 1, n, p) if low > 1 else 0.0
        above = _binomial(high + 1, n, p) if high < n - 1 else 0.0
        if below >= above and low > 1:
            low, covered = low - 1, covered + below
        else:
            high, covered = high + 1, covered + above
    return ordered[low - 1], ordered[high]


def samples_needed(p: float) -> int:
    """The fewest samples whose smallest and largest enclose the p-quantile with 95 %: 1 - p^n - (1 - p)^n."""
    n = 2
    while 1 - p**n - (1 - p) ** n < CONFIDENCE:
        n += 1
    return n


def _binomial(k: int, n: int, p: float) -> float:
    log_ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log_ways + k * math.log(p) + (n - k) * math.log1p(-p))


def _add_latency(figures: Figures, measured: Measured) -> None:
    samples_ms = [sample_ns / 1e6 for sample_ns in measured["series_ns"]["latency"]]
    for name, p in _PERCENTILES:
        figures.add_quantile(f"latency_{name}_ms", samples_ms, p)
    window = measured["window"]
    figures.add("latency_mean_ms", sum(samples_ms) / len(samples_ms), len(samples_ms))
    figures.add("throughput_per_s", len(samples_ms) / (window["end_ns"] - window["start_ns"]) * 1e9, len(samples_ms))


def _add_tokens(figures: Figures, measured: Measured) -> None:
    series = measured["series_ns"]
    prefill = [measured["prompt_tokens"] / prompt_ns * 1e9 for prompt_ns in series["prefill"]]
    decode = [measured["decode_steps"] / total_ns * 1e9 for total_ns in series["decode"]]
    gaps_ms = [gap_ns / 1e6 for gap_ns in series["inter_token"]]
    figures.add_quantile("prefill_tokens_per_s", prefill, 0.5)
    figures.add_quantile("decode_tokens_per_s", decode, 0.5)
    figures.add_quantile("ttft_ms", [first_ns / 1e6 for first_ns in series["ttft"]], 0.5)
    figures.add_quantile("inter_token_p50_ms", gaps_ms, 0.5)
    figures.add_quantile("inter_token_p95_ms", gaps_ms, 0.95)
