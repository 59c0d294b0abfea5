from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edgeprof_agent.telemetry.state import read_state, stamp

FOLDER = Path(__file__).parent.parent / "machines"
BOARDS = sorted(path.parent.name for path in FOLDER.glob("*/tree.toml") if not path.parent.name.startswith("near-miss"))


@pytest.mark.parametrize("machine", BOARDS)
def test_the_zone_and_the_power_mode_are_those_of_the_record(machine: str) -> None:
    expect = msgspec.toml.decode((FOLDER / machine / "tree.toml").read_bytes())["expect"]
    state = read_state(FOLDER / machine)
    assert state.temperature_source == expect.get("temperature_source")
    assert state.power_mode == expect.get("power_mode")


def test_a_pi_4_at_one_moment() -> None:
    state = read_state(FOLDER / "pi-4b-4gb")
    assert (state.temperature_c, state.cpu_mhz, state.governor) == (45.277, 1800.0, "ondemand")
    assert (state.load_1m, state.memory_available_mib) == (0.21, 3307320 / 1024)
    assert state.throttled is None


def test_the_fastest_cluster_gives_the_clock() -> None:
    assert read_state(FOLDER / "rk3588-rock-5b").cpu_mhz == 2352.0


def test_a_zone_that_is_off_or_silent_is_passed_over(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("orin-nano-8gb-jp6")
    thermal = root / "sys/class/thermal"
    (thermal / "thermal_zone0/temp").write_text("-256000\n")
    (thermal / "thermal_zone3/temp").write_text("")
    state = read_state(root)
    assert (state.temperature_source, state.temperature_c) == ("tj-thermal", 51.0)


def test_nothing_is_known_of_an_empty_root(tmp_path: Path) -> None:
    state = read_state(tmp_path)
    known = (state.temperature_c, state.cpu_mhz, state.governor, state.load_1m, state.memory_available_mib)
    assert known == (None, None, None, None, None)
    assert (state.throttled, state.power_mode) == (None, None)


def test_an_undervoltage_alarm_is_throttling(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("pi-4b-4gb")
    (root / "sys/class/hwmon/hwmon1/in0_lcrit_alarm").write_text("1\n")
    assert read_state(root).throttled is True


@pytest.mark.parametrize(
    ("said", "throttled"),
    [("throttled=0x0", False), ("throttled=0x50005", True), ("throttled=0x50000", False), ("error", None)],
)
def test_a_pis_firmware_says_what_happens_now(
    said: str, throttled: bool | None, copy_of: Callable[[str], Path]
) -> None:
    root = copy_of("pi-4b-4gb")
    firmware_says(root, "get_throttled", said)
    assert read_state(root).throttled is throttled


def test_a_pis_firmware_owns_the_clock(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("pi-4b-4gb")
    firmware_says(root, "measure_clock_arm", "frequency(48)=1200457088")
    assert read_state(root).cpu_mhz == pytest.approx(1200.457088)


def firmware_says(root: Path, command: str, reply: str) -> None:
    (root / "tools").mkdir(exist_ok=True)
    (root / "tools" / f"vcgencmd-{command}").write_text(reply)


def test_a_jetson_without_a_status_file_is_asked(
    copy_of: Callable[[str], Path], fake_tool: Callable[[str, str], Path]
) -> None:
    root = copy_of("orin-nano-8gb-jp6")
    (root / "var/lib/nvpmodel/status").unlink()
    fake_tool("nvpmodel", 'echo "NV Power Mode: MAXN_SUPER"; echo 2')
    assert read_state(root).power_mode == "MAXN_SUPER"


def test_two_stamps_are_of_one_boot_and_in_order() -> None:
    first, second = stamp(), stamp()
    assert first.boot_id == second.boot_id
    assert first.monotonic_ns <= second.monotonic_ns
