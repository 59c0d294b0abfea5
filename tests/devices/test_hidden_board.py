"""A board in a container: known by what is left of it, or the reason and the mount that mends it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof_agent.doctor import container
from edgeprof_agent.sensors import device_tree
from edgeprof_agent.sensors.pi_pmic import PiPmic
from edgeprof_agent.telemetry.state import read_state
from edgeprof_devices import load_profiles
from edgeprof_devices.matching import match_profile
from tests.devices.conftest import MACHINES
from tests.devices.test_facts import read as facts_of

Copy = Callable[[str], Path]


@pytest.fixture
def in_docker(tmp_path: Path) -> Copy:
    """A copy of a recorded machine as Docker shows it: the device tree's link leads nowhere."""

    def copy(name: str) -> Path:
        root = Path(shutil.copytree(MACHINES / name, tmp_path / name))
        shutil.rmtree(root / "proc/device-tree")
        (root / "proc/device-tree").symlink_to("/sys/firmware/devicetree/base-that-is-covered")
        (root / ".dockerenv").touch()
        return root

    return copy


@pytest.mark.parametrize(
    ("name", "profile"),
    [("pi-5-8gb", "rpi-5-8"), ("pi-4b-4gb", "rpi-4b-4"), ("pi-zero-2w", "rpi-zero2w")],
)
def test_a_pi_is_known_by_its_processors_model_line(name: str, profile: str, in_docker: Copy) -> None:
    root = in_docker(name)
    assert device_tree.is_pi(root)
    assert match_profile(facts_of(MACHINES / name), load_profiles()).profile_id == profile
    assert match_profile(facts_of(root), load_profiles()).profile_id == profile


def test_its_firmware_is_asked_as_outside(in_docker: Copy) -> None:
    root = in_docker("pi-5-8gb")
    assert PiPmic(root).available() is None
    outside, inside = read_state(MACHINES / "pi-5-8gb"), read_state(root)
    assert inside.throttle_flags_known == outside.throttle_flags_known
    assert inside.throttled == outside.throttled


@pytest.mark.parametrize("name", ["rk3588-rock-5b", "orin-nano-8gb-jp6"])
def test_a_board_without_such_a_line_says_what_hides_it_and_what_mends_it(name: str, in_docker: Copy) -> None:
    root = in_docker(name)
    why = str(device_tree.why_hidden(root))
    assert "a container hides the device tree" in why
    assert "-v /sys/firmware/devicetree/base:/device-tree:ro" in why
    assert facts_of(root).hidden == (why,)
    assert why in str(PiPmic(root).available())
    (finding,) = [each for each in container.look(root) if each.subject == "board"]
    assert finding.mend == device_tree.MOUNT


@pytest.mark.parametrize("name", ["rk3588-rock-5b", "pi-5-8gb"])
def test_that_mount_mends_it(name: str, in_docker: Copy) -> None:
    root = in_docker(name)
    shutil.copytree(MACHINES / name / "proc/device-tree", root / "device-tree")
    assert device_tree.why_hidden(root) is None
    inside, outside = facts_of(root), facts_of(MACHINES / name)
    assert (inside.dt_model, inside.dt_compatible) == (outside.dt_model, outside.dt_compatible)


@pytest.mark.parametrize("name", ["n100", "x86-vm"])
def test_an_x86_has_nothing_hidden(name: str, tmp_path: Path) -> None:
    root = Path(shutil.copytree(MACHINES / name, tmp_path / name))
    (root / ".dockerenv").touch()
    assert device_tree.why_hidden(root) is None
    assert PiPmic(root).available() == "this is not a Raspberry Pi"


def test_a_server_without_a_device_tree_is_no_container(tmp_path: Path) -> None:
    root = Path(shutil.copytree(MACHINES / "rk3588-rock-5b", tmp_path / "server"))
    shutil.rmtree(root / "proc/device-tree")
    assert device_tree.why_hidden(root) is None


def test_a_containers_memory_is_not_what_was_bought(in_docker: Copy) -> None:
    root = in_docker("pi-5-8gb")
    for path, text in {
        "proc/self/cgroup": "0::/",
        "proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
        "sys/fs/cgroup/memory.max": str(256 * 1024 * 1024),
        "sys/fs/cgroup/cpu.max": "150000 100000",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text + "\n")
    facts = facts_of(root)
    assert (facts.memory_mib, facts.cpu_quota) == (256.0, 1.5)
    assert facts.machine_memory_mib == facts_of(MACHINES / "pi-5-8gb").memory_mib
    assert match_profile(facts, load_profiles()).profile_id == "rpi-5-8"
    assert match_profile(replace(facts, machine_memory_mib=None), load_profiles()).profile_id != "rpi-5-8"
