"""Reads one sensor from a thread of its own, at its own pace, for as long as it is asked to.

The loop is kept bare (one timed wait, one reading, two appends): it runs beside what is measured, and every object that
it touches has to come back into a cache that the model has filled meanwhile.
"""

import threading
import time
from array import array

from edgeprof.wire.energy import PowerScope
from edgeprof_agent.cost_book import thread_cost
from edgeprof_agent.sensors.base import FailedReading, PowerSensor, Recording, Sample, SensorError

_STUCK_S = 5.0
"""How long the end of a run waits for a reading that does not come back."""


class PowerSampler:
    """A `Recorder` of a sensor that is read by us."""

    def __init__(self, sensor: PowerSensor, hz: float) -> None:
        self._sensor = sensor
        self.name = sensor.name
        self.scope: PowerScope = sensor.scope
        self.hz = min(hz, sensor.max_hz)
        self.period_s = 1 / self.hz
        self.cost = thread_cost()
        self._values = array("d")
        self._at_ns = array("q")
        """Appended to last: as many values as moments are whole samples, without a lock."""
        self._broken: list[FailedReading] = []
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
        """Takes a last sample, so that a window may end now. A thread that hangs in a driver is left behind."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._running.release()
        thread.join(_STUCK_S)
        if thread.is_alive():
            self._broken.append(FailedReading(time.monotonic_ns(), "a reading did not return"))
        else:
            self._take()

    def recording(self) -> Recording:
        """Everything so far."""
        pairs = list(zip(self._at_ns, self._values, strict=False))
        return Recording(
            name=self._sensor.name,
            scope=self._sensor.scope,
            source=self._sensor.source,
            version=self._sensor.version,
            integration=self._sensor.integration,
            accuracy=self._sensor.accuracy,
            hz_asked=self.hz,
            period_s=self.period_s,
            late=False,
            samples=tuple(Sample(at_ns, value) for at_ns, value in pairs),
            broken=tuple(self._broken),
            battery_capacity_j=getattr(self._sensor, "battery_capacity_j", None),
        )

    def _run(self) -> None:
        next_s = time.monotonic() + self.period_s
        while not self._running.acquire(timeout=max(0.0, next_s - time.monotonic())):
            self._take()
            self.cost.tick()
            next_s = max(next_s + self.period_s, time.monotonic())
        self._running.release()

    def _take(self) -> None:
        before_ns = time.monotonic_ns()
        try:
            value = self._sensor.read()
        except SensorError as error:
            self._broken.append(FailedReading(time.monotonic_ns(), str(error)))
            return
        except Exception as error:
            # A driver's file or library may give what nobody foresaw. The thread goes on, and the recording says so.
            problem = f"a reading failed: {type(error).__name__}: {error}"
            self._broken.append(FailedReading(time.monotonic_ns(), problem))
            return
        self._values.append(value)
        self._at_ns.append((before_ns + time.monotonic_ns()) // 2)
