"""A Chrome trace of a profiled run: operators on one track, counters of the device on the same axis.

The Trace Event Format (Google, 2016), which ui.perfetto.dev and chrome://tracing open. Times are microseconds of the
device's monotonic clock from the first event on.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from edgeprof.operators.recorded import NodeRun, OperatorRun

_PROCESS = 1
Event = dict[str, Any]


class Counter(NamedTuple):
    """Readings of one sensor: (CLOCK_MONOTONIC in ns, value)."""

    name: str
    unit: str
    points: Sequence[tuple[int, float]]


def trace_of(model: str, run: OperatorRun, counters: Sequence[Counter]) -> bytes:
    """The document. The operators are those of the last profiled run of each phase."""
    starts = [span.start_ns for phase in run.phases for span in phase.timeline]
    starts += [at_ns for counter in counters for at_ns, _ in counter.points]
    zero_ns = min(starts, default=0)
    events = [
        _named("process_name", model),
        *(event for thread, _ in enumerate(run.phases, 1) for event in _slices(run, thread, zero_ns)),
        *_counted(counters, zero_ns),
    ]
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}, separators=(",", ":")).encode()


def _slices(run: OperatorRun, thread: int, zero_ns: int) -> Iterator[Event]:
    phase = run.phases[thread - 1]
    yield _named("thread_name", f"{phase.phase}: operators of the last profiled run", thread)
    for span in phase.timeline:
        node = phase.nodes[span.node]
        yield {
            "name": node.op,
            "cat": node.place,
            "ph": "X",
            "pid": _PROCESS,
            "tid": thread,
            "ts": (span.start_ns - zero_ns) / 1000,
            "dur": span.duration_ns / 1000,
            "args": _facts(node),
        }


def _facts(node: NodeRun) -> dict[str, object]:
    tensors = {
        "inputs": [f"{each.type}{list(each.shape)}" for each in node.inputs],
        "weights": [f"{each.type}{list(each.shape)}" for each in node.weights],
        "outputs": [f"{each.type}{list(each.shape)}" for each in node.outputs],
    }
    texts = {"name": node.name, "kernel": node.kernel, "precision": node.precision, **tensors}
    return {name: value for name, value in texts.items() if value}


def _counted(counters: Sequence[Counter], zero_ns: int) -> Iterator[Event]:
    for counter in counters:
        for at_ns, value in counter.points:
            yield {
                "name": f"{counter.name}, {counter.unit}",
                "ph": "C",
                "pid": _PROCESS,
                "ts": (at_ns - zero_ns) / 1000,
                "args": {counter.unit: value},
            }


def _named(kind: str, name: str, thread: int = 0) -> Event:
    return {"name": kind, "ph": "M", "pid": _PROCESS, "tid": thread, "args": {"name": name}}
