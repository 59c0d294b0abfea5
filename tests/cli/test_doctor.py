"""`edgeprof doctor`: a verdict on each part, and a command where one is missing."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from edgeprof_agent.doctor.examine import examine
from edgeprof_agent.doctor.finding import Finding
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
    for machine in sorted(MACHINES.iterdir()):
        assert examine(machine)
    ended = run("doctor", "--root", str(MACHINES / "n100"))
    assert ended.code == 0
    assert "rapl: covers the processor package alone" in ended.out
