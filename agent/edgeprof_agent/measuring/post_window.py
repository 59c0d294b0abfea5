"""What a run did beyond its window, as a result carries it: open loop and soak. Pure."""

from itertools import pairwise

from edgeprof.statistics.estimate import estimate_median
from edgeprof.statistics.steps import chance_of, most_likely_step, place_of
from edgeprof.wire.evidence import OpenLoop, Soak, SoakBucket
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.worker_protocol.document import OpenLoopRun, SoakRun
from edgeprof_agent.worker_protocol.order import median

RESPONSES = (("response_p50_ms", 0.5), ("response_p95_ms", 0.95), ("response_p99_ms", 0.99))
KNEE_LEVEL, MIN_KNEE = 0.01, 0.05
"""A fall in speed below this share is no knee."""


def open_loop_of(run: OpenLoopRun, seed: int) -> OpenLoop:
    """The loop in figures."""
    served_ns = sum(run["service_ns"])
    mean_service_s = served_ns / len(run["service_ns"]) / 1e9 if run["service_ns"] else 0.0
    return OpenLoop(
        rate_per_s=run["rate_per_s"],
        arrivals="poisson",
        seed=seed,
        n=len(run["response_ns"]),
        unanswered=run["unanswered"],
        busy_share=served_ns / max(1, run["duration_ns"]),
        longest_queue=run["longest_queue"],
        kept_up=bool(run["response_ns"]) and run["unanswered"] == 0 and run["rate_per_s"] * mean_service_s < 1,
    )


def add_responses(figures: Figures, run: OpenLoopRun | None) -> None:
    """Response times; none where the device did not keep up, as they would only tell how long the loop was."""
    if run is None:
        return
    loop = open_loop_of(run, 0)
    if loop.kept_up:
        figures.add_percentiles([sample / 1e6 for sample in run["response_ns"]], RESPONSES)
        return
    arrived = loop.n + loop.unanswered
    if not arrived:
        for metric, _ in RESPONSES:
            figures.miss(metric, f"at {loop.rate_per_s:g} arrivals a second none came within --window-limit-s")
        return
    for metric, _ in RESPONSES:
        figures.miss(
            metric,
            f"{loop.rate_per_s:g} arrivals a second exceed its capacity: {loop.unanswered} of {arrived} were not "
            f"answered in twice the time; longest queue {loop.longest_queue}",
        )


def soak_of(run: SoakRun, burst_p50_ms: float | None) -> Soak | None:
    """The curve, its knee, and sustained against burst; None where not a single unit was run."""
    if not run["bucket_p50_ns"] or burst_p50_ms is None:
        return None
    sustained_ms = median(run["sustained_ns"] or run["bucket_p50_ns"][-1:]) / 1e6
    return Soak(
        duration_s=run["duration_ns"] / 1e9,
        complete=run["complete"],
        curve=tuple(_buckets(run)),
        burst_p50_ms=burst_p50_ms,
        sustained_p50_ms=sustained_ms,
        knee_s=_knee_s(run),
        slowdown=sustained_ms / burst_p50_ms,
    )


def sustained_metrics(kind: str) -> tuple[str, ...]:
    """What a soak of this kind of model tells."""
    return ("sustained_p50_ms", "sustained_tokens_per_s") if kind == "text" else ("sustained_p50_ms",)


def add_sustained(figures: Figures, run: SoakRun | None, kind: str) -> None:
    """The steady rate at the end of the soak, with its interval."""
    if run is None:
        return
    samples_ms = [sample / 1e6 for sample in run["sustained_ns"]]
    found = estimate_median(samples_ms) if samples_ms else "the soak ended before its last fifth"
    if isinstance(found, str):
        for metric in sustained_metrics(kind):
            figures.miss(metric, found)
        return
    n = len(samples_ms)
    figures.add("sustained_p50_ms", found.value, n, (found.low, found.high))
    if kind == "text":
        figures.add("sustained_tokens_per_s", 1e3 / found.value, n, (1e3 / found.high, 1e3 / found.low))


def _buckets(run: SoakRun) -> list[SoakBucket]:
    edges = [*run["bucket_start_ns"], run["duration_ns"]]
    middles = [(start + end) / 2e9 for start, end in pairwise(edges)]
    return [
        SoakBucket(at_s=at_s, p50_ms=p50_ns / 1e6, n=n)
        for at_s, p50_ns, n in zip(middles, run["bucket_p50_ns"], run["bucket_n"], strict=True)
    ]


def _knee_s(run: SoakRun) -> float | None:
    """Where the speed fell for good: a step (edgeprof/statistics/steps.py, at 1 %) to at least 5 % slower.

    The test is on the buckets' medians themselves; the place is the split that leaves the least scatter around the
    medians of both parts. A fall that takes many buckets has its knee inside it.
    """
    medians = run["bucket_p50_ns"]
    step = most_likely_step(medians)
    if step is None or chance_of(step.z, len(medians)) >= KNEE_LEVEL:
        return None
    split = place_of(medians)
    if median(medians[split:]) < (1 + MIN_KNEE) * median(medians[:split]):
        return None
    return run["bucket_start_ns"][split] / 1e9
