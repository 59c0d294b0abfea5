"""The sampler: a thread of the agent that reads the probes while a worker runs, and costs next to nothing.

Ten times a second it looks at the worker, at every fifth of these ticks also at the device, and once more where a
window begins and where the last one has ended: a window of half a second would else lie between two looks. Most of what
a reading costs is code and data that the model has pushed out of the caches meanwhile. What the thread really takes is
counted by its own clock; where that is more than `MAX_CPU_SHARE`, as on a slow board, it goes on at half the rate.
"""

import os
import select
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from edgeprof_agent.telemetry.base import Probe, Site, Value
from edgeprof_agent.telemetry.registry import PROBES, load
from edgeprof_agent.telemetry.trace import Trace

OnLine = Callable[[bytes], bool]
"""What hears a line of the worker, see isolation/running.py."""
HZ = 10.0
TICKS_A_SWEEP = 5
EVERY_TICK = ("worker",)
MAX_CPU_SHARE = 0.003
"""Of one core, on average. The goal is 0.005."""
_SLOWEST_HZ = 1.0
_EDGES = (
    *(b'{"event": "stage", "stage": "measure"', b'{"event": "measured"'),
    *(b'{"event": "stage", "stage": "evaluate"', b'{"event": "evaluated"'),
)
"""How the worker's lines at the two ends of its windows begin, see worker/reporter.py."""
_STUCK_S = 2.0
"""How long the end of a run waits for a reading that does not come back."""


class Telemetry:
    """`start` with the worker's process, `stop` when it has ended; `stop` gives the trace whatever happened."""

    def __init__(self, root: Path, cores: tuple[int, ...], probes: Mapping[str, str] = PROBES) -> None:
        self._root = root
        self._cores = cores
        self._probes = probes
        self._lock = threading.Lock()
        self._trace = Trace(asked_hz=HZ)
        self._reading = "the first probe"
        self._thread: threading.Thread | None = None
        self._stop_reading, self._stop_writing = os.pipe()

    def start(self, worker_pid: int) -> None:
        """Returns at once: files are opened by the thread, since even that may hang."""
        site = Site(self._root, worker_pid, self._cores)
        self._thread = threading.Thread(target=self._run, args=(site,), name="telemetry", daemon=True)
        self._thread.start()

    def beside(self, on_line: OnLine) -> OnLine:
        """`on_line`, with a look at the device at both ends of the windows."""

        def take_line(line: bytes) -> bool:
            if line.startswith(_EDGES):
                self._wake()
            return on_line(line)

        return take_line

    def _wake(self) -> None:
        with suppress(OSError):  # stopped meanwhile
            os.write(self._stop_writing, b"!")

    def stop(self) -> Trace:
        """The trace. A thread that hangs in a device driver is left behind, and the trace says where it hung."""
        writing, self._stop_writing = self._stop_writing, -1  # a late line must not write into another file
        os.close(writing)
        if self._thread is not None:
            self._thread.join(_STUCK_S)
        with self._lock:
            trace, self._trace = self._trace, Trace(asked_hz=HZ)
        if self._thread is not None and self._thread.is_alive():
            why = f"the sampler hung while reading {self._reading}"
            trace.absent = {**dict.fromkeys(self._probes, why), **trace.absent}
        else:
            os.close(self._stop_reading)
        return trace

    def _run(self, site: Site) -> None:
        probes, absent = load(site, self._probes)
        with self._lock:
            self._trace.columns = [(probe.group, label) for probe in probes for label in probe.labels]
            self._trace.units = {probe.group: probe.unit for probe in probes}
            self._trace.absent = absent
        self._take(probes, True)
        stop = select.poll()
        stop.register(self._stop_reading, select.POLLIN)
        pace, tick, next_s = _Pace(), 0, time.monotonic()
        while True:
            next_s = max(next_s + pace.period_s, time.monotonic())
            while stop.poll(max(0.0, (next_s - time.monotonic()) * 1000)):
                if not os.read(self._stop_reading, 1024):
                    self._take(probes, True)
                    return
                self._take(probes, True)
            tick += 1
            self._take(probes, tick % TICKS_A_SWEEP == 0)
            if tick % TICKS_A_SWEEP == 0:
                pace.look()

    def _take(self, probes: Sequence[Probe], everything: bool) -> None:
        """One row. A probe whose turn it is not leaves its values open."""
        at_ns = time.monotonic_ns()
        row: list[Value] = []
        for probe in probes:
            row.extend(self._values(probe) if everything or probe.group in EVERY_TICK else [None] * len(probe.labels))
        with self._lock:
            self._trace.add(at_ns, row, time.thread_time_ns())

    def _values(self, probe: Probe) -> Sequence[Value]:
        self._reading = probe.group
        try:
            values = probe.read()
        except ProcessLookupError:  # the worker has ended, as it should
            return (None,) * len(probe.labels)
        except Exception as error:  # whatever a driver's file gives, it costs this probe alone
            self._missed(probe.group, f"it cannot be read: {error}")
            return (None,) * len(probe.labels)
        if probe.problem is not None:
            self._missed(probe.group, probe.problem)
        return values

    def _missed(self, group: str, reason: str) -> None:
        with self._lock:
            self._trace.absent.setdefault(group, reason)


class _Pace:
    """The period, doubled whenever this thread has taken more than its share since it was last changed."""

    def __init__(self) -> None:
        self.period_s = 1 / HZ
        self._since_s, self._cpu_s = time.monotonic(), time.thread_time()

    def look(self) -> None:
        now_s, cpu_s = time.monotonic(), time.thread_time()
        if cpu_s - self._cpu_s > MAX_CPU_SHARE * (now_s - self._since_s):
            self.period_s = min(2 * self.period_s, 1 / _SLOWEST_HZ)
            self._since_s, self._cpu_s = now_s, cpu_s
