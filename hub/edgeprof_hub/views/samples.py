"""The single measurements of a run: inline where they are few, else from the artifact that the agent stored first."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from edgeprof.statistics.modes import find_two_modes
from edgeprof.statistics.quantiles import quantile, shown_from
from edgeprof.tables import figures
from edgeprof.wire.messages import Result
from edgeprof_hub.views.facts import DataTable

MAX_DRAWN = 2000
BINS = 40
_CUT = 0.99
"""A histogram ends here: one sample a thousand times slower than the others would leave one bar of all the rest."""
_MIN_LOG_RATIO = 20
MIN_FOR_HISTOGRAM = 30
TITLES = {
    "latency": "Latency per inference",
    "inter_token": "Inter-token latency",
    "prefill": "Prefill time",
    "ttft": "Time to first token",
    "decode": "Time per decode run",
}


@dataclass(frozen=True)
class Histogram:
    """Of all samples: `counts` between neighbouring `edges_ms`, and how many lie beyond the last edge, up to `max_ms`.

    `is_log`: the edges are evenly apart on a log axis. `modes_ms`: where two speeds peak; empty where one does.
    """

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]
    beyond: int
    max_ms: float
    median_ms: float
    is_log: bool = False
    modes_ms: tuple[float, ...] = ()

    @property
    def high_ms(self) -> float:
        """Where it ends."""
        return self.edges_ms[-1]


@dataclass(frozen=True)
class SampleSeries:
    """One series in order; `step` is above 1 where only every step-th is drawn."""

    title: str
    count: int
    step: int
    values_ms: tuple[float, ...]
    histogram: Histogram | None = None

    @property
    def caption(self) -> str:
        """Of the histogram; empty where none is drawn."""
        return caption_of(self.histogram) if self.histogram is not None and self.count >= MIN_FOR_HISTOGRAM else ""

    @property
    def table(self) -> DataTable | None:
        """The histogram as text."""
        return table_of(self.histogram) if self.histogram is not None and self.caption else None


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
    """Up to p99, where there are enough samples for one; None where all of it is one value.

    A log axis where the slowest shown is many times the fastest: a linear one would be a single bar.
    """
    ordered = sorted(values_ms)
    low = ordered[0]
    high = quantile(ordered, _CUT) if len(ordered) >= shown_from(_CUT) else ordered[-1]
    if high <= low:
        return None
    is_log = low > 0 and high / low >= _MIN_LOG_RATIO
    edges = [_edge(low, high, index / BINS, is_log) for index in range(1, BINS)]
    ends = [bisect_right(ordered, edge) for edge in edges]
    within = bisect_right(ordered, high)
    modes = find_two_modes(ordered)
    return Histogram(
        edges_ms=(low, *edges, high),
        counts=tuple(end - start for start, end in zip([0, *ends], [*ends, within], strict=True)),
        beyond=len(ordered) - within,
        max_ms=ordered[-1],
        median_ms=quantile(ordered, 0.5),
        is_log=is_log,
        modes_ms=(modes.fast, modes.slow) if modes else (),
    )


def _edge(low: float, high: float, share: float, is_log: bool) -> float:
    return low * (high / low) ** share if is_log else low + (high - low) * share


def table_of(histogram: Histogram) -> DataTable:
    """The histogram as text; bins in which nothing lies are left out."""
    edges = histogram.edges_ms
    places = figures.decimals(edges[1] - edges[0])
    rows = [
        (f"{figures.number(edges[index], places)} to {figures.number(edges[index + 1], places)}", f"{count:,}")
        for index, count in enumerate(histogram.counts)
        if count
    ]
    if histogram.beyond:
        last = f"{figures.number(histogram.high_ms, places)} to {figures.number(histogram.max_ms, places)}"
        rows.append((f"{last} (beyond p99)", f"{histogram.beyond:,}"))
    return DataTable(("Time, ms", "Samples"), tuple(rows))


def caption_of(histogram: Histogram) -> str:
    """What the drawn histogram holds and what it does not, in a sentence; modes where there are two."""
    text = "Histogram of all samples"
    if histogram.beyond:
        farthest = figures.number(histogram.max_ms)
        text += f" up to p99; {histogram.beyond:,} beyond it, up to {farthest} ms"
    text += ", log axis" if histogram.is_log else ""
    if histogram.modes_ms:
        fast, slow = map(figures.number, histogram.modes_ms)
        text += f". Two speeds: peaks at {fast} and {slow} ms"
    return f"{text}."
