"""A Jetson's own current monitors (INA3221, on Thor also INA238), read from sysfs without root.

JetPack 5 and later show them under hwmon, JetPack 4 under iio. A rail that feeds the whole module is the total;
without one the sum of all rails stands, which is less than the module draws.
"""

import re
from collections.abc import Callable
from pathlib import Path

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Accuracy, SensorError, failed_reading

INPUT_RAILS = ("VDD_IN", "POM_5V_IN", "VIN")
"""Orin NX, Orin Nano, Xavier NX, TX2; Nano; Thor. Carrier board, fan, USB and NVMe are outside."""
CHANNELS = (1, 2, 3)
"""Channels 4 to 6 are shunt voltages and 7 is the chip's own sum."""

Reader = Callable[[], float]


class JetsonIna:
    """The module's input rail, or the sum of the rails that there are."""

    name = "jetson_ina"
    integration: Integration = "trapezoid"
    accuracy = Accuracy(
        resolution_w=0.04, source="NVIDIA DRIVE OS, power monitoring: 8 mA steps of a 5 mΩ shunt, at 5 V"
    )
    """40 µV over the shunt. Nobody states the rest."""
    max_hz = 10.0

    def __init__(self, root: Path) -> None:
        rails = _rails(root)
        inputs = {label: reader for label, reader in rails.items() if label in INPUT_RAILS}
        self._rails = inputs or rails
        self.scope: PowerScope = "module_input" if inputs or not rails else "partial_rails"
        self.version = _l4t(root) or files.kernel_version(root)
        self.source = "INA rails " + " + ".join(self._rails) if self._rails else "INA3221"

    def available(self) -> str | None:
        return failed_reading(self) if self._rails else "no INA3221 under /sys/bus/i2c/devices"

    def read(self) -> float:
        """Watts. A rail that is switched off may read slightly below zero, and is added as it is."""
        return sum(reader() for reader in self._rails.values())


def _l4t(root: Path) -> str | None:
    """`L4T R36.4.3` from `# R36 (release), REVISION: 4.3, ...`."""
    found = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", files.text(root / "etc/nv_tegra_release") or "")
    return f"L4T R{found.group(1)}.{found.group(2)}" if found else None


def _rails(root: Path) -> dict[str, Reader]:
    rails: dict[str, Reader] = {}
    for device in files.folders(root / "sys/bus/i2c/devices", "*"):
        chip = files.text(device / "name") or ""
        if "ina3221" in chip:
            rails |= _hwmon_rails(device) or _iio_rails(device)
        elif chip == "ina238":
            rails |= _ina238_rail(device)
    return rails


def _hwmon_rails(device: Path) -> dict[str, Reader]:
    """JetPack 5 and later: millivolts and milliamperes, and no power file."""
    rails: dict[str, Reader] = {}
    for monitor in files.folders(device / "hwmon", "hwmon*"):
        for channel in CHANNELS:
            label = files.text(monitor / f"in{channel}_label")
            if label and "NC" not in label:
                rails[label] = _volts_times_amps(monitor, channel)
    return rails


def _iio_rails(device: Path) -> dict[str, Reader]:
    """JetPack 4: the power itself in milliwatts."""
    rails: dict[str, Reader] = {}
    for monitor in files.folders(device, "iio:device*"):
        for channel in range(3):
            label = files.text(monitor / f"rail_name_{channel}")
            if label and "NC" not in label:
                rails[label] = _scaled(monitor / f"in_power{channel}_input", 1e-3)
    return rails


def _ina238_rail(device: Path) -> dict[str, Reader]:
    """Thor's input: microwatts."""
    rails: dict[str, Reader] = {}
    for monitor in files.folders(device / "hwmon", "hwmon*"):
        label = files.text(monitor / "label") or files.text(monitor / "in1_label")
        if label:
            rails[label] = _scaled(monitor / "power1_input", 1e-6)
    return rails


def _volts_times_amps(monitor: Path, channel: int) -> Reader:
    volts = _scaled(monitor / f"in{channel}_input", 1e-3)
    amps = _scaled(monitor / f"curr{channel}_input", 1e-3)
    return lambda: volts() * amps()


def _scaled(path: Path, factor: float) -> Reader:
    file = files.KernelFile(path)

    def read() -> float:
        value = file.number()
        if value is None:
            raise SensorError(f"{path.parent.name}/{path.name} gives no number")
        return value * factor

    return read
