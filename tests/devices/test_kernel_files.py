"""Files that a sensor reads again and again: held open, and never a value of a file that is not there any more."""

import os
from pathlib import Path

import pytest

from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.files import KernelFile
from tests.devices.test_sensors import as_nobody


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_file_is_read_anew_each_time_and_opened_once(tmp_path: Path) -> None:
    path = tmp_path / "power1_input"
    before = open_files()
    file = KernelFile(path)
    for micro_w in range(10):
        path.write_text(f"{micro_w}\n")
        assert file.number() == micro_w
    assert open_files() == before + 1
    del file
    assert open_files() == before


def test_a_file_of_the_kernels_own_is_made_anew_for_each_reading() -> None:
    file = KernelFile(Path("/proc/self/stat"))
    first = file.content()
    sum(range(3_000_000))
    while (later := file.content()) == first:
        sum(range(3_000_000))
    assert later is not None


def test_a_file_that_goes_and_comes_back_has_a_value_only_while_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "energy_uj"
    file = KernelFile(path)
    assert file.number() is None
    path.write_text("1\n")
    assert file.number() == 1
    path.unlink()
    assert file.number() is None
    path.write_text("2\n")
    assert file.number() == 2


@pytest.mark.parametrize("content", ["", "\n", "n/a", "nan", "inf", "12 W", "1" * 400])
def test_what_is_no_finite_number_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "in1_input"
    path.write_text(content)
    assert KernelFile(path).number() is None


def test_padding_is_no_part_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "status"
    path.write_bytes(b"Discharging\x00\n")
    assert KernelFile(path).text() == "Discharging"


def test_what_may_not_be_looked_into_is_not_there(open_root: Path) -> None:
    closed = open_root / "closed"
    (closed / "hwmon0").mkdir(parents=True)
    closed.chmod(0o700 if os.geteuid() == 0 else 0)
    try:
        with as_nobody():
            assert files.folders(closed, "hwmon*") == []
            assert not files.denied(closed / "hwmon0" / "name")
    finally:
        closed.chmod(0o700)
