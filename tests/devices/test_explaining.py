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
        ("pi-4b-2gb", "rpi-4b-2", "rpi-4b-4", "memory: it has 1849 MiB"),
        ("near-miss-pi-50", "arm64-generic", "rpi-4b-4", "device tree compatible"),
        ("near-miss-orin-called-pi", None, None, None),
    ],
)
def test_what_came_near_and_on_what_it_failed(
    machine: str, profile: str | None, near: str | None, failed: str | None, facts_of: Callable[[str], Facts]
) -> None:
    found = explain(facts_of(machine), load_profiles())
    if profile:
        assert found.match.profile_id == profile
    if near and failed:
        reasons = {each.profile_id: each.failed for each in found.near}
        assert near in reasons
        assert failed in reasons[near]
    assert all(each.profile_id != found.match.profile_id for each in found.near)
    assert len(found.near) <= 6


def test_every_machine_is_explained(facts_of: Callable[[str], Facts]) -> None:
    for machine in sorted(path.name for path in MACHINES.iterdir()):
        found = explain(facts_of(machine), load_profiles())
        assert found.match.reason
        assert set(found.seen) >= {"device tree model", "processor", "architecture", "memory"}
