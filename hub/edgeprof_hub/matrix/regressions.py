"""Whether a result is slower than those before it in its cell. Pure; a verdict of the engine, never a threshold."""

from collections.abc import Sequence

from edgeprof.compare.report import Report, report_on
from edgeprof.compare.sources import Run, default_series
from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof.wire.messages import Result

MAX_BASELINE = 10
LEAD = {"latency": "latency_p50_ms", "inter_token": "inter_token_p50_ms"}
"""The metric whose median a series gives."""


def lead_metric(result: Result) -> str:
    """The time that a cell of this model is watched by."""
    return LEAD[default_series(result)]


def baseline(earlier: Sequence[rest.StoredResult], since_result_id: str | None) -> list[rest.StoredResult]:
    """Of the measured results before a suspect, newest first, those that it is compared with.

    None from before the last confirmed regression: what was slow for good is the new measure.
    """
    ids = [stored.result.result_id for stored in earlier]
    return list(earlier[: ids.index(since_result_id) + 1] if since_result_id in ids else earlier)


def slower(before: Sequence[Run], now: Run) -> Report | None:
    """The engine's report where its verdict is *slower*; None where it is not, or where there is none."""
    if not before:
        return None
    try:
        report = report_on(before, [now], None)
    except EdgeprofError:  # too few samples for a median: nothing can be said
        return None
    return report if report.verdict.outcome == "slower" else None


def sentence(report: Report, name: str, versions: tuple[str, str]) -> str:
    """`digits int8 on pi5 is 12.3 % slower (97 % interval 8.1 to 16.8 %) than its previous 5 runs.`"""
    verdict = report.verdict
    if verdict.ratio is None or verdict.low is None or verdict.high is None:
        return f"{name} is slower than before: {verdict.reason}."
    low, high = (100 * (end - 1) for end in (verdict.low, verdict.high))
    span = f"{verdict.interval_percent} % interval {low:.1f} to {high:.1f} %"
    runs = f"{verdict.runs_a} runs" if verdict.runs_a != 1 else "run"
    was, now = versions
    changed = f" Runtime changed from {was} to {now}." if was != now else ""
    return f"{name} is {100 * (verdict.ratio - 1):.1f} % slower ({span}) than its previous {runs}.{changed}"
