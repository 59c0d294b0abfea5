"""Sweep points as a result carries them: what the worker told of each, and why the others are missing. Pure."""

from collections.abc import Collection, Sequence

from edgeprof.statistics.estimate import estimate_median
from edgeprof.wire.evidence import SweepAt, SweepPoint
from edgeprof_agent.isolation import WorkerExit
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.worker_protocol.document import WorkerPoint
from edgeprof_agent.worker_protocol.order import median

_LATENCIES = (("latency_p50_ms", 0.5), ("latency_p95_ms", 0.95), ("latency_p99_ms", 0.99))
_GAPS = (("inter_token_p50_ms", 0.5), ("inter_token_p95_ms", 0.95), ("inter_token_p99_ms", 0.99))
_KIB_PER_MIB = 1024


def points_of(
    asked: Sequence[SweepAt],
    told: Sequence[WorkerPoint],
    outcome: WorkerExit,
    prompt_tokens: int,
    absent: Collection[str] = (),
) -> tuple[SweepPoint, ...]:
    """One for each that was asked, in that order. `prompt_tokens`: of the run itself, where a point names none.

    Where none was asked, those that the worker took by itself.

    `absent`: metrics that the run has not, for reasons that hold at every point.
    """
    asked = asked or [_own(point) for point in told]
    found = [_measured(at, point, prompt_tokens, absent) for at, point in zip(asked, told, strict=False)]
    lost = asked[len(found) :]
    return (*found, *(SweepPoint(at=at, failure=_why(outcome, place)) for place, at in enumerate(lost)))


def _own(point: WorkerPoint) -> SweepAt:
    """The lengths that the worker chose."""
    return SweepAt(prompt_tokens=point["at"]["prompt_tokens"], depth_tokens=point["at"]["depth_tokens"])


def _measured(at: SweepAt, point: WorkerPoint, prompt_tokens: int, absent: Collection[str]) -> SweepPoint:
    if point["failure"] is not None:
        return SweepPoint(at=at, failure=point["failure"])
    figures = Figures()
    if "latency" in point["series_ns"]:
        _add_latency(figures, point["series_ns"]["latency"])
    else:
        _add_tokens(figures, point, prompt_tokens if at.prompt_tokens is None else at.prompt_tokens)
    for metric, kib in (("peak_memory_mib", point["peak_kib"]), ("kv_cache_mib", point["kv_cache_kib"])):
        if kib is not None:
            figures.add(metric, kib / _KIB_PER_MIB)
    return SweepPoint(at=at, metrics=tuple(row for row in figures.rows if row.metric not in absent))


def _add_latency(figures: Figures, samples_ns: Sequence[int]) -> None:
    samples_ms = [sample_ns / 1e6 for sample_ns in samples_ns]
    figures.add_percentiles(samples_ms, _LATENCIES, sum(samples_ms) / 1e3)
    figures.add("latency_mean_ms", sum(samples_ms) / len(samples_ms), len(samples_ms))
    figures.add("throughput_per_s", len(samples_ms) / sum(samples_ms) * 1e3, len(samples_ms))


def _add_tokens(figures: Figures, point: WorkerPoint, prompt_tokens: int) -> None:
    series = point["series_ns"]
    steps_ns = [each for each in zip(point["decode_steps"], series.get("decode", []), strict=True) if each[0]]
    rates = {
        "prefill_tokens_per_s": [prompt_tokens / prompt_ns * 1e9 for prompt_ns in series.get("prefill", [])],
        "decode_tokens_per_s": [steps / total_ns * 1e9 for steps, total_ns in steps_ns],
        "ttft_ms": [first_ns / 1e6 for first_ns in series.get("ttft", [])],
    }
    for metric, values in rates.items():
        _add_median_of_few(figures, metric, values)
    gaps_ms = [gap_ns / 1e6 for gap_ns in series.get("inter_token", [])]
    figures.add_percentiles(gaps_ms, _GAPS, sum(gaps_ms) / 1e3)


def _add_median_of_few(figures: Figures, metric: str, samples: Sequence[float]) -> None:
    """A point has few repeats, one at the least: below the 6 that an interval takes, its median has none."""
    if not samples:
        return
    found = estimate_median(samples)
    if isinstance(found, str):
        figures.add(metric, median(samples), len(samples), no_interval=found)
    else:
        figures.add(metric, median(samples), len(samples), (found.low, found.high))


def _why(outcome: WorkerExit, place: int) -> str:
    """The first point that nothing was told of is the one that the worker ended at."""
    how = f"died of {outcome.signal}" if outcome.signal and outcome.ending == "exited" else f"ended ({outcome.ending})"
    return f"the worker {how} at this point" if place == 0 else f"the worker {how} before it reached this point"
