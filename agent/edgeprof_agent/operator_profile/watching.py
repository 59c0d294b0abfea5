"""The device while its operators are profiled: clock, heat and power, as counters for the trace."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from edgeprof.operators.trace import Counter
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.base import Recorder, Recording
from edgeprof_agent.telemetry.sampler import Telemetry
from edgeprof_agent.telemetry.trace import Trace


class Watch:
    """Started with the child, stopped when it has ended. Not wanted, it reads nothing."""

    def __init__(self, *, wanted: bool, root: Path = Path("/")) -> None:
        self._root = root
        self._wanted = wanted
        self._telemetry: Telemetry | None = None
        self._power: list[Recorder] = []
        self._trace = Trace(asked_hz=0.0)
        self._recordings: list[Recording] = []

    def start(self, pid: int) -> None:
        """With the child's process id."""
        if not self._wanted:
            return
        self._telemetry = Telemetry(self._root, tuple(sorted(os.sched_getaffinity(0))))
        self._telemetry.start(pid)
        for recorder in registry.recorders(self._root):
            try:
                recorder.start()
            except Exception:  # a source that cannot be read costs its own counter
                continue
            self._power.append(recorder)

    def stop(self) -> None:
        """Whatever the child did."""
        if self._telemetry is not None:
            self._trace, self._telemetry = self._telemetry.stop(), None
        for recorder in self._power:
            recorder.stop()
            self._recordings.append(recorder.recording())
        self._power = []

    def counters(self) -> list[Counter]:
        """Each with at least two readings."""
        found = [*_of_device(self._trace), *(_of_power(each) for each in self._recordings)]
        return [each for each in found if len(each.points) > 1]


def _of_device(trace: Trace) -> Iterator[Counter]:
    for group, label in trace.columns:
        points = [(at, float(value)) for at, value in trace.series(group, label) if isinstance(value, (int, float))]
        yield Counter(f"{group}: {label}", trace.units.get(group, ""), points)


def _of_power(recording: Recording) -> Counter:
    """Watts; of a counter of joules the slope between two readings."""
    samples = recording.samples
    if recording.integration != "counter":
        return Counter(f"power: {recording.name}", "W", [(each.at_ns, each.value) for each in samples])
    pairs = pairwise(samples)
    points = [
        (second.at_ns, (second.value - first.value) / ((second.at_ns - first.at_ns) / 1e9))
        for first, second in pairs
        if second.at_ns > first.at_ns
    ]
    return Counter(f"power: {recording.name}", "W", points)
