"""What a phone prints, read: facts, battery, heat, storage, identity. Texts are written from documentation."""

from pathlib import Path

import pytest

from edgeprof_agent.phones import condition, facts
from edgeprof_agent.phones.reading import DISK_FILE, PROPERTIES_FILE, THERMAL_FILE, sections
from edgeprof_agent.sensors.android import BATTERY_FILE, CURRENT_FILE
from tests.phones.pixel import make_pixel

PIXEL = {"ro.serialno": "38171FDJG00123", "ro.product.model": "Pixel 8"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_pixel(tmp_path / "phone", "38171FDJG00123")


def test_the_facts_of_a_phone_are_its_own_and_none_of_the_hosts(root: Path) -> None:
    found = facts.facts_of(root, "phone-1", "s-1", ())
    assert (found.machine, found.cores, found.os, found.python) == ("aarch64", 9, "Android 15", "")
    assert found.memory_mib == pytest.approx(7525.04, abs=0.01)
    assert found.disk_free_mib == pytest.approx(60_000_000 / 1024)
    assert found.isolation == ()
    assert found.android is not None
    assert (found.android.manufacturer, found.android.model, found.android.soc) == ("Google", "Pixel 8", "Tensor G3")
    assert (found.android.release, found.android.sdk, found.android.abis) == ("15", 35, ("arm64-v8a",))
    assert (found.android.battery_percent, found.android.battery_status) == (80.0, "discharging")
    assert found.android.thermal_status == "light"


def test_the_device_id_hides_the_serial_number_and_follows_the_phone() -> None:
    over_usb, over_wifi = (facts.device_id_of(PIXEL, serial) for serial in ("38171FDJG00123", "192.0.2.7:5555"))
    assert over_usb == over_wifi
    assert "38171FDJG00123" not in over_usb
    assert over_usb != facts.device_id_of({**PIXEL, "ro.serialno": "38171FDJG00124"}, "192.0.2.7:5555")


def test_emulators_share_a_serial_number_and_are_two_devices_that_are_never_ranked() -> None:
    props = {"ro.serialno": "EMULATOR36X1X9X0", "ro.boot.qemu": "1", "ro.product.cpu.abilist": "x86_64,arm64-v8a"}
    assert facts.device_id_of(props, "emulator-5554") != facts.device_id_of(props, "emulator-5556")
    assert facts.emulated_profile(props) == "avd-x86-64"
    assert facts.emulated_profile({**props, "ro.product.cpu.abilist": "arm64-v8a"}) == "avd-arm64"
    assert facts.emulated_profile(PIXEL) is None


def test_a_phone_that_reports_no_serial_number_is_known_by_adbs() -> None:
    assert facts.device_id_of({"ro.serialno": "unknown"}, "A") != facts.device_id_of({"ro.serialno": "unknown"}, "B")


def test_before_android_12_the_platform_names_the_chip(root: Path) -> None:
    text = (root / PROPERTIES_FILE).read_text()
    (root / PROPERTIES_FILE).write_text("\n".join(line for line in text.splitlines() if "ro.soc" not in line))
    assert facts.android_fact(root).soc == "zuma"


def test_power_is_read_only_while_nothing_charges_the_battery(root: Path) -> None:
    discharging = condition.battery(root)
    assert discharging is not None
    assert (discharging.watts, discharging.no_watts) == (pytest.approx(1.24), None)
    text = (root / BATTERY_FILE).read_text().replace("USB powered: false", "USB powered: true")
    (root / BATTERY_FILE).write_text(text.replace("status: 3", "status: 2"))
    charging = condition.battery(root)
    assert charging is not None
    assert (charging.watts, charging.status, charging.plugged) == (None, "charging", ("USB",))
    assert "only the net flow" in (charging.no_watts or "")


@pytest.mark.parametrize(("current", "watts"), [("310000", 1.24), ("-310", 1.24)])
def test_the_sign_of_the_current_and_milliamperes_are_the_phones_habits(root: Path, current: str, watts: float) -> None:
    (root / CURRENT_FILE).write_text(f"{current}\n")
    found = condition.battery(root)
    assert found is not None
    assert found.watts == pytest.approx(watts)


def test_heat_is_the_hals_and_a_sensor_at_zero_is_absent(root: Path) -> None:
    warm = condition.heat(root)
    assert (warm.status, warm.throttled, warm.hottest()) == ("light", True, ("BIG", 51.5))
    assert "usb_pwr_therm" not in warm.temperatures_c
    assert warm.temperatures_c["VIRTUAL-SKIN"] == 37.1


def test_without_a_thermal_service_the_battery_is_the_temperature(root: Path) -> None:
    (root / THERMAL_FILE).unlink()
    vitals = condition.vitals_of(root)
    assert vitals.temperature_c == 28.0
    assert condition.heat(root).throttled is None
    assert (vitals.uptime_s, vitals.throttle_flags_known) == (81234.5, ())


def test_a_phone_without_what_was_asked_has_none_of_it(root: Path) -> None:
    for name in (THERMAL_FILE, BATTERY_FILE, DISK_FILE):
        (root / name).unlink()
    assert condition.battery(root) is None
    assert (condition.vitals_of(root).temperature_c, condition.vitals_of(root).disk_free_mib) == (None, None)
    found = facts.android_fact(root)
    assert (found.battery_percent, found.disk_total_mib, found.thermal_status) == (None, None, None)


def test_what_failed_on_the_phone_is_left_out_also_where_its_status_is_zero() -> None:
    printed = (
        "@@edgeprof proc/uptime\n12.5 3\n\n@@edgeprof 0\n"
        "@@edgeprof tools/x\nCan't find service: thermalservice\n\n@@edgeprof 0\n"
        "@@edgeprof tools/y\ncat: /proc/y: Permission denied\n\n@@edgeprof 1\n"
    )
    assert sections(printed) == {"proc/uptime": "12.5 3\n"}
    assert sections(printed.replace("\n", "\r\n")) == {"proc/uptime": "12.5 3\n"}
