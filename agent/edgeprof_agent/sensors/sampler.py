"""Samples one sensor from a thread and turns a window of time into joules, or into the reason why it cannot.

The loop is kept bare (one timed wait, one reading, two appends): it runs beside what is measured, and every object that
it touches has to come back into a cache that the model has filled meanwhile.
"""

import threading
import time
from array import array
from dataclasses import dataclass

from edgeprof.wire.messages import Power
from edgeprof_agent.cost_book import thread_cost
from edgeprof_agent.sensors.base import PowerSensor, SensorError
from edgeprof_agent.sensors.integrate import MAX_GAP_PERIODS, Sample, integrate

_LOOK_S = 0.01


@dataclass(frozen=True)
class _Failure:
    at_ns: int
    reason: str


class PowerSampler:
    """`start` before the work, `stop` after it; `window` may be asked for any part of the time between."""

    def __init__(self, sensor: PowerSensor, hz: float) -> None:
        self._sensor = sensor
        self.hz = min(hz, sensor.max_hz)
        self.cost = thread_cost()
        self._values = array("d")
        self._at_ns = array("q")
        """Appended to last: as many values as moments are whole samples, without a lock."""
        self._failures: list[_Failure] = []
        self._running = threading.Lock()
        """Held while sampling. Waiting for it with a time limit is the cheapest sleep that can be cut short."""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Takes the first sample before it returns, so that a window may begin at once."""
        self._take()
        self._running.acquire()
        self._thread = threading.Thread(target=self._run, name=f"power-{self._sensor.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Takes a last sample, so that a window may end now."""
        if self._thread is None:
            return
        self._running.release()
        self._thread.join()
        self._thread = None
        self._take()

    def window(self, start_monotonic_ns: int, end_monotonic_ns: int) -> Power | str:
        """The energy between two moments of this machine's monotonic clock."""
        self._await(end_monotonic_ns)
        samples = [Sample(at_ns, value) for at_ns, value in zip(self._at_ns, self._values, strict=False)]
        failures = list(self._failures)
        broken = next((each for each in failures if start_monotonic_ns <= each.at_ns <= end_monotonic_ns), None)
        if broken is not None:
            return f"{self._sensor.name}: {broken.reason}"
        outcome = integrate(samples, start_monotonic_ns, end_monotonic_ns, self._sensor.integration, self.hz)
        if isinstance(outcome, str):
            return f"{self._sensor.name}: {failures[-1].reason if failures else outcome}"
        return Power(
            source=f"{self._sensor.name}: {self._sensor.source}",
            scope=self._sensor.scope,
            integration=self._sensor.integration,
            energy_j=outcome.energy_j,
            window_s=(end_monotonic_ns - start_monotonic_ns) / 1e9,
            sample_hz_asked=self.hz,
            sample_hz_got=outcome.changes_hz,
        )

    def _run(self) -> None:
        period_s = 1 / self.hz
        next_s = time.monotonic() + period_s
        while not self._running.acquire(timeout=max(0.0, next_s - time.monotonic())):
            self._take()
            self.cost.tick()
            next_s = max(next_s + period_s, time.monotonic())
        self._running.release()

    def _take(self) -> None:
        before_ns = time.monotonic_ns()
        try:
            self._values.append(self._sensor.read())
        except SensorError as error:
            self._failures.append(_Failure(time.monotonic_ns(), str(error)))
            return
        self._at_ns.append((before_ns + time.monotonic_ns()) // 2)

    def _await(self, moment_ns: int) -> None:
        """While the thread runs, the sample that closes the window may still be on its way."""
        deadline_s = time.monotonic() + MAX_GAP_PERIODS / self.hz
        while self._thread is not None and not self._reaches(moment_ns) and time.monotonic() < deadline_s:
            time.sleep(_LOOK_S)

    def _reaches(self, moment_ns: int) -> bool:
        latest_ns = max(self._at_ns[-1] if self._at_ns else 0, self._failures[-1].at_ns if self._failures else 0)
        return latest_ns >= moment_ns
