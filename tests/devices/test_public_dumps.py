"""What people posted of real boards, through the code that recognises a board. What a dump does not show is absent."""

from pathlib import Path

import msgspec
import pytest

from edgeprof_agent.machine import bare_facts
from edgeprof_agent.telemetry.state import board_flags, temperatures_c
from edgeprof_devices import load_profiles, match
from edgeprof_devices.matching import memory_size_gib

FOLDER = Path(__file__).parent / "public_dumps"
MIN_KINDS = 12


class Cores(msgspec.Struct, forbid_unknown_fields=True):
    """So many equal blocks of /proc/cpuinfo; `features` empty: the dump names the core and not its features."""

    count: int
    implementer: str
    part: str
    variant: str
    revision: int
    features: str = ""
    architecture: str = "8"
    model_name: str = ""

    def block(self, number: int) -> str:
        lines = [f"processor\t: {number}"]
        lines += [f"model name\t: {self.model_name}"] if self.model_name else []
        lines += [f"Features\t: {self.features}"] if self.features else []
        lines += [f"CPU implementer\t: {self.implementer}", f"CPU architecture: {self.architecture}"]
        lines += [f"CPU variant\t: {self.variant}", f"CPU part\t: {self.part}", f"CPU revision\t: {self.revision}"]
        return "\n".join(lines)


class Expected(msgspec.Struct, forbid_unknown_fields=True):
    """What the dump's own words say of the board."""

    machine: str | None = None
    cores: int | None = None
    cpu_model: str | None = None
    memory_gib: float | None = None
    has_flags: tuple[str, ...] = ()
    lacks_flags: tuple[str, ...] = ()
    temperature_c: float | None = None
    throttle_flags: tuple[str, ...] | None = None
    throttle_flags_since_boot: tuple[str, ...] | None = None


class Dump(msgspec.Struct, forbid_unknown_fields=True):
    """The facts of one dump, without serial numbers, host names and addresses."""

    origin: str
    profile: str
    sources: tuple[str, ...]
    expect: Expected
    kernel: str = ""
    dt_model: str = ""
    dt_compatible: tuple[str, ...] = ()
    dmi_product: str = ""
    memory_mib: float | None = None
    memory_from: str = ""
    cpuinfo_tail: str = ""
    get_throttled: str = ""
    x86_model: str = ""
    x86_cores: int = 0
    cores: tuple[Cores, ...] = ()
    thermal: dict[str, int] = {}

    def write(self, root: Path) -> None:
        """The part of a board's root that the dump shows."""
        numbers = iter(range(1000))
        blocks = [cores.block(next(numbers)) for cores in self.cores for _ in range(cores.count)]
        x86 = "processor\t: {}\nvendor_id\t: GenuineIntel\nmodel name\t: {}\nflags\t\t: fpu lm"
        blocks += [x86.format(number, self.x86_model) for number in range(self.x86_cores)]
        put(root, "proc/cpuinfo", "\n\n".join([*blocks, self.cpuinfo_tail]) + "\n")
        put(root, "proc/device-tree/model", self.dt_model and f"{self.dt_model}\0")
        put(root, "proc/device-tree/compatible", "".join(f"{one}\0" for one in self.dt_compatible))
        put(root, "sys/class/dmi/id/product_name", self.dmi_product)
        put(root, "proc/sys/kernel/osrelease", self.kernel)
        put(root, "proc/meminfo", f"MemTotal: {self.memory_mib * 1024:.0f} kB\n" if self.memory_mib else "")
        put(root, "tools/vcgencmd-get_throttled", self.get_throttled)
        for number, (name, milli_c) in enumerate(self.thermal.items()):
            put(root, f"sys/class/thermal/thermal_zone{number}/type", name)
            put(root, f"sys/class/thermal/thermal_zone{number}/temp", str(milli_c))


def put(root: Path, name: str, text: str) -> None:
    if text:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


DUMPS = {path.stem: msgspec.toml.decode(path.read_bytes(), type=Dump) for path in FOLDER.glob("*.toml")}


@pytest.mark.parametrize("name", sorted(DUMPS))
def test_a_real_board_is_recognised_by_what_was_posted_of_it(name: str, tmp_path: Path) -> None:
    dump, expect = DUMPS[name], DUMPS[name].expect
    dump.write(tmp_path)
    facts = bare_facts(tmp_path)
    found = match(facts)
    assert (found.profile_id or found.reason).startswith(dump.profile)
    assert expect.machine in (None, facts.machine)
    assert expect.cores in (None, facts.cores)
    assert expect.cpu_model in (None, facts.cpu_model)
    assert expect.memory_gib in (None, memory_size_gib(facts.memory_mib))
    assert set(expect.has_flags) <= set(facts.cpu_flags)
    assert not set(expect.lacks_flags) & set(facts.cpu_flags)
    if expect.temperature_c is not None:
        assert expect.temperature_c in temperatures_c(tmp_path).values()
    if expect.throttle_flags is not None:
        flags = board_flags(tmp_path)
        assert (flags.now, flags.since_boot) == (expect.throttle_flags, expect.throttle_flags_since_boot)


def test_enough_kinds_have_a_dump_and_each_names_its_source() -> None:
    profiles = {profile_id.partition(":")[0] for profile_id in load_profiles()}
    kinds = {dump.profile for dump in DUMPS.values()}
    assert len(kinds) >= MIN_KINDS
    assert all(any(known.startswith(kind) for known in profiles) for kind in kinds)
    assert {dump.origin for dump in DUMPS.values()} == {"from public dumps of real hardware"}
    assert all(dump.sources for dump in DUMPS.values())
    assert all(dump.memory_from for dump in DUMPS.values() if "ours" in dump.memory_from)


def test_a_dump_names_no_unit() -> None:
    texts = "\n".join(path.read_text() for path in FOLDER.glob("*.toml"))
    assert "Serial" not in texts
    assert "@" not in texts
