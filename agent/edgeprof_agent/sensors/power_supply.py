"""A battery's own gauge, and only while it feeds the device: charging, it shows a net flow that says nothing."""

from pathlib import Path

from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Integration, Scope, SensorError, failed_reading


class PowerSupply:
    """The sum over the batteries that feed the machine."""

    name = "power_supply"
    scope: Scope = "battery_gauge"
    integration: Integration = "trapezoid"
    max_hz = 1.0
    """Gauges bring a new value every 1 to 30 s."""

    def __init__(self, root: Path) -> None:
        supplies = files.folders(root / "sys/class/power_supply", "*")
        self._batteries = [folder for folder in supplies if _feeds_the_machine(folder)]
        self.source = " + ".join(folder.name for folder in self._batteries) or "power_supply"

    def available(self) -> str | None:
        return failed_reading(self) if self._batteries else "no battery"

    def read(self) -> float:
        """Watts. The sign differs between drivers; that the battery discharges is known from its status."""
        states = {folder: files.text(folder / "status") or "unknown" for folder in self._batteries}
        feeding = [folder for folder, state in states.items() if state == "Discharging"]
        if not feeding or "Charging" in states.values():
            said = ", ".join(f"{folder.name} is {state}" for folder, state in states.items())
            raise SensorError(f"the battery does not feed the device alone ({said}); unplug the supply to measure")
        return sum(_watts(folder) for folder in feeding)


def _feeds_the_machine(folder: Path) -> bool:
    """A mouse's battery has the scope `Device`."""
    return files.text(folder / "type") == "Battery" and files.text(folder / "scope") != "Device"


def _watts(folder: Path) -> float:
    micro_w = files.number(folder / "power_now")
    if micro_w is not None:
        return abs(micro_w) / 1e6
    micro_a, micro_v = files.number(folder / "current_now"), files.number(folder / "voltage_now")
    if micro_a is None or micro_v is None:
        raise SensorError(f"{folder.name} gives neither power_now nor current_now with voltage_now")
    return abs(micro_a) * micro_v / 1e12
