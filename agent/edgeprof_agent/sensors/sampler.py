"""Samples one sensor from a thread and turns a window of time into joules, or into the reason why it cannot."""

import threading
import time
from dataclasses import dataclass

from edgeprof.wire.messages import Power
from edgeprof_agent.sensors.base import PowerSensor, SensorError
from edgeprof_agent.sensors.integrate import MAX_GAP_PERIODS, Sample, integrate


@dataclass(frozen=True)
class _Failure:
    at_ns: int
    reason: str


class PowerSampler:
    """`start` before the work, `stop` after it; `window` may be asked for any part of the time between."""

    def __init__(self, sensor: PowerSensor, hz: float) -> None:
        self._sensor = sensor
        self.hz = min(hz, sensor.max_hz)
        self._samples: list[Sample] = []
        self._failures: list[_Failure] = []
        self._arrived = threading.Condition()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Takes the first sample before it returns, so that a window may begin at once."""
        self._take()
        self._thread = threading.Thread(target=self._run, name=f"power-{self._sensor.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Takes a last sample, so that a window may end now."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join()
        self._thread = None
        self._take()

    def window(self, start_monotonic_ns: int, end_monotonic_ns: int) -> Power | str:
        """The energy between two moments of this machine's monotonic clock."""
        self._await(end_monotonic_ns)
        with self._arrived:
            samples, failures = list(self._samples), list(self._failures)
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
        while not self._stopping.wait(max(0.0, next_s - time.monotonic())):
            self._take()
            next_s = max(next_s + period_s, time.monotonic())

    def _take(self) -> None:
        before_ns = time.monotonic_ns()
        try:
            value: float | str = self._sensor.read()
        except SensorError as error:
            value = str(error)
        at_ns = (before_ns + time.monotonic_ns()) // 2
        with self._arrived:
            if isinstance(value, str):
                self._failures.append(_Failure(at_ns, value))
            else:
                self._samples.append(Sample(at_ns, value))
            self._arrived.notify_all()

    def _await(self, moment_ns: int) -> None:
        """While the thread runs, the sample that closes the window may still be on its way."""
        deadline_s = MAX_GAP_PERIODS / self.hz
        with self._arrived:
            self._arrived.wait_for(lambda: self._thread is None or self._reaches(moment_ns), timeout=deadline_s)

    def _reaches(self, moment_ns: int) -> bool:
        latest = [each[-1].at_ns for each in (self._samples, self._failures) if each]
        return max(latest, default=0) >= moment_ns
