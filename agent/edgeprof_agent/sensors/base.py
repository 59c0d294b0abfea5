"""What a power sensor is: a name, what it covers, and a reading that is a number or an error, never a guess."""

from pathlib import Path
from typing import Literal, Protocol

Integration = Literal["counter", "trapezoid"]
Scope = Literal["dc_input", "module_input", "battery_gauge", "platform", "partial_rails", "cpu_package"]

TRUST: tuple[Scope, ...] = ("dc_input", "module_input", "battery_gauge", "platform", "partial_rails", "cpu_package")
"""What a scope tells about the draw of the whole device, best first. Two scopes are never compared or added."""


class SensorError(Exception):
    """A reading that could not be had; the text is the reason that a person sees."""


class PowerSensor(Protocol):
    """One source on one machine. `read` gives watts, or for a counter joules that only ever grow."""

    name: str
    scope: Scope
    source: str
    """Which files or command it reads, for the record."""
    integration: Integration
    max_hz: float
    """Reading faster would cost the measured program time, or bring the same value again."""

    def available(self) -> str | None:
        """None if it can be read here and now, else why not and, where there is one, the mend."""
        ...

    def read(self) -> float:
        """One reading. Raises SensorError."""
        ...


class SensorClass(Protocol):
    """How the registry makes a sensor."""

    def __call__(self, root: Path) -> PowerSensor: ...


def failed_reading(sensor: PowerSensor) -> str | None:
    """Tries one reading: why it failed, or None."""
    try:
        sensor.read()
    except SensorError as error:
        return str(error)
    return None
