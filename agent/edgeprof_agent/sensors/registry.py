"""Every power sensor by name, what this machine has of them, and which one to trust most."""

from importlib import import_module
from pathlib import Path
from typing import cast

from edgeprof.wire.messages import SensorFact
from edgeprof_agent.sensors.base import TRUST, PowerSensor, Recorder, SensorClass
from edgeprof_agent.sensors.sampler import PowerSampler

SAMPLE_HZ = 20.0
"""What is asked; a sensor that changes more slowly, or costs more to read, brings it down."""

SENSORS: dict[str, str] = {
    "hwmon_ina2xx": "edgeprof_agent.sensors.hwmon_ina2xx:HwmonIna2xx",
    "jetson_ina": "edgeprof_agent.sensors.jetson_ina:JetsonIna",
    "power_supply": "edgeprof_agent.sensors.power_supply:PowerSupply",
    "pi_pmic": "edgeprof_agent.sensors.pi_pmic:PiPmic",
    "rapl": "edgeprof_agent.sensors.rapl:Rapl",
    "nvml": "edgeprof_agent.sensors.nvml:Nvml",
    "android_rails": "edgeprof_agent.sensors.android:AndroidRails",
    "android_battery": "edgeprof_agent.sensors.android:AndroidBattery",
}


def probe(root: Path = Path("/")) -> tuple[SensorFact, ...]:
    """Each sensor: what it covers here, or why it cannot be read."""
    return tuple(_fact(load(name, root)) for name in SENSORS)


def best(root: Path = Path("/")) -> PowerSensor | None:
    """The readable sensor that comes nearest to the draw of the whole device."""
    readable = [sensor for sensor in (load(name, root) for name in SENSORS) if sensor.available() is None]
    return min(readable, key=lambda sensor: TRUST.index(sensor.scope), default=None)


def recorders(root: Path = Path("/"), hz: float = SAMPLE_HZ) -> list[Recorder]:
    """Every source that can be read here, the one that comes nearest to the whole device first."""
    readable = [sensor for sensor in (load(name, root) for name in SENSORS) if sensor.available() is None]
    return [PowerSampler(sensor, hz) for sensor in sorted(readable, key=lambda sensor: TRUST.index(sensor.scope))]


def load(name: str, root: Path) -> PowerSensor:
    """One sensor, imported only now."""
    module, _, class_name = SENSORS[name].partition(":")
    return cast(SensorClass, getattr(import_module(module), class_name))(root)


def _fact(sensor: PowerSensor) -> SensorFact:
    reason = sensor.available()
    return SensorFact(name=sensor.name, scope=sensor.scope, available=reason is None, reason=reason)
