"""Power over a run from the best sensor that this machine has, or the reason why there is no figure."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.wire.messages import Power
from edgeprof_agent.cost_book import CostBook
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.sampler import PowerSampler
from edgeprof_agent.worker.document import Window

SAMPLE_HZ = 20.0
"""What is asked; a sensor that changes more slowly, or costs more to read, brings it down."""

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

    def energy(self, windows: Sequence[Window]) -> Power | str:
        """The energy of the worker's own measured windows together."""
        if self._sampler is None:
            return _NO_SENSOR
        powers: list[Power] = []
        for window in windows:
            power = self._sampler.window(window["start_ns"], window["end_ns"])
            if isinstance(power, str):
                return power
            powers.append(power)
        return _together(powers)


def _together(powers: Sequence[Power]) -> Power:
    """Joules and seconds add up; the rate that was got is that of the whole."""
    window_s = sum(power.window_s for power in powers)
    return replace(
        powers[0],
        energy_j=sum(power.energy_j for power in powers),
        window_s=window_s,
        sample_hz_got=sum(power.sample_hz_got * power.window_s for power in powers) / window_s,
    )
