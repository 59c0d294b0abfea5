from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edgeprof.wire import codec
from edgeprof.wire.messages import Facts
from edgeprof_agent.machine import read_facts
from edgeprof_agent.sensors import registry
from edgeprof_devices.matching import memory_size_gib

FOLDER = Path(__file__).parent.parent / "machines"


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a record's tree.toml says of it, quoted from elsewhere than our reader."""

    profile: str
    machine: str | None = None
    cores: int | None = None
    cpu_model: str | None = None
    memory_gib: float | None = None
    has_flags: tuple[str, ...] = ()
    lacks_flags: tuple[str, ...] = ()
    temperature_source: str | None = None
    power_mode: str | None = None
    power_source: str | None = None
    power_scope: str | None = None


class Tree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A record: how it came about, and what it must read as."""

    origin: str
    sources: tuple[str, ...]
    not_quoted: tuple[str, ...]
    expect: Expected
    unreadable: tuple[str, ...] = ()


TREES = {path.parent.name: msgspec.toml.decode(path.read_bytes(), type=Tree) for path in FOLDER.glob("*/tree.toml")}
BOARDS = sorted(name for name in TREES if not name.startswith("near-miss"))


@pytest.mark.parametrize("machine", BOARDS)
def test_facts_are_what_the_record_says(machine: str, facts_of: Callable[[str], Facts]) -> None:
    facts, expect = facts_of(machine), TREES[machine].expect
    assert (facts.machine, facts.cores, facts.cpu_model) == (expect.machine, expect.cores, expect.cpu_model)
    assert expect.memory_gib in (None, memory_size_gib(facts.memory_mib))
    assert set(expect.has_flags) <= set(facts.cpu_flags)
    assert not set(expect.lacks_flags) & set(facts.cpu_flags)


@pytest.mark.parametrize("machine", sorted(TREES))
def test_every_record_says_how_it_came_about(machine: str) -> None:
    assert TREES[machine].origin in ("written from documentation", "recorded on real hardware")
    assert TREES[machine].sources


@pytest.mark.parametrize("machine", sorted(TREES))
def test_the_source_that_comes_nearest_to_the_whole_device(machine: str) -> None:
    """None on a board that has no source: a Pi 4, a Rock 5B, a virtual machine."""
    expect, sensor = TREES[machine].expect, registry.best(FOLDER / machine)
    assert (sensor and sensor.name, sensor and sensor.scope) == (expect.power_source, expect.power_scope)


def test_device_tree_strings_are_split_at_their_nul_bytes(facts_of: Callable[[str], Facts]) -> None:
    facts = facts_of("orin-nano-8gb-jp6")
    assert facts.dt_model == "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
    assert facts.dt_compatible == ("nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005", "nvidia,tegra234")


def test_dmi_names_and_system_names_are_as_the_machine_gives_them(facts_of: Callable[[str], Facts]) -> None:
    facts = facts_of("n100")
    assert (facts.dmi_product, facts.dmi_board) == ("To Be Filled By O.E.M.", "To Be Filled By O.E.M.")
    assert (facts.os, facts.kernel) == ("Ubuntu 24.04.1 LTS", "6.8.0-45-generic")
    assert (facts.dt_model, facts.dt_compatible) == (None, ())


def test_a_recorded_machine_has_no_free_disk_of_ours(facts_of: Callable[[str], Facts]) -> None:
    assert facts_of("n100").disk_free_mib is None


def test_an_unknown_arm_core_is_shown_by_its_numbers(copy_of: Callable[[str], Path]) -> None:
    root = copy_of("pi-5-8gb")
    cpuinfo = root / "proc/cpuinfo"
    cpuinfo.write_text(cpuinfo.read_text().replace("0xd0b", "0xfff"))
    assert read(root).cpu_model == "4 × Arm core 0x41/0xfff"


def test_an_empty_root_still_gives_facts(tmp_path: Path) -> None:
    facts = read(tmp_path)
    assert facts.cores >= 1
    assert facts.memory_mib > 0
    assert (facts.dt_model, facts.dmi_product, facts.cpu_model, facts.cpu_flags) == (None, None, None, ())


def test_this_machines_facts_fit_a_message() -> None:
    facts = read(Path("/"))
    assert facts.disk_free_mib is not None
    assert codec.decode("facts", codec.encode(facts)) == facts


def read(root: Path) -> Facts:
    return read_facts(
        device_id="d",
        session_id="s",
        runtimes=(),
        sensors=(),
        isolation=(),
        emulates=None,
        memory_limit_mib=None,
        root=root,
    )
