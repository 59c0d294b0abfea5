"""`edgeprof doctor --tune`: commands for this machine's state, and a way back to exactly that state."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from edgeprof_agent.doctor import other_load
from edgeprof_agent.doctor.tuning import TuningStep, steps
from tests.cli.conftest import Run

MACHINES = Path(__file__).parents[1] / "machines"
CPU = "sys/devices/system/cpu"
SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


@pytest.fixture
def n100(tmp_path: Path) -> Path:
    root = Path(copytree(MACHINES / "n100", tmp_path / "n100"))
    write(root, "proc/swaps", SWAPS)
    return root


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(f"{text}\n")


def found(root: Path, wait: Callable[[], None] = lambda: None) -> dict[str, TuningStep]:
    return {step.subject: step for step in steps(root, wait)}


def play(command: str, root: Path) -> None:
    """A printed command, on the files below `root` and without rights."""
    subprocess.run(command.replace("sudo ", "").replace(" /sys/", f" {root}/sys/"), shell=True, check=True)


def content(root: Path) -> dict[str, str]:
    return {str(file): file.read_text().strip() for file in sorted(root.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("machine", sorted(each.name for each in MACHINES.iterdir()))
def test_the_way_back_restores_what_was_found(machine: str, tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / machine, tmp_path / machine))
    write(root, f"{CPU}/intel_pstate/no_turbo", "0")
    before = content(root)
    to_do = [step for step in steps(root) if step.subject in ("governor", "turbo") and step.do]
    assert content(root) == before
    for step in to_do:
        play(step.do, root)
    assert not [step for step in steps(root) if step.subject in ("governor", "turbo") and step.do]
    assert content(root) != before
    for step in to_do:
        play(step.undo, root)
    assert content(root) == before


def test_each_policy_gets_its_own_governor_back(n100: Path) -> None:
    write(n100, f"{CPU}/cpufreq/policy1/scaling_governor", "schedutil")
    step = found(n100)["governor"]
    assert step.do == (
        f"echo performance | sudo tee /{CPU}/cpufreq/policy0/scaling_governor /{CPU}/cpufreq/policy1/scaling_governor"
    )
    assert step.undo == (
        f"echo powersave | sudo tee /{CPU}/cpufreq/policy0/scaling_governor && "
        f"echo schedutil | sudo tee /{CPU}/cpufreq/policy1/scaling_governor"
    )
    write(n100, f"{CPU}/cpufreq/policy0/scaling_governor", "performance")
    assert "policy0" not in found(n100)["governor"].do + found(n100)["governor"].undo


def test_a_governor_that_the_kernel_lacks_is_not_proposed(n100: Path) -> None:
    for policy in ("policy0", "policy1"):
        write(n100, f"{CPU}/cpufreq/{policy}/scaling_available_governors", "powersave ondemand")
    step = found(n100)["governor"]
    assert (step.verdict, step.do) == ("unknown", "")
    assert "offers no performance governor" in step.detail
    write(n100, f"{CPU}/cpufreq/policy0/scaling_available_governors", "performance powersave")
    write(n100, f"{CPU}/cpufreq/policy1/scaling_available_governors", "performance powersave")
    assert found(n100)["governor"].verdict == "change"


@pytest.mark.parametrize(
    ("name", "on", "off"), [("intel_pstate/no_turbo", "0", "1"), ("cpufreq/boost", "1", "0")], ids=["intel", "amd"]
)
def test_turbo_is_switched_off_and_on_again(name: str, on: str, off: str, n100: Path) -> None:
    write(n100, f"{CPU}/{name}", on)
    step = found(n100)["turbo"]
    assert (step.do, step.undo) == (f"echo {off} | sudo tee /{CPU}/{name}", f"echo {on} | sudo tee /{CPU}/{name}")
    write(n100, f"{CPU}/{name}", off)
    assert found(n100)["turbo"] == TuningStep("turbo", "fine", "off")


def test_swap_comes_back_with_its_priority(n100: Path) -> None:
    zram, disk = "/dev/zram0 partition 2097136 0 100", "/var/swap file 524272 0 -2"
    write(n100, "proc/swaps", f"{SWAPS}{zram}\n{disk}")
    step = found(n100)["swap"]
    assert step.do == "sudo swapoff /dev/zram0 /var/swap"
    assert step.undo == "sudo swapon -p 100 /dev/zram0 && sudo swapon /var/swap"


def test_swap_that_does_not_fit_into_memory_stays_on(n100: Path) -> None:
    write(n100, "proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 1000 kB")
    write(n100, "proc/swaps", f"{SWAPS}/var/swap file 524272 2048 -2")
    assert (found(n100)["swap"].verdict, found(n100)["swap"].do) == ("unknown", "")
    write(n100, "proc/swaps", f"{SWAPS}/var/swap file 524272 512 -2")
    assert found(n100)["swap"].verdict == "change"


def process(root: Path, pid: int, name: str, ticks: int, *, flags: int = 0, parent: int = 1, started: int = 7) -> None:
    """/proc/PID/stat with its first 22 fields."""
    fields = [parent, 0, 0, 0, 0, flags, 0, 0, 0, 0, ticks, 0, 0, 0, 0, 0, 0, 0, started]
    write(root, f"proc/{pid}/stat", f"{pid} ({name}) R {' '.join(map(str, fields))}")


@pytest.fixture
def crowded(n100: Path) -> tuple[Path, Callable[[], None]]:
    """Programs that use 40, 30, 20, 10 and 1 % of a core within one second, and one that began in it."""
    second = os.sysconf("SC_CLK_TCK")
    programs = ((40, 900, "a (b) c"), (30, 901, "updatedb"), (20, 902, "sshd"), (10, 903, "kworker/0:1"), (1, 904, "x"))

    def run_to(ticks_per_percent: float, uptime_s: float) -> None:
        write(n100, "proc/uptime", f"{uptime_s} 0.0")
        for percent, pid, name in programs:
            process(n100, pid, name, round(percent * ticks_per_percent), flags=0x00200000 if pid == 903 else 0)

    def wait() -> None:
        run_to(second / 100, 101.0)
        process(n100, 905, "new", second)
        process(n100, 906, "reborn", second, started=8)

    run_to(0, 100.0)
    process(n100, 906, "reborn", 0)
    write(n100, "proc/901/cgroup", "0::/system.slice/plocate-updatedb.service")
    return n100, wait


def test_other_programs_are_named_by_what_they_use(crowded: tuple[Path, Callable[[], None]]) -> None:
    load = [step for step in steps(*crowded) if step.subject == "other load"]
    assert [step.detail.split(" uses ")[0] for step in load] == [
        "a (b) c (process 900)",
        "updatedb (process 901)",
        "sshd (process 902)",
        "kworker/0:1 (process 903)",
    ]
    assert "uses 40% of a core" in load[0].detail
    assert (load[0].do, load[0].undo) == ("kill -STOP 900", "kill -CONT 900")
    assert load[1].do == "sudo systemctl stop plocate-updatedb.service"
    assert load[1].undo == "sudo systemctl start plocate-updatedb.service"


def test_what_a_machine_needs_is_never_stopped(crowded: tuple[Path, Callable[[], None]]) -> None:
    kept = [step for step in steps(*crowded) if "sshd" in step.detail or "kworker" in step.detail]
    assert [(step.verdict, step.do, step.undo) for step in kept] == [("unknown", "", "")] * 2


def test_ourselves_and_what_started_us_are_not_other_load(crowded: tuple[Path, Callable[[], None]]) -> None:
    root, wait = crowded
    process(root, os.getpid(), "edgeprof", 0, parent=907)
    process(root, 907, "bash", 0)

    def wait_more() -> None:
        wait()
        process(root, os.getpid(), "edgeprof", 1000, parent=907)
        process(root, 907, "bash", 1000)

    assert not [step for step in steps(root, wait_more) if "bash" in step.detail or "edgeprof (" in step.detail]


def test_another_users_program_takes_sudo(
    crowded: tuple[Path, Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_load.os, "geteuid", lambda: 12345)
    load = [step for step in steps(*crowded) if step.subject == "other load"]
    assert (load[0].do, load[0].undo) == ("sudo kill -STOP 900", "sudo kill -CONT 900")


def test_big_cores_are_chosen(tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / "rk3588-rock-5b", tmp_path / "rock"))
    write(root, f"{CPU}/online", "0-7")
    for policy, cores, khz in (
        ("policy0", "0 1 2 3", 1800000),
        ("policy4", "4 5", 2256000),
        ("policy6", "6 7", 2304000),
    ):
        write(root, f"{CPU}/cpufreq/{policy}/related_cpus", cores)
        write(root, f"{CPU}/cpufreq/{policy}/cpuinfo_max_freq", str(khz))
    step = found(root)["cores"]
    assert step.do == "taskset -c 4-7 edgeprof profile MODEL"
    assert step.undo == ""
    assert "--cores 4-7" in step.detail


def test_one_hyperthread_of_each_core_is_chosen(n100: Path) -> None:
    assert found(n100)["cores"].verdict == "fine"
    for core in range(4):
        write(n100, f"{CPU}/cpu{core}/topology/thread_siblings_list", f"{core % 2},{core % 2 + 2}")
    assert found(n100)["cores"].do == "taskset -c 0-1 edgeprof profile MODEL"


def test_isolated_cores_come_first(n100: Path) -> None:
    write(n100, f"{CPU}/isolated", "1,3")
    assert found(n100)["cores"].do == "taskset -c 1,3 edgeprof profile MODEL"


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv", "run/systemd/container"])
def test_in_a_container_nothing_is_proposed_that_only_its_host_can_do(
    mark: str, crowded: tuple[Path, Callable[[], None]]
) -> None:
    root, wait = crowded
    write(root, mark, "")
    write(root, f"{CPU}/intel_pstate/no_turbo", "0")
    write(root, "proc/swaps", f"{SWAPS}/var/swap file 524272 0 -2")
    made = steps(root, wait)
    assert {step.subject for step in made if step.do} == {"other load"}
    for step in made:
        if step.subject in ("governor", "turbo", "swap"):
            assert (step.verdict, "container" in step.detail) == ("unknown", True)
    assert "processes outside this container are not seen" in [step.detail for step in made]


def test_a_virtual_machine_says_what_cannot_be_known() -> None:
    told = found(MACHINES / "x86-vm")
    assert {told[name].verdict for name in ("governor", "turbo", "other load")} == {"unknown"}
    assert "virtual machine" in told["turbo"].detail


def test_a_quiet_machine_needs_nothing(n100: Path, run: Run) -> None:
    for policy in ("policy0", "policy1"):
        write(n100, f"{CPU}/cpufreq/{policy}/scaling_governor", "performance")
    write(n100, f"{CPU}/intel_pstate/no_turbo", "1")
    write(n100, "proc/uptime", "100.0 0.0")
    process(n100, 900, "idle", 0)

    assert {step.verdict for step in steps(n100, lambda: write(n100, "proc/uptime", "101.0 0.0"))} == {"fine"}
    ended = run("doctor", "--tune", "--root", str(n100))
    assert ended.code == 0
    assert "way back" not in ended.out


def test_people_and_programs_get_the_same_commands(n100: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("--tune must run nothing")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    write(n100, "proc/swaps", f"{SWAPS}/dev/zram0 partition 2097136 0 100")
    text = run("doctor", "--tune", "--root", str(n100)).out
    made = json.loads(run("doctor", "--tune", "--json", "--root", str(n100)).out)
    assert [step["subject"] for step in made] == ["governor", "turbo", "swap", "other load", "cores"]
    for step in made:
        assert set(step) == {"subject", "verdict", "detail", "do", "undo"}
        assert step["detail"] in text
        assert step["do"] in text.splitlines() or f"        {step['do']}" in text
        assert step["undo"] in text
    assert json.loads(run("doctor", "--tune", "--json").out)
    assert json.loads(run("agent", "doctor", "--tune", "--json", "--root", str(n100)).out) == made
