"""`edgeprof doctor`: a verdict on each part, and a command where one is missing."""

import json
import os
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from typing import NamedTuple

import pytest

from edgeprof_agent import machine
from edgeprof_agent.doctor import hub, isolation, runtimes
from edgeprof_agent.doctor.examine import can_measure, examine
from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.sensors.rights import RAPL_MEND, VCIO_MEND
from tests.cli.conftest import Run

MACHINES = Path(__file__).parents[1] / "machines"


def test_people_and_programs_are_told_the_same(run: Run) -> None:
    findings = json.loads(run("doctor", "--json").out)
    text = run("doctor").out
    assert {finding["verdict"] for finding in findings} <= {"ok", "missing", "optional"}
    for finding in findings:
        assert finding["subject"] in text
        assert finding["detail"].split()[0] in text
        assert finding["mend"] in text


def test_every_runtime_that_is_not_here_has_the_command_that_mends_it(run: Run) -> None:
    found = [item for item in json.loads(run("doctor", "--json").out) if item["group"] == "runtimes"]
    runtimes = [item for item in found if item["subject"] != "python"]
    assert {item["subject"] for item in runtimes} >= {"onnxruntime", "litert", "xllamacpp"}
    for finding in runtimes:
        mendable = "has wheels for Python" not in finding["detail"]
        assert bool(finding["mend"]) == (finding["verdict"] != "ok" and mendable)


def test_the_exit_code_says_whether_anything_can_be_measured(run: Run) -> None:
    ended = run("doctor")
    assert (ended.code == 0) == ("This machine can profile models." in ended.out)


def test_the_agent_has_it_too(run: Run) -> None:
    assert json.loads(run("agent", "doctor", "--json").out) == json.loads(run("doctor", "--json").out)


@pytest.fixture
def board(tmp_path: Path) -> Path:
    return Path(copytree(MACHINES / "pi-5-8gb", tmp_path / "pi-5-8gb"))


def found(root: Path) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(root)}


def test_a_pis_memory_cgroup_is_mended_at_its_boot_line(board: Path) -> None:
    (board / "proc/cgroups").write_text("#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t80\t0\n")
    cgroup = found(board)["memory cgroup"]
    assert (cgroup.verdict, cgroup.group) == ("optional", "memory")
    assert cgroup.mend == (
        "sudo sed -i '1s/$/ cgroup_enable=memory cgroup_memory=1/' /boot/firmware/cmdline.txt && sudo reboot"
    )
    (board / "boot").mkdir()
    (board / "boot/cmdline.txt").write_text("console=tty1\n")
    assert "/boot/cmdline.txt" in found(board)["memory cgroup"].mend
    assert "psi=1" in found(board)["memory pressure"].mend


def test_a_memory_cgroup_that_is_on_needs_nothing(board: Path) -> None:
    (board / "sys/fs/cgroup").mkdir(parents=True)
    (board / "sys/fs/cgroup/cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert found(board)["memory cgroup"].verdict == "ok"


def test_a_pi_5s_rails_are_not_the_whole_board(board: Path) -> None:
    told = found(board)
    assert told["pi_pmic"].verdict == "ok"
    assert "less than the board draws" in told["pi_pmic"].detail
    assert "edgeprof agent meters" in told["whole device"].mend


def test_a_board_without_a_source_is_told_why(board: Path) -> None:
    told = found(MACHINES / "pi-4b-4gb")
    assert told["no source"].costs == "energy and watts"
    assert "pi_pmic:" in told["no source"].detail


def test_a_governor_that_follows_the_load_has_its_command(board: Path) -> None:
    assert "performance" in found(board)["governor"].mend
    (board / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor").write_text("performance\n")
    assert found(board)["governor"].verdict == "ok"


def test_a_jetson_whose_mode_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(copytree(MACHINES / "orin-nano-8gb-jp6", tmp_path / "orin"))
    assert found(root)["power mode"].detail == "25W"
    (root / "var/lib/nvpmodel/status").unlink()
    monkeypatch.setenv("PATH", "/nowhere")
    assert found(root)["power mode"].verdict == "missing"


def test_every_recorded_machine_can_be_examined(run: Run) -> None:
    for recorded in sorted(MACHINES.iterdir()):
        assert examine(recorded)
    ended = run("doctor", "--root", str(MACHINES / "n100"))
    assert ended.code == 0
    assert "rapl: covers the processor package alone" in ended.out


@contextmanager
def as_nobody(root: Path) -> Generator[None]:
    """Root may read everything, so a missing right shows only to another user, who is let in to the rest of `root`."""
    if os.geteuid() != 0:
        yield
        return
    for path in (root, *root.parents, *root.rglob("*")):
        mode = path.stat().st_mode
        if path.is_dir() and mode & 0o055 != 0o055:  # the group, too, since only the user changes
            path.chmod(mode | 0o055)
        elif path.is_file() and mode & stat.S_IRUSR:
            path.chmod(mode | 0o044)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_counter_for_root_alone_is_mended_with_a_group(tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / "n100", tmp_path / "n100"))
    (root / "sys/class/powercap/intel-rapl:0/energy_uj").chmod(0)
    with as_nobody(root):
        told = found(root)
    mended = [each for each in told.values() if each.mend == RAPL_MEND]
    assert [(each.group, each.costs) for each in mended] == [("power", "energy from it")]
    assert told["no source"].costs == "energy and watts"


def test_a_pis_firmware_that_may_not_be_asked_is_mended_with_the_group_video(board: Path) -> None:
    (board / "dev").mkdir()
    (board / "dev/vcio").write_text("")
    assert not [each for each in found(board).values() if each.mend == VCIO_MEND]
    (board / "dev/vcio").chmod(0)
    with as_nobody(board):
        mended = [each for each in found(board).values() if each.mend == VCIO_MEND]
    assert [each.group for each in mended] == ["power"]


def test_memory_pressure_that_is_told_needs_nothing(board: Path) -> None:
    (board / "proc/pressure").mkdir()
    (board / "proc/pressure/memory").write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
    assert found(board)["memory pressure"].verdict == "ok"


def test_elsewhere_a_boot_parameter_goes_to_grub(tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / "n100", tmp_path / "n100"))
    shutil.rmtree(root / "proc/pressure", ignore_errors=True)
    assert found(root)["memory pressure"].mend == "add `psi=1` to the kernel's command line and reboot"
    (root / "etc/default").mkdir(parents=True, exist_ok=True)
    (root / "etc/default/grub").write_text('GRUB_CMDLINE_LINUX=""\n')
    assert "/etc/default/grub && sudo update-grub" in found(root)["memory pressure"].mend


SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def test_swap_in_compressed_memory_is_told_from_swap_on_a_disk(board: Path) -> None:
    assert "swap" not in found(board)
    (board / "proc/swaps").write_text(f"{SWAPS}/dev/zram0                              partition\t2097136\t0\t100\n")
    assert found(board)["swap"].mend == "sudo swapoff /dev/zram0  # until the next boot"
    (board / "proc/swaps").write_text(f"{SWAPS}/var/swap                               file\t\t524272\t0\t-2\n")
    assert (found(board)["swap"].verdict, found(board)["swap"].mend) == ("ok", "")


def test_a_board_without_heat_and_clocks_says_what_is_not_measured(board: Path) -> None:
    shutil.rmtree(board / "sys/class/thermal")
    shutil.rmtree(board / "sys/devices/system/cpu/cpufreq")
    told = found(board)
    assert "heat gate" in told["temperature"].costs
    assert "clocks over time" in told["clocks"].costs
    assert "governor" not in told


def test_jetson_rails_that_are_no_input_do_not_pass_for_the_board() -> None:
    told = found(MACHINES / "agx-orin-64gb-jp6")
    assert "less than the board draws" in told["jetson_ina"].detail
    assert told["whole device"].costs == "energy of the whole device"


def test_a_runtime_without_its_system_library_is_mended_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "ImportError: libgomp.so.1: cannot open shared object file: No such file or directory"

    def fails(python: str, module: str) -> str:
        return said

    monkeypatch.setattr(runtimes, "_import_error", fails)
    installed = [each for each in runtimes.look(Path("/")) if said in each.detail]
    assert installed
    assert {(each.verdict, each.mend) for each in installed} == {("missing", "sudo apt-get install libgomp1")}


def test_a_32_bit_python_on_a_64_bit_kernel_has_no_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.sys, "maxsize", 2**31 - 1)
    monkeypatch.setattr(runtimes.platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(runtimes.registry, "facts", tuple)
    (python,) = runtimes.look(Path("/"))
    assert python.verdict == "missing"
    assert "is 32-bit (armv7l) on a 64-bit kernel (aarch64): wheels must be for armv7l" in python.detail
    assert "only tflite-runtime has a wheel on PyPI, for Python 3.10 and 3.11" in python.detail
    assert not can_measure([python])


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def almost_full(path: Path) -> Usage:
    return Usage(2**34, 2**34 - 2**28, 2**28)


def test_a_full_disk_and_a_missing_broker_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path))
    monkeypatch.setattr(hub.shutil, "disk_usage", almost_full)
    monkeypatch.setattr(hub, "SBIN", ())
    monkeypatch.setenv("PATH", "/nowhere")
    broker, disk = hub.look(Path("/"))
    assert (broker.verdict, broker.mend) == ("optional", "sudo apt-get install mosquitto")
    assert disk.verdict == "missing"
    assert disk.detail.startswith("0.2 GiB free")


@pytest.mark.parametrize(("said", "verdict"), [("yes", "ok"), ("no", "optional")])
def test_the_wall_clock_is_asked_of_timedatectl(
    said: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "timedatectl"
    tool.write_text(f"#!/bin/sh\necho {said}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    clock = {each.subject: each for each in isolation.look(Path("/"))}["wall clock"]
    assert (clock.verdict, clock.mend) == (verdict, "" if said == "yes" else "sudo timedatectl set-ntp true")


def test_without_a_cgroup_of_its_own_a_delegated_scope_is_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "layers_here", _watched)
    limit = {each.subject: each for each in isolation.look(Path("/"))}["memory limit"]
    assert limit.verdict == "optional"
    assert "Delegate=yes" in limit.mend


def _watched(_mode: str) -> tuple[tuple[str, ...], None]:
    return ("watchdog",), None
