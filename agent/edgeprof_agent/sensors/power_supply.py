"""A battery's own gauge, and only while it feeds the device: charging, it shows a net flow that says nothing."""

from pathlib import Path

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Accuracy, SensorError, failed_reading


class PowerSupply:
    """The sum over the batteries that feed the machine."""

    name = "power_supply"
    scope: PowerScope = "battery_gauge"
    integration: Integration = "trapezoid"
    accuracy = Accuracy()
    max_hz = 1.0
    """Gauges bring a new value every 1 to 30 s."""

    def __init__(self, root: Path) -> None:
        supplies = files.folders(root / "sys/class/power_supply", "*")
        self._batteries = [_Battery(folder) for folder in supplies if _feeds_the_machine(folder)]
        self.version = files.kernel_version(root)
        full_j = [battery.full_j() for battery in self._batteries]
        self.battery_capacity_j = sum(each for each in full_j if each) if full_j and all(full_j) else None
        self.source = " + ".join(battery.name for battery in self._batteries) or "power_supply"

    def available(self) -> str | None:
        return failed_reading(self) if self._batteries else "no battery"

    def read(self) -> float:
        """Watts. The sign differs between drivers; that the battery discharges is known from its status."""
        states = [(battery, battery.status.text() or "unknown") for battery in self._batteries]
        feeding = [battery for battery, state in states if state == "Discharging"]
        if not feeding or any(state == "Charging" for _, state in states):
            listing = ", ".join(f"{battery.name} is {state}" for battery, state in states)
            raise SensorError(f"the battery does not power the device alone ({listing}); unplug the supply to measure")
        return sum(battery.watts() for battery in feeding)


class _Battery:
    """One gauge's files."""

    def __init__(self, folder: Path) -> None:
        self.name, self._folder = folder.name, folder
        self.status = files.KernelFile(folder / "status")
        self._power, self._current, self._voltage = (
            files.KernelFile(folder / name) for name in ("power_now", "current_now", "voltage_now")
        )

    def full_j(self) -> float | None:
        """What it holds when full: energy_full (µWh), else charge_full (µAh) at its design voltage (µV)."""
        energy_uwh = files.number(self._folder / "energy_full")
        if energy_uwh:
            return energy_uwh * 3600 / 1e6
        charge_uah, micro_v = (files.number(self._folder / name) for name in ("charge_full", "voltage_min_design"))
        return charge_uah * micro_v * 3600 / 1e12 if charge_uah and micro_v else None

    def watts(self) -> float:
        micro_w = self._power.number()
        if micro_w is not None:
            return abs(micro_w) / 1e6
        micro_a, micro_v = self._current.number(), self._voltage.number()
        if micro_a is None or micro_v is None:
            raise SensorError(f"{self.name} gives neither power_now nor current_now with voltage_now")
        return abs(micro_a) * micro_v / 1e12


def _feeds_the_machine(folder: Path) -> bool:
    """A mouse's battery has the scope `Device`."""
    return files.text(folder / "type") == "Battery" and files.text(folder / "scope") != "Device"
