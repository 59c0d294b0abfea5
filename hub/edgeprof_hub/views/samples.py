"""The single measurements of a run: inline where they are few, else from the artifact that the agent stored first."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from edgeprof.statistics.quantiles import quantile, shown_from
from edgeprof.wire.messages import Result

MAX_DRAWN = 2000
BINS = 40
_CUT = 0.99
"""A histogram ends here: one sample a thousand times slower than the others would leave one bar of all the rest."""
TITLES = {
    "latency": "Latency per inference",
    "inter_token": "Inter-token latency",
    "prefill": "Prefill time",
    "ttft": "Time to first token",
    "decode": "Time per decode run",
}


@dataclass(frozen=True)
class Histogram:
    """Of all samples: `counts` in bins of equal width from `low_ms` to `high_ms`, and how many lie beyond it."""

    low_ms: float
    high_ms: float
    counts: tuple[int, ...]
    beyond: int


@dataclass(frozen=True)
class SampleSeries:
    """One series in order; `step` is above 1 where only every step-th is drawn."""

    title: str
    count: int
    step: int
    values_ms: tuple[float, ...]
    histogram: Histogram | None = None


class _Document(msgspec.Struct):
    unit: Literal["ns"]
    series: dict[str, list[int]]


Fetch = Callable[[str], bytes | None]
"""An artifact's bytes by its hash, or None where the hub does not have it."""


def series_of(result: Result, fetch: Fetch) -> tuple[SampleSeries, ...]:
    """What can be drawn of a run, each series thinned to what a chart can show. Empty where nothing was recorded."""
    stored = next((artifact for artifact in result.artifacts if artifact.name == "samples"), None)
    data = fetch(stored.sha256) if stored else None
    if data is None:
        name = "inter_token" if "ttft_ms" in {row.metric for row in result.metrics} else "latency"
        return (_series(name, result.samples_ms),) if result.samples_ms else ()
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # an agent may store any bytes under this name
        return ()
    return tuple(_series(name, [ns / 1e6 for ns in values]) for name, values in document.series.items() if values)


def _series(name: str, values_ms: Sequence[float]) -> SampleSeries:
    step = -(-len(values_ms) // MAX_DRAWN)
    return SampleSeries(TITLES.get(name, name), len(values_ms), step, tuple(values_ms[::step]), histogram_of(values_ms))


def histogram_of(values_ms: Sequence[float]) -> Histogram | None:
    """Up to p99, where there are enough samples for one; None where all of it is one value."""
    ordered = sorted(values_ms)
    low = ordered[0]
    high = quantile(ordered, _CUT) if len(ordered) >= shown_from(_CUT) else ordered[-1]
    if high <= low:
        return None
    edges = [low + (high - low) * index / BINS for index in range(1, BINS)]
    ends = [bisect_right(ordered, edge) for edge in edges]
    within = bisect_right(ordered, high)
    counts = tuple(end - start for start, end in zip([0, *ends], [*ends, within], strict=True))
    return Histogram(low, high, counts, len(ordered) - within)
