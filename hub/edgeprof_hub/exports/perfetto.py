"""A run's traces in the Trace Event Format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.

Counters of heat, clocks, cores, memory and power, and a slice for each sample that was kept, end to end: the pauses
between two samples are not recorded. See "Trace Event Format", Google, 2016.
"""

from collections.abc import Iterator
from typing import Any

from edgeprof.wire.messages import Result
from edgeprof_hub.views import power_trace, samples, traces
from edgeprof_hub.views.lines import Drawn
from edgeprof_hub.views.samples import Fetch

PROCESS = 1
MAX_SLICES = 20_000

Event = dict[str, Any]


def trace(result: Result, fetch: Fetch, name: str) -> dict[str, Any]:
    """The document. Times are microseconds from the beginning of each recording."""
    events = [
        _named("process_name", name),
        *_counters(traces.trace_of(result, fetch)),
        *_counters(power_trace.drawn(result, fetch)),
    ]
    return {
        "traceEvents": [*events, *_slices(result, fetch)],
        "displayTimeUnit": "ms",
        "otherData": {"result_id": result.result_id, "device_id": result.device_id, "model_id": result.model_id},
    }


def _named(kind: str, name: str, thread: int = 0) -> Event:
    return {"name": kind, "ph": "M", "pid": PROCESS, "tid": thread, "args": {"name": name}}


def _counters(drawn: Drawn | None) -> Iterator[Event]:
    for chart in drawn.charts if drawn else ():
        for line in chart.lines:
            name = f"{chart.title}, {chart.unit}{f': {line.name}' if line.name else ''}"
            for point in line.points:
                yield {"name": name, "ph": "C", "pid": PROCESS, "ts": point.x * 1e6, "args": {chart.unit: point.y}}


def _slices(result: Result, fetch: Fetch) -> Iterator[Event]:
    for thread, series in enumerate(samples.series_of(result, fetch), 1):
        every = f", every {series.step}th" if series.step > 1 else ""
        yield _named("thread_name", f"{series.title}{every}", thread)
        at_us = 0.0
        for value_ms in series.values_ms[:MAX_SLICES]:
            duration_us = value_ms * 1000
            yield {"name": series.title, "ph": "X", "pid": PROCESS, "tid": thread, "ts": at_us, "dur": duration_us}
            at_us += duration_us
