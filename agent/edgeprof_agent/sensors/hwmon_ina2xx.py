"""An INA219, 220, 226, 230, 231, 238 or 260 that Linux knows: a meter that somebody put into the supply line."""

import re
from collections.abc import Callable
from pathlib import Path

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import device_tree, files
from edgeprof_agent.sensors.base import Accuracy, SensorError, failed_reading

CHIP = re.compile(r"ina2(19|20|26|28|30|31|38|60)")


class HwmonIna2xx:
    """Exactly one chip. With two, nothing says which of them carries the whole device."""

    name = "hwmon_ina2xx"
    scope: PowerScope = "dc_input"
    integration: Integration = "trapezoid"
    accuracy = Accuracy()
    """The chip's own error is small; that of the shunt, which somebody soldered, is not known here."""
    max_hz = 20.0

    def __init__(self, root: Path) -> None:
        monitors = files.folders(root / "sys/class/hwmon", "hwmon*")
        self._chips = [folder for folder in monitors if CHIP.fullmatch(files.text(folder / "name") or "")]
        self._on_jetson = device_tree.is_tegra(root)
        self._watts = _meter(self._chips[0]) if self._chips else None
        self.version = files.kernel_version(root)
        self.source = ", ".join(f"{files.text(chip / 'name')} in {chip.name}" for chip in self._chips) or "hwmon"

    def available(self) -> str | None:
        if not self._chips:
            return "no INA2xx under /sys/class/hwmon"
        if self._on_jetson:
            return "a Jetson's own INA chips are read by jetson_ina"
        if len(self._chips) > 1:
            return f"{len(self._chips)} INA2xx chips ({self.source}): which one measures the whole device is not known"
        return failed_reading(self)

    def read(self) -> float:
        """Watts, negative where the current flows back."""
        if self._watts is None:
            raise SensorError("no INA2xx under /sys/class/hwmon")
        return self._watts()


def _meter(chip: Path) -> Callable[[], float]:
    """The chip's own power, else volts times amperes."""
    power, volts, amps = (files.KernelFile(chip / name) for name in ("power1_input", "in1_input", "curr1_input"))

    def read() -> float:
        micro_w = power.number()
        if micro_w is not None:
            return micro_w / 1e6
        millivolts, milliamps = volts.number(), amps.number()
        if millivolts is None or milliamps is None:
            raise SensorError(f"{chip.name} gives no number for power1_input")
        return millivolts * milliamps / 1e6

    return read
