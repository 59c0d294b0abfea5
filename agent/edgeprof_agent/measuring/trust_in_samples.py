"""What the samples themselves give away: a median that is known badly, a speed that never became steady. Pure.

Single slow samples are no cause: an inference of 50 µs meets the timer's interrupt by nature, and the percentiles show
it. What these rules speak of is the median, which such samples do not move.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof.statistics.blocks import block_medians
from edgeprof.statistics.drift import Drift, find_drift
from edgeprof.statistics.modes import find_two_modes
from edgeprof_agent.measuring.published_median import PublishedMedian
from edgeprof_agent.worker_protocol.document import Measured

MAX_UNCERTAINTY = 0.05
"""Of the median: half of its 95 % interval, or by how much a run drifts from its start to its end."""
MODES_APART, SMALLER_MODE = 0.1, 0.2
STEADY_VARIATION = 0.02
"""That of the warm-up's rule (worker/warmup.py), here of the window's blocks."""


@dataclass(frozen=True)
class Unchecked:
    """A cause that could not be looked for."""

    why: str


Found = str | Unchecked | None
"""What a rule found: a sentence with figures, why it could not look, or nothing."""
Published = Mapping[str, PublishedMedian]
"""Medians as the result shows them, by the name of their series."""


def medians_of(measured: Measured) -> dict[str, list[float]]:
    """The series whose medians are published, in ms, in order of time: of a language model, a prompt and a token."""
    series = measured["series_ns"]
    if measured["kind"] == "tensor":
        return {"latency": [sample_ns / 1e6 for sample_ns in series["latency"]]}
    steps = zip(series["decode"], measured["decode_steps"], strict=True)
    prompts = "prefill" if measured["remote"] is None else "ttft"  # an endpoint shows no more of a prompt
    return {
        prompts: [prompt_ns / 1e6 for prompt_ns in series[prompts]],
        "decode": [total_ns / count / 1e6 for total_ns, count in steps],
    }


_METRIC_OF = {
    "latency": "latency_p50_ms",
    "prefill": "prefill_tokens_per_s",
    "ttft": "ttft_ms",
    "decode": "decode_tokens_per_s",
}


def published_of(series: Mapping[str, Sequence[float]], medians: Mapping[str, PublishedMedian]) -> Published:
    """The medians that the result shows of these series, by the series' names. `medians`: by metric."""
    return {name: medians[_METRIC_OF[name]] for name in series if _METRIC_OF[name] in medians}


def pieces_ms(measured: Measured) -> list[float]:
    """The shortest pieces that were timed one by one: inferences, or gaps between tokens."""
    name = "latency" if measured["kind"] == "tensor" else "inter_token"
    return [piece_ns / 1e6 for piece_ns in measured["series_ns"][name]]


def noisy(series: Mapping[str, Sequence[float]], published: Published) -> Found:
    """An interval of the median wider than +- 5 %, or two speeds of which the median names neither. Samples in ms.

    A run that drifts is unsettled; that its samples scatter follows from it, and is not told twice.
    """
    found: list[str] = []
    unknown: list[str] = []
    for name, samples in series.items():
        if _drift(samples) is not None:
            continue
        if (median := published.get(name)) is not None and median.missing is not None:
            unknown.append(f"median of {name}: {median.missing}")
        elif median is not None and median.settled:
            found += _imprecise(name, median)
        modes = find_two_modes(samples) if min(samples, default=0) > 0 else None
        if modes and modes.slow / modes.fast - 1 > MODES_APART and SMALLER_MODE < modes.slow_share < 1 - SMALLER_MODE:
            found.append(
                f"{name} is bimodal: two speeds, {_digits(modes.fast)} and {_digits(modes.slow)} ms "
                f"({modes.slow_share:.0%} of the samples in the slower)"
            )
    if found:
        return "; ".join(found)
    return Unchecked("; ".join(unknown)) if unknown else None


def _imprecise(name: str, median: PublishedMedian) -> list[str]:
    if median.value is None or median.interval is None or (median.half_width or 0.0) <= MAX_UNCERTAINTY:
        return []
    low, high = median.interval
    return [
        f"the median of {name}, {_digits(median.value)} {median.unit}, is imprecise: it lies between {_digits(low)} "
        f"and {_digits(high)} {median.unit}"
    ]


def _digits(value: float) -> str:
    """Three significant digits, never with an exponent."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def unsettled(series: Mapping[str, Sequence[float]], published: Published, settled: bool) -> Found:
    """A drift of more than 5 % over the window; or a warm-up that ended at its limit, unless the window is steady."""
    drifts = {name: _drift(samples) for name, samples in series.items()}
    found = [f"{name} drifts: a {drift}" for name, drift in drifts.items() if drift]
    found += [
        f"{name} never settled: its {median.n:,} samples are worth {median.effective_n:,} independent ones, so its "
        "interval spans the medians of their blocks"
        for name, median in published.items()
        if not median.settled
    ]
    if not settled and not all(_is_steady(samples) for samples in series.values()):
        found.insert(0, "warm-up reached its limit before the speed was steady")
    return "; ".join(found) or None


def _drift(samples: Sequence[float]) -> Drift | None:
    """One that matters."""
    drift = find_drift(samples)
    return drift if drift and abs(drift.change) > MAX_UNCERTAINTY else None


def _is_steady(samples: Sequence[float]) -> bool:
    """The coefficient of variation of at least ten blocks' medians."""
    medians = block_medians(samples)
    return bool(medians) and statistics.stdev(medians) <= STEADY_VARIATION * statistics.fmean(medians)
