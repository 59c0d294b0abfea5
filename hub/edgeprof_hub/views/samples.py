"""The single measurements of a run: inline where they are few, else from the artifact that the agent stored first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from edgeprof.wire.messages import Result

MAX_DRAWN = 2000
TITLES = {
    "latency": "Latency per inference",
    "inter_token": "Inter-token latency",
    "prefill": "Prefill time",
    "ttft": "Time to first token",
    "decode": "Time per decode run",
}


@dataclass(frozen=True)
class SampleSeries:
    """One series in order; `step` is above 1 where only every step-th is drawn."""

    title: str
    count: int
    step: int
    values_ms: tuple[float, ...]


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
    return SampleSeries(TITLES.get(name, name), len(values_ms), step, tuple(values_ms[::step]))
