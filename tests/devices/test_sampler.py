import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.energy.integrate import changes, energy_between, in_order
from edgeprof_agent.energy.validation import why_unusable
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors import sampler as sampler_module
from edgeprof_agent.sensors.base import Accuracy, PowerSensor, Recording
from edgeprof_agent.sensors.sampler import PowerSampler

HZ = 20.0
"""Slow enough that a busy machine makes no gap of five periods."""
Change = Callable[[int], None]


class Driven:
    """A real sensor on a recorded tree that changes before each of its readings."""

    def __init__(self, sensor: PowerSensor, change: Change) -> None:
        self.name, self.source, self.max_hz = sensor.name, sensor.source, HZ
        self.scope: PowerScope = sensor.scope
        self.integration: Integration = sensor.integration
        self.version, self.accuracy = sensor.version, sensor.accuracy
        self.readings = 0
        self.enough = threading.Event()
        self._sensor, self._change = sensor, change

    def available(self) -> str | None:
        return self._sensor.available()

    def read(self) -> float:
        self._change(self.readings)
        self.readings += 1
        if self.readings >= 9:
            self.enough.set()
        return self._sensor.read()


class Power(NamedTuple):
    """What a window comes to."""

    energy_j: float
    window_s: float
    scope: PowerScope
    integration: Integration
    source: str
    sample_hz_got: float


def window_of(recording: Recording, start_ns: int, end_ns: int) -> Power | str:
    """Validated as a run is, then integrated."""
    samples = in_order(recording.samples)
    problem = why_unusable(recording, samples, start_ns, end_ns)
    if problem is not None:
        return f"{recording.name}: {problem}"
    window_s = (end_ns - start_ns) / 1e9
    return Power(
        energy_between(samples, start_ns, end_ns, recording.integration),
        window_s,
        recording.scope,
        recording.integration,
        f"{recording.name}: {recording.source}",
        changes(samples, start_ns, end_ns) / window_s,
    )


def measured(driven: Driven) -> Power | str:
    """The energy between just after the first and just before the last reading."""
    sampler = PowerSampler(driven, HZ)
    sampler.start()
    start_ns = time.monotonic_ns()
    assert driven.enough.wait(30)
    end_ns = time.monotonic_ns()
    sampler.stop()
    return window_of(sampler.recording(), start_ns, end_ns)


def numbers(path: Path, *values: float) -> Change:
    def change(reading: int) -> None:
        path.write_text(f"{values[reading % len(values)]:.0f}\n")

    return change


def test_a_jetsons_input_becomes_energy(copy_of: Callable[[str], Path]) -> None:
    """5016 mV at 1000 and 1200 mA in turn: a mean between 5.016 W and 6.0192 W."""
    root = copy_of("orin-nano-8gb-jp6")
    current = root / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input"
    power = measured(Driven(registry.load("jetson_ina", root), numbers(current, 1000, 1200)))
    assert isinstance(power, Power)
    assert 5.016 <= power.energy_j / power.window_s <= 6.0192
    assert (power.scope, power.integration) == ("module_input", "trapezoid")
    assert power.source == "jetson_ina: INA rails VDD_IN"
    assert power.sample_hz_got > 0


def test_a_processors_counter_becomes_energy_over_its_turns(copy_of: Callable[[str], Path]) -> None:
    """One joule a reading on a counter that turns at 3.5 J: as many joules as readings, less the two ends."""
    root = copy_of("n100")
    package = root / "sys/class/powercap/intel-rapl:0"
    (package / "max_energy_range_uj").write_text("3500000\n")

    def change(reading: int) -> None:
        (package / "energy_uj").write_text(f"{reading * 1_000_000 % 3_500_000}\n")

    driven = Driven(registry.load("rapl", root), change)
    power = measured(driven)
    assert isinstance(power, Power)
    assert driven.readings - 4 <= power.energy_j <= driven.readings - 1
    assert (power.scope, power.integration) == ("cpu_package", "counter")


def test_a_pis_rails_become_energy(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("pi-5-8gb")
    said = root / "tools/vcgencmd-pmic_read_adc"

    def change(reading: int) -> None:
        said.write_text(
            f"VDD_CORE_A current(7)={2 + reading % 2}.0A\nVDD_CORE_V volt(15)=0.8V\nEXT5V_V volt(24)=5.1V\n"
        )

    power = measured(Driven(registry.load("pi_pmic", root), change))
    assert isinstance(power, Power)
    assert 1.6 <= power.energy_j / power.window_s <= 2.4
    assert power.scope == "partial_rails"


def test_a_meter_and_a_battery_become_energy(tmp_path: Path) -> None:
    meter, battery = tmp_path / "sys/class/hwmon/hwmon0", tmp_path / "sys/class/power_supply/BAT0"
    for folder in (meter, battery):
        folder.mkdir(parents=True)
    (meter / "name").write_text("ina226\n")
    (battery / "type").write_text("Battery\n")
    (battery / "status").write_text("Discharging\n")
    for name, path in (("hwmon_ina2xx", meter / "power1_input"), ("power_supply", battery / "power_now")):
        power = measured(Driven(registry.load(name, tmp_path), numbers(path, 3_000_000, 3_100_000)))
        assert isinstance(power, Power)
        assert 3.0 <= power.energy_j / power.window_s <= 3.1


def test_current_that_flows_back_lowers_the_energy(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("orin-nano-8gb-jp6")
    current = root / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input"
    power = measured(Driven(registry.load("jetson_ina", root), numbers(current, -100, -120)))
    assert isinstance(power, Power)
    assert -0.602 <= power.energy_j / power.window_s <= -0.501


@pytest.mark.parametrize("content", ["", "n/a", "nan", "inf", "12 W"])
def test_text_in_the_window_gives_a_reason_and_no_number(content: str, copy_of: Callable[[str], Path]) -> None:
    root = copy_of("orin-nano-8gb-jp6")
    current = root / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input"

    def change(reading: int) -> None:
        current.write_text(content if reading == 6 else f"{1000 + reading}\n")

    assert measured(Driven(registry.load("jetson_ina", root), change)) == (
        "jetson_ina: hwmon1/curr1_input gives no number"
    )


def test_a_sensor_that_vanishes_gives_a_reason_and_no_number(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("n100")
    counter = root / "sys/class/powercap/intel-rapl:0/energy_uj"

    def change(reading: int) -> None:
        if reading < 6:
            counter.write_text(f"{reading}\n")
        else:
            counter.unlink(missing_ok=True)

    outcome = measured(Driven(registry.load("rapl", root), change))
    assert isinstance(outcome, str)
    assert "energy_uj gives no number" in outcome


def test_a_supply_that_is_plugged_in_meanwhile_gives_a_reason(tmp_path: Path) -> None:
    folder = tmp_path / "sys/class/power_supply"
    folder.mkdir(parents=True)
    battery = folder / "BAT0"
    battery.mkdir()
    (battery / "type").write_text("Battery\n")

    def change(reading: int) -> None:
        (battery / "power_now").write_text(f"{9_000_000 + reading}\n")
        (battery / "status").write_text("Discharging\n" if reading < 6 else "Charging\n")

    outcome = measured(Driven(registry.load("power_supply", tmp_path), change))
    assert isinstance(outcome, str)
    assert "BAT0 is Charging" in outcome


def test_a_reading_that_never_changes_gives_a_reason() -> None:
    root = Path(__file__).parent.parent / "machines/orin-nano-8gb-jp6"
    outcome = measured(Driven(registry.load("jetson_ina", root), lambda _: None))
    assert isinstance(outcome, str)
    assert "the same value" in outcome


def test_a_window_outside_the_sampling_gives_a_reason(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("orin-nano-8gb-jp6")
    current = root / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input"
    driven = Driven(registry.load("jetson_ina", root), numbers(current, 1000, 1200))
    early_ns = time.monotonic_ns()
    sampler = PowerSampler(driven, HZ)
    sampler.start()
    assert driven.enough.wait(30)
    sampler.stop()
    assert "its first value came" in str(
        window_of(sampler.recording(), early_ns, sampler.recording().samples[-1].at_ns)
    )


def test_a_sensor_is_not_read_faster_than_it_allows(copy_of: Callable[[str], Path]) -> None:
    sensor = registry.load("jetson_ina", copy_of("orin-nano-8gb-jp6"))
    sampler = PowerSampler(sensor, 1000.0)
    sampler.start()
    sampler.stop()
    assert isinstance(window_of(sampler.recording(), 0, 1), str)
    assert sampler.hz == sensor.max_hz


def test_a_reading_that_does_not_come_back_is_told_and_holds_nothing_up(
    copy_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that hangs: the sampler's thread is left behind, and the recording says so."""
    monkeypatch.setattr(sampler_module, "_STUCK_S", 0.2)
    root = copy_of("orin-nano-8gb-jp6")
    release = threading.Event()

    def hang(reading: int) -> None:
        if reading == 3:
            release.wait(30)

    sampler = PowerSampler(Driven(registry.load("jetson_ina", root), hang), HZ)
    sampler.start()
    time.sleep(0.6)
    began_s = time.monotonic()
    sampler.stop()
    assert time.monotonic() - began_s < 5
    release.set()
    assert [each.reason for each in sampler.recording().broken] == ["a reading did not return"]


class Surprising:
    """A source whose library fails as nobody foresaw, once in each two readings."""

    name = "surprising"
    scope: PowerScope = "gpu"
    source = "a library"
    integration: Integration = "trapezoid"
    max_hz = 50.0
    version: str | None = None
    accuracy = Accuracy()

    def __init__(self) -> None:
        self.reads = 0
        self.enough = threading.Event()

    def available(self) -> str | None:
        return None

    def read(self) -> float:
        self.reads += 1
        if self.reads > 6:
            self.enough.set()
        if self.reads % 2:
            raise KeyError("energy_mj")
        return 5.0


def test_a_source_that_breaks_unforeseen_is_told_and_read_on() -> None:
    source = Surprising()
    sampler = PowerSampler(source, 50.0)
    sampler.start()
    assert source.enough.wait(30)
    sampler.stop()
    found = sampler.recording()
    assert "a reading failed: KeyError: 'energy_mj'" in {each.reason for each in found.broken}
    assert len(found.samples) >= 3
