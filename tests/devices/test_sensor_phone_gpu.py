"""What a phone's shell prints and what an NVIDIA driver's library says, recorded, and what neither can mean."""

import json
from pathlib import Path

import pytest

from edgeprof_agent.sensors.android import AndroidBattery, AndroidRails, battery_of, rail_joules
from edgeprof_agent.sensors.base import SensorError
from edgeprof_agent.sensors.nvml import Nvml

HAL = """
============= PowerStats HAL 2.0 energy meter ==============
                           Channel    Cumulative Energy
              [S10M_VDD_TPU]:TPU       123456.78 mWs
         [VSYS_PWR_MODEM]:Modem      1000000.00 mWs
      [S2M_VDD_CPUCL2]:CPU(BIG)       500000.50 mWs
========== End of PowerStats HAL 2.0 energy meter ==========
"""
"""Laid out as hardware/google/pixel powerstats/PowerStats.cpp prints it, with values of ours."""

BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: false
  Wireless powered: false
  Max charging current: 500000
  Max charging voltage: 5000000
  Charge counter: 3200000
  status: 3
  health: 2
  present: true
  level: 80
  scale: 100
  voltage: 4000
  temperature: 280
  technology: Li-ion
"""


def phone(root: Path, *, hal: str | None = HAL, battery: str = BATTERY, current: str = "-750000") -> Path:
    tools = root / "tools"
    tools.mkdir(exist_ok=True)
    if hal is not None:
        (tools / "adb-dumpsys_powerstats_hal").write_text(hal)
    (tools / "adb-dumpsys_battery").write_text(battery)
    (tools / "adb-cmd_battery_current_now").write_text(f"{current}\n")
    (tools / "adb-getprop").write_text("[ro.build.version.release]: [15]\n[ro.product.model]: [Pixel 8]\n")
    return root


class TestRails:
    def test_every_channel_is_read(self) -> None:
        assert rail_joules(HAL) == {
            "S10M_VDD_TPU (TPU)": pytest.approx(123.45678),
            "VSYS_PWR_MODEM (Modem)": 1000.0,
            "S2M_VDD_CPUCL2 (CPU(BIG))": pytest.approx(500.0005),
        }

    def test_they_are_a_counter_of_some_rails(self, tmp_path: Path) -> None:
        sensor = AndroidRails(phone(tmp_path))
        assert sensor.available() is None
        assert (sensor.scope, sensor.integration, sensor.version) == ("partial_rails", "counter", "Android 15")
        before_j = sensor.read()
        phone(tmp_path, hal=HAL.replace("1000000.00", "1002500.00"))
        assert sensor.read() - before_j == pytest.approx(2.5)

    def test_a_rail_that_vanishes_is_no_saving(self, tmp_path: Path) -> None:
        sensor = AndroidRails(phone(tmp_path))
        sensor.read()
        phone(tmp_path, hal="\n".join(line for line in HAL.splitlines() if "MODEM" not in line))
        with pytest.raises(SensorError, match="VSYS_PWR_MODEM"):
            sensor.read()

    @pytest.mark.parametrize("said", ["", "Can't find service: android.hardware.power.stats", HAL.replace("mWs", "mW")])
    def test_a_phone_without_rails_says_so(self, said: str, tmp_path: Path) -> None:
        assert AndroidRails(phone(tmp_path, hal=said)).available() == "this phone's power HAL lists no rail"


class TestBattery:
    @pytest.mark.parametrize("current", ["-750000", "750000", "-750", "750"])
    def test_microamperes_and_milliamperes_of_either_sign(self, current: str) -> None:
        """0.75 A at 4 V. BatteryManager documents µA; some phones give mA, some turn the sign."""
        assert battery_of(BATTERY, current).watts == pytest.approx(3.0)

    def test_what_it_holds_when_full(self) -> None:
        """3.2 Ah are 80 %: 4 Ah at 4 V."""
        assert battery_of(BATTERY, "750000").capacity_j == pytest.approx(4 * 3600 * 4)

    @pytest.mark.parametrize("current", ["12", "90000000", "0"])
    def test_a_current_in_no_known_unit_is_refused(self, current: str) -> None:
        with pytest.raises(SensorError, match="not plausible for a phone"):
            battery_of(BATTERY, current)

    def test_plugged_in_it_says_nothing(self, tmp_path: Path) -> None:
        root = phone(tmp_path, battery=BATTERY.replace("USB powered: false", "USB powered: true"))
        assert "plugged in (USB powered)" in str(AndroidBattery(root).available())

    @pytest.mark.parametrize(
        ("battery", "current"), [(BATTERY, "unknown"), (BATTERY.replace("4000", "high"), "750000")]
    )
    def test_text_is_no_number(self, battery: str, current: str) -> None:
        with pytest.raises(SensorError, match="gives no number"):
            battery_of(battery, current)

    def test_no_phone_is_read_on_a_real_machine_yet(self) -> None:
        assert "no phone" in str(AndroidBattery(Path("/")).available())
        assert "no phone" in str(AndroidRails(Path("/")).available())


class TestNvml:
    def board(self, root: Path, *boards: dict[str, object], driver: str = "570.86.15") -> Path:
        (root / "tools").mkdir(exist_ok=True)
        (root / "tools/nvml.json").write_text(json.dumps({"driver": driver, "boards": boards}))
        return root

    def test_the_counter_goes_before_the_power(self, tmp_path: Path) -> None:
        root = self.board(tmp_path, {"name": "NVIDIA RTX A2000", "energy_mj": 5_000, "power_mw": 9_000})
        sensor = Nvml(root)
        assert sensor.available() is None
        assert (sensor.scope, sensor.integration, sensor.version) == ("gpu", "counter", "driver 570.86.15")
        self.board(tmp_path, {"name": "NVIDIA RTX A2000", "energy_mj": 7_500, "power_mw": 9_000})
        assert sensor.read() == pytest.approx(7.5)

    def test_without_a_counter_the_power_is_read(self, tmp_path: Path) -> None:
        sensor = Nvml(self.board(tmp_path, {"name": "Quadro", "energy_mj": None, "power_mw": 9_250}))
        assert (sensor.integration, sensor.read()) == ("trapezoid", 9.25)

    def test_a_jetson_reports_neither(self, tmp_path: Path) -> None:
        sensor = Nvml(self.board(tmp_path, {"name": "Orin (nvgpu)", "energy_mj": None, "power_mw": None}))
        assert "neither energy nor power" in str(sensor.available())

    def test_of_two_boards_none_is_chosen(self, tmp_path: Path) -> None:
        one: dict[str, object] = {"name": "A", "energy_mj": 1, "power_mw": 1}
        assert "2 NVIDIA boards" in str(Nvml(self.board(tmp_path, one, one)).available())

    def test_a_machine_without_one(self, tmp_path: Path) -> None:
        assert Nvml(tmp_path).available() == "no NVIDIA graphics board"

    @pytest.mark.parametrize(
        "said", ['{"driver": "1", "boards": [{}]}', '{"driver": "1", "boards": [{"name": 4}]}', "[]"]
    )
    def test_a_record_of_another_shape_is_a_reason_and_no_crash(self, tmp_path: Path, said: str) -> None:
        (tmp_path / "tools").mkdir(parents=True, exist_ok=True)
        (tmp_path / "tools/nvml.json").write_text(said)
        assert "gives no number" in str(Nvml(tmp_path).available())

    def test_a_reading_that_is_no_number(self, tmp_path: Path) -> None:
        sensor = Nvml(self.board(tmp_path, {"name": "A", "energy_mj": 5_000, "power_mw": None}))
        (tmp_path / "tools/nvml.json").write_text("N/A")
        with pytest.raises(SensorError, match="gives no number"):
            sensor.read()
