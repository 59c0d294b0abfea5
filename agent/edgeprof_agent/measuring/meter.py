"""Power over a run from the best sensor that this machine has, or the reason why there is no figure."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.wire.messages import Power
from edgeprof_agent.cost_book import CostBook
from edgeprof_agent.measuring.run import Energy
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.base import Recording
from edgeprof_agent.sensors.integrate import integrate
from edgeprof_agent.sensors.sampler import PowerSampler
from edgeprof_agent.worker.document import Window

SAMPLE_HZ = 20.0
"""What is asked; a sensor that changes more slowly, or costs more to read, brings it down."""

LEAST_SHARE = 0.8
"""Of the measured time, what must be integrated for an energy figure."""

_NO_SENSOR = "no readable power sensor on this machine; `edgeprof doctor` says what each one lacks"


class Meter:
    """Samples while it is entered."""

    def __init__(self) -> None:
        sensor = registry.best()
        self._sampler = PowerSampler(sensor, SAMPLE_HZ) if sensor is not None else None

    def __enter__(self) -> "Meter":
        if self._sampler is not None:
            self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._sampler is not None:
            self._sampler.stop()

    @property
    def costs(self) -> tuple[CostBook, ...]:
        """What the sampling costs, where there is any."""
        return (self._sampler.cost,) if self._sampler is not None else ()

    def energy(self, windows: Sequence[Window]) -> Energy | str:
        """The energy of the worker's own measured windows together."""
        if self._sampler is None:
            return _NO_SENSOR
        recording = self._sampler.recording()
        return together(windows, [window_of(recording, window["start_ns"], window["end_ns"]) for window in windows])


def window_of(recording: Recording, start_ns: int, end_ns: int) -> Power | str:
    """The energy between two moments of this machine's monotonic clock."""
    broken = next((each for each in recording.broken if start_ns <= each.at_ns <= end_ns), None)
    if broken is not None:
        return f"{recording.name}: {broken.reason}"
    hz = 1 / recording.period_s
    outcome = integrate(recording.samples, start_ns, end_ns, recording.integration, hz)
    if isinstance(outcome, str):
        return f"{recording.name}: {recording.broken[-1].reason if recording.broken else outcome}"
    return Power(
        source=f"{recording.name}: {recording.source}",
        scope=recording.scope,
        integration="counter" if recording.integration == "counter" else "trapezoid",
        energy_j=outcome.energy_j,
        window_s=(end_ns - start_ns) / 1e9,
        sample_hz_asked=hz,
        sample_hz_got=outcome.changes_hz,
    )


def together(windows: Sequence[Window], found: Sequence[Power | str]) -> Energy | str:
    """Of those windows that could be integrated, if they hold most of the time; else why the others could not.

    A window that was begun only to know the median better may be too short for the sensor, and must not take the
    figure of the long one before it away. Joules and seconds add up; the rate that was got is that of the whole.
    """
    pairs = list(zip(windows, found, strict=True))
    powers = [power for power in found if not isinstance(power, str)]
    reasons = [power for power in found if isinstance(power, str)]
    held_ns = sum(_length_ns(window) for window, power in pairs if not isinstance(power, str))
    share = held_ns / max(1, sum(map(_length_ns, windows)))
    if not powers or share < LEAST_SHARE:
        why = reasons[0] if reasons else "nothing was measured"
        return (
            why if not powers else f"{why}; that leaves {share:.0%} of the measured time, {LEAST_SHARE:.0%} are needed"
        )
    window_s = sum(power.window_s for power in powers)
    power = replace(
        powers[0],
        energy_j=sum(power.energy_j for power in powers),
        window_s=window_s,
        sample_hz_got=sum(power.sample_hz_got * power.window_s for power in powers) / window_s,
    )
    return Energy(power, sum(window["units"] for window, power in pairs if not isinstance(power, str)))


def _length_ns(window: Window) -> int:
    return window["end_ns"] - window["start_ns"]
