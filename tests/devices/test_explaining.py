"""Why a machine got its profile, for people: what held, what came near, on what it failed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof.wire.messages import Facts
from edgeprof_devices.explaining import explain
from edgeprof_devices.loader import load_profiles

MACHINES = Path(__file__).parents[1] / "machines"


@pytest.mark.parametrize(
    ("machine", "profile", "near", "failed"),
    [
        ("pi-4b-2gb", "rpi-4b-2", "rpi-4b-4", "memory: machine 1849 MiB"),
        ("near-miss-pi-50", "arm64-generic", "rpi-5-8", "device tree compatible"),
        ("near-miss-p3767-00031", "arm64-generic", "jetson-orin-nano-8", "device tree compatible"),
        ("near-miss-n1000", "x86-generic", "n100-minipc", "processor"),
        ("near-miss-rock-5b-plus", "arm64-generic", "rock-5b", "device tree compatible"),
        ("near-miss-orin-called-pi", "jetson-orin-nano-8", "rpi-5-8", "device tree compatible"),
    ],
)
def test_what_came_near_and_on_what_it_failed(
    machine: str, profile: str, near: str, failed: str, facts_of: Callable[[str], Facts]
) -> None:
    found = explain(facts_of(machine), load_profiles())
    assert found.match.profile_id == profile
    reasons = {name: each.failed for each in found.near for name in each.profile_ids}
    assert failed in reasons[near]
    assert profile not in reasons
    assert len(found.near) <= 6


def test_the_nearest_name_comes_first(facts_of: Callable[[str], Facts]) -> None:
    found = explain(facts_of("near-miss-pi-50"), load_profiles())
    assert "rpi-5-8" in found.near[0].profile_ids


def test_a_machine_that_resembles_no_board_has_nothing_near(facts_of: Callable[[str], Facts]) -> None:
    assert explain(facts_of("x86-vm"), load_profiles()).near == ()


def test_every_machine_is_explained(facts_of: Callable[[str], Facts]) -> None:
    for machine in sorted(path.name for path in MACHINES.iterdir()):
        found = explain(facts_of(machine), load_profiles())
        assert found.match.reason
        assert set(found.seen) >= {"device tree model", "processor", "architecture", "memory"}
