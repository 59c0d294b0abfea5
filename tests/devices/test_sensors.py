import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.base import PowerSensor, SensorError
from edgeprof_agent.sensors.hwmon_ina2xx import HwmonIna2xx
from edgeprof_agent.sensors.jetson_ina import JetsonIna
from edgeprof_agent.sensors.power_supply import PowerSupply
from edgeprof_agent.sensors.rapl import Rapl
from edgeprof_agent.sensors.rights import missing_rights

MACHINES = Path(__file__).parent.parent / "machines"


def write(folder: Path, **content: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in content.items():
        (folder / name).write_text(f"{value}\n")
    return folder


@contextmanager
def as_nobody() -> Generator[None]:
    """Root may read everything, so a missing right shows only to another user."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestRapl:
    def powercap(self, root: Path, folder: str, name: str, energy_uj: int, range_uj: int = 1_000_000) -> Path:
        return write(root / "sys/class/powercap" / folder, name=name, energy_uj=energy_uj, max_energy_range_uj=range_uj)

    def test_only_the_package_is_read_and_never_its_parts(self, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("n100")
        sensor = Rapl(root)
        assert sensor.available() is None
        assert (sensor.scope, sensor.source) == ("cpu_package", "intel-rapl:0 (package-0)")
        sensor.read()
        write(root / "sys/class/powercap/intel-rapl:0", energy_uj=123456789 + 2_500_000)
        for part in ("intel-rapl:0:0", "intel-rapl:0:1", "intel-rapl-mmio:0"):
            write(root / "sys/class/powercap" / part, energy_uj=999_999_999)
        assert sensor.read() == pytest.approx(2.5)

    def test_two_sockets_are_added(self, tmp_path: Path) -> None:
        first = self.powercap(tmp_path, "intel-rapl:0", "package-0", 0)
        second = self.powercap(tmp_path, "intel-rapl:1", "package-1", 0)
        sensor = Rapl(tmp_path)
        sensor.read()
        write(first, energy_uj=100_000)
        write(second, energy_uj=250_000)
        assert sensor.read() == pytest.approx(0.35)

    def test_psys_goes_before_the_package_that_it_contains(self, tmp_path: Path) -> None:
        self.powercap(tmp_path, "intel-rapl:0", "package-0", 0)
        psys = self.powercap(tmp_path, "intel-rapl:1", "psys", 0)
        sensor = Rapl(tmp_path)
        sensor.read()
        write(psys, energy_uj=400_000)
        assert (sensor.scope, sensor.read()) == ("platform", pytest.approx(0.4))

    def test_the_counters_turns_are_added(self, tmp_path: Path) -> None:
        package = self.powercap(tmp_path, "intel-rapl:0", "package-0", 900_000)
        sensor = Rapl(tmp_path)
        sensor.read()
        for energy_uj in (100_000, 700_000, 100_000):
            write(package, energy_uj=energy_uj)
            total = sensor.read()
        assert total == pytest.approx(0.2 + 0.6 + 0.4)

    @pytest.mark.parametrize(("before_uj", "later_uj"), [(900_000, 840_000), (390_000, 300_000)])
    def test_a_counter_that_jumps_back_is_no_turn(self, before_uj: int, later_uj: int, tmp_path: Path) -> None:
        """As after a sleep. A turn would have taken it through most of its range between two readings."""
        package = self.powercap(tmp_path, "intel-rapl:0", "package-0", before_uj)
        sensor = Rapl(tmp_path)
        sensor.read()
        write(package, energy_uj=later_uj)
        with pytest.raises(SensorError, match="jumped back"):
            sensor.read()

    def test_a_leap_that_no_package_could_draw_is_refused_from_then_on(self, tmp_path: Path) -> None:
        package = self.powercap(tmp_path, "intel-rapl:0", "package-0", 0)
        sensor = Rapl(tmp_path)
        sensor.read()
        write(package, energy_uj=90_000_000_000)
        with pytest.raises(SensorError, match=r"jumped by 9e\+04 J .* more than 1,000 W"):
            sensor.read()
        write(package, energy_uj=90_000_001_000)
        with pytest.raises(SensorError, match="jumped by"):
            sensor.read()

    def test_dies_that_report_one_socket_twice_are_refused(self, tmp_path: Path) -> None:
        self.powercap(tmp_path, "intel-rapl:0", "package-0-die-0", 0)
        self.powercap(tmp_path, "intel-rapl:1", "package-0-die-1", 0)
        assert "several dies" in str(Rapl(tmp_path).available())

    def test_without_the_right_the_reason_holds_the_mend(self, open_root: Path) -> None:
        package = self.powercap(open_root, "intel-rapl:0", "package-0", 0)
        (package / "energy_uj").chmod(0o400 if os.geteuid() == 0 else 0)
        with as_nobody():
            reason = str(Rapl(open_root).available())
            (what, mend), *others = missing_rights(open_root)
        assert "only root may read intel-rapl:0/energy_uj" in reason
        assert mend in reason
        assert "udevadm trigger" in mend
        assert "RAPL" in what
        assert not others

    def test_a_counter_that_gives_text_is_refused(self, tmp_path: Path) -> None:
        package = self.powercap(tmp_path, "intel-rapl:0", "package-0", 0)
        sensor = Rapl(tmp_path)
        write(package, energy_uj="soon")
        with pytest.raises(SensorError, match="gives no number"):
            sensor.read()


class TestJetson:
    def test_the_input_rail_is_the_total_and_its_parts_are_not_added(self) -> None:
        sensor = JetsonIna(MACHINES / "orin-nano-8gb-jp6")
        assert sensor.available() is None
        assert (sensor.scope, sensor.source) == ("module_input", "INA rails VDD_IN")
        assert sensor.read() == pytest.approx(5.016 * 1.120)

    def test_a_channel_that_is_not_connected_is_left_out(self, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("xavier-nx-jp5")
        monitor = root / "sys/bus/i2c/devices/7-0040/hwmon/hwmon4"
        (monitor / "in1_label").write_text("NC\n")
        sensor = JetsonIna(root)
        assert (sensor.scope, sensor.source) == ("partial_rails", "INA rails VDD_CPU_GPU_CV")

    def test_without_an_input_rail_the_rails_are_added_as_partial(self, tmp_path: Path) -> None:
        """An AGX Orin's rails, over two chips, as in the tests of rbonghi/jetson_stats."""
        first, second = tmp_path / "sys/bus/i2c/devices/1-0040", tmp_path / "sys/bus/i2c/devices/1-0041"
        write(first, name="ina3221")
        write(second, name="ina3221")
        write(first / "hwmon/hwmon1", in1_label="VDD_GPU_SOC", in1_input=20000, curr1_input=120)
        write(first / "hwmon/hwmon1", in2_label="VDD_CPU_CV", in2_input=20000, curr2_input=40)
        write(first / "hwmon/hwmon1", in3_label="VIN_SYS_5V0", in3_input=5000, curr3_input=600)
        write(second / "hwmon/hwmon2", in2_label="VDDQ_VDD2_1V8AO", in2_input=20000, curr2_input=10)
        sensor = JetsonIna(tmp_path)
        assert sensor.scope == "partial_rails"
        assert sensor.read() == pytest.approx(2.4 + 0.8 + 3.0 + 0.2)

    def test_jetpack_4_gives_milliwatts_under_iio(self, tmp_path: Path) -> None:
        device = write(tmp_path / "sys/bus/i2c/devices/6-0040", name="ina3221x")
        iio = device / "iio:device0"
        write(iio, rail_name_0="POM_5V_IN", in_power0_input=2140)
        write(iio, rail_name_1="POM_5V_GPU", in_power1_input=80)
        write(iio, rail_name_2="POM_5V_CPU", in_power2_input=520)
        sensor = JetsonIna(tmp_path)
        assert (sensor.scope, sensor.read()) == ("module_input", pytest.approx(2.14))

    def test_thors_input_is_its_ina238_in_microwatts(self, tmp_path: Path) -> None:
        rails = write(tmp_path / "sys/bus/i2c/devices/2-0040", name="ina3221")
        write(rails / "hwmon/hwmon1", in1_label="VDD_GPU", in1_input=20000, curr1_input=-19)
        meter = write(tmp_path / "sys/bus/i2c/devices/2-0044", name="ina238")
        write(meter / "hwmon/hwmon2", in1_label="VIN", in1_input=20000, curr1_input=1150, power1_input=23_000_000)
        sensor = JetsonIna(tmp_path)
        assert (sensor.scope, sensor.read()) == ("module_input", pytest.approx(23.0))

    def test_a_rail_below_zero_is_added_as_it_is(self, tmp_path: Path) -> None:
        device = write(tmp_path / "sys/bus/i2c/devices/1-0040", name="ina3221")
        write(device / "hwmon/hwmon1", in1_label="VDD_GPU", in1_input=19600, curr1_input=-20)
        write(device / "hwmon/hwmon1", in2_label="VDD_CPU_SOC_MSS", in2_input=20000, curr2_input=400)
        assert JetsonIna(tmp_path).read() == pytest.approx(-0.392 + 8.0)

    def test_a_rail_that_sleeps_makes_no_smaller_sum(self, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("orin-nano-8gb-jp6")
        sensor = JetsonIna(root)
        (root / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input").write_text("")
        with pytest.raises(SensorError, match="curr1_input gives no number"):
            sensor.read()


class TestHwmonIna2xx:
    def meter(self, root: Path, number: int, **content: object) -> Path:
        return write(root / f"sys/class/hwmon/hwmon{number}", **content)

    def test_microwatts_become_watts(self, tmp_path: Path) -> None:
        self.meter(tmp_path, 0, name="cpu_thermal", power1_input=1)
        self.meter(tmp_path, 1, name="ina226", power1_input=4_575_000)
        sensor = HwmonIna2xx(tmp_path)
        assert sensor.available() is None
        assert (sensor.scope, sensor.source, sensor.read()) == ("dc_input", "ina226 in hwmon1", pytest.approx(4.575))

    def test_without_a_power_file_voltage_and_current_are_multiplied(self, tmp_path: Path) -> None:
        self.meter(tmp_path, 0, name="ina219", in1_input=5100, curr1_input=-200)
        assert HwmonIna2xx(tmp_path).read() == pytest.approx(-1.02)

    def test_of_two_meters_none_is_chosen(self, tmp_path: Path) -> None:
        self.meter(tmp_path, 0, name="ina219", power1_input=1)
        self.meter(tmp_path, 1, name="ina226", power1_input=1)
        assert "2 INA2xx chips" in str(HwmonIna2xx(tmp_path).available())

    def test_a_jetsons_own_chip_is_left_to_its_own_sensor(self, copy_of: Callable[[str], Path]) -> None:
        root = copy_of("orin-nano-8gb-jp6")
        self.meter(root, 1, name="ina238", power1_input=1)
        assert "jetson_ina" in str(HwmonIna2xx(root).available())


class TestPowerSupply:
    def battery(self, root: Path, name: str = "BAT0", **content: object) -> Path:
        return write(root / "sys/class/power_supply" / name, type="Battery", **content)

    @pytest.mark.parametrize("current_ua", [1_500_000, -1_500_000])
    def test_either_sign_means_discharge_while_it_discharges(self, current_ua: int, tmp_path: Path) -> None:
        self.battery(tmp_path, status="Discharging", current_now=current_ua, voltage_now=8_000_000)
        assert PowerSupply(tmp_path).read() == pytest.approx(12.0)

    @pytest.mark.parametrize("status", ["Charging", "Full", "Not charging", "Unknown"])
    def test_a_battery_that_does_not_discharge_says_nothing(self, status: str, tmp_path: Path) -> None:
        self.battery(tmp_path, status=status, power_now=9_000_000)
        assert "unplug the supply" in str(PowerSupply(tmp_path).available())

    def test_what_it_holds_by_energy_or_by_charge(self, tmp_path: Path) -> None:
        """50 Wh, or 5 Ah at 10 V: 180 kJ either way."""
        by_energy, by_charge = tmp_path / "a", tmp_path / "b"
        self.battery(by_energy, status="Discharging", power_now=1, energy_full=50_000_000)
        self.battery(by_charge, status="Discharging", power_now=1, charge_full=5_000_000, voltage_min_design=10_000_000)
        assert PowerSupply(by_energy).battery_capacity_j == pytest.approx(180e3)
        assert PowerSupply(by_charge).battery_capacity_j == pytest.approx(180e3)

    def test_the_second_battery_may_rest_but_not_charge(self, tmp_path: Path) -> None:
        self.battery(tmp_path, status="Discharging", power_now=9_000_000)
        other = self.battery(tmp_path, "BAT1", status="Not charging", power_now=0)
        assert PowerSupply(tmp_path).read() == pytest.approx(9.0)
        write(other, status="Charging")
        assert "BAT1 is Charging" in str(PowerSupply(tmp_path).available())

    def test_a_mouse_is_no_battery_of_the_machine(self, tmp_path: Path) -> None:
        self.battery(tmp_path, "hidpp_battery_0", scope="Device", status="Discharging", power_now=1)
        assert PowerSupply(tmp_path).available() == "no battery"


class TestRegistry:
    def test_every_sensor_answers_on_every_recorded_machine(self) -> None:
        for machine in MACHINES.iterdir():
            facts = registry.probe(machine)
            assert [fact.name for fact in facts] == list(registry.SENSORS)
            assert all(fact.available or fact.reason for fact in facts)

    def test_a_name_in_the_table_is_the_sensors_own(self, tmp_path: Path) -> None:
        assert all(registry.load(name, tmp_path).name == name for name in registry.SENSORS)

    @pytest.mark.parametrize(("machine", "name"), [("n100", "rapl"), ("xavier-nx-jp5", "jetson_ina"), ("x86-vm", None)])
    def test_the_best_of_a_machine(self, machine: str, name: str | None) -> None:
        sensor = registry.best(MACHINES / machine)
        assert (sensor and sensor.name) == name

    def test_a_meter_in_the_supply_line_is_trusted_before_a_processors_model(
        self, copy_of: Callable[[str], Path]
    ) -> None:
        root = copy_of("n100")
        chosen: list[PowerSensor | None] = [registry.best(root)]
        write(root / "sys/class/power_supply/BAT0", type="Battery", status="Discharging", power_now=9_000_000)
        chosen.append(registry.best(root))
        write(root / "sys/class/hwmon/hwmon7", name="ina226", power1_input=9_500_000)
        chosen.append(registry.best(root))
        assert [sensor and sensor.name for sensor in chosen] == ["rapl", "power_supply", "hwmon_ina2xx"]

    def test_nothing_is_missing_where_there_is_nothing_to_read(self, tmp_path: Path) -> None:
        assert missing_rights(tmp_path) == ()
