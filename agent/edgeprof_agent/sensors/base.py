"""What a power source is: a name, what it covers, and values that are numbers or errors, never guesses.

A sensor is read by us (`PowerSensor`); a meter sends when it likes. Both come to one thing: a `Recorder`, which is
started, stopped, and gives a `Recording`. What is made of a recording is in `edgeprof_agent.energy`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.cost_book import CostBook

TRUST: tuple[PowerScope, ...] = (
    "dc_input",
    "wall_ac",
    "module_input",
    "battery_gauge",
    "platform",
    "partial_rails",
    "cpu_package",
    "gpu",
)
"""What a scope tells about the draw of the whole device, best first. Two scopes are never compared or added."""


class SensorError(Exception):
    """A reading that could not be had; the text is the reason that a person sees."""


@dataclass(frozen=True)
class Accuracy:
    """How far a reading may be off. `share` is of the reading (95 %); None: nobody states one."""

    resolution_w: float | None = None
    """The smallest step between two readings."""
    share: float | None = None
    source: str = ""
    """Who states it."""


class PowerSensor(Protocol):
    """One source on one machine. `read` gives watts, or for a counter joules that only ever grow."""

    name: str
    scope: PowerScope
    source: str
    """Which files or command it reads, for the record."""
    integration: Integration
    max_hz: float
    """Reading faster would cost the measured program time, or bring the same value again."""
    version: str | None
    """Of what makes the values: firmware, driver, kernel; None: it does not tell."""
    accuracy: Accuracy

    def available(self) -> str | None:
        """None if it can be read here and now, else why not and, where there is one, the mend."""
        ...

    def read(self) -> float:
        """One reading. Raises SensorError."""
        ...


class SensorClass(Protocol):
    """How the registry makes a sensor."""

    def __call__(self, root: Path) -> PowerSensor: ...


@dataclass(frozen=True)
class Sample:
    """A value (watts, or a counter's joules) at a moment of this machine's monotonic clock."""

    at_ns: int
    value: float


@dataclass(frozen=True)
class FailedReading:
    """A moment at which no value could be had, and why."""

    at_ns: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What one source gave between start and stop."""

    name: str
    scope: PowerScope
    source: str
    version: str | None
    integration: Integration
    accuracy: Accuracy
    hz_asked: float | None
    """None: the source decides when it sends."""
    period_s: float
    """The time between two values that is expected."""
    late: bool
    """Whether values may come after the moment that they speak of: then the offset is estimated from the load."""
    samples: tuple[Sample, ...]
    broken: tuple[FailedReading, ...] = ()
    battery_capacity_j: float | None = None


class Recorder(Protocol):
    """One source being recorded. Never raises: what goes wrong is in the recording."""

    @property
    def name(self) -> str: ...

    @property
    def scope(self) -> PowerScope: ...

    @property
    def period_s(self) -> float:
        """The time between two values that is expected; known before the start, so that windows can be planned."""
        ...

    @property
    def cost(self) -> CostBook | None:
        """What recording takes of this machine's processor; None: nothing of ours runs for it."""
        ...

    def start(self) -> None:
        """Returns once values come, or cannot come."""
        ...

    def stop(self) -> None:
        """May be called twice."""
        ...

    def recording(self) -> Recording: ...


def failed_reading(sensor: PowerSensor) -> str | None:
    """Tries one reading: why it failed, or None."""
    try:
        sensor.read()
    except SensorError as error:
        return str(error)
    return None
