import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof_agent.sensors.base import TRUST
from edgeprof_agent.sensors.registry import SENSORS
from edgeprof_devices import load_profiles
from edgeprof_devices.loader import FOLDER, expand, parse_profile
from edgeprof_devices.table import supported_devices

DOCS = Path(__file__).parent.parent.parent / "docs"

SMALL = """
id: some-board
title: Some board
class: sbc
as_of: "2026-11"
detect: [{dt_model: Some board}]
"""


def parse(addition: str) -> None:
    parse_profile((SMALL + addition).encode(), "some-board.yaml")


def test_the_boards_that_people_use_are_there() -> None:
    wanted = {"rpi-zero2w", "rpi-3b-plus", "rpi-4b-4", "rpi-400", "rpi-cm4", "rpi-5-8", "rpi-cm5", "jetson-nano-4"}
    wanted |= {"jetson-xavier-nx-8", "jetson-orin-nano-4", "jetson-orin-nano-8", "jetson-orin-nx-16", "jetson-thor"}
    wanted |= {"jetson-agx-orin-64", "n100-minipc", "rock-5b", "orange-pi-5", "pixel-6", "pixel-8"}
    wanted |= {
        "rpi-500-plus",
        "jetson-tx2-nx",
        "jetson-agx-xavier",
        "jetson-agx-orin-32",
        "jetson-orin-nx-8",
        "rock-4d",
    }
    wanted |= {"coral-dev-board-1", "odroid-n2-plus-4", "beaglebone-ai64", "beagley-ai", "radxa-x4", "dragon-q6a"}
    wanted |= {"orion-o6", "pixel-9", "galaxy-s23", "galaxy-s24", "avd-x86-64", "avd-arm64", "rpi-5-4", "rpi-5-16"}
    assert wanted | {"x86-generic", "arm64-generic"} <= load_profiles().keys()


def test_a_files_name_is_its_profiles_id() -> None:
    for path in FOLDER.glob("*.yaml"):
        assert parse_profile(path.read_bytes(), path.name).id == path.stem


def test_no_two_files_make_one_id() -> None:
    ids = [each.id for path in FOLDER.glob("*.yaml") for each in expand(parse_profile(path.read_bytes(), path.name))]
    assert sorted(ids) == sorted(load_profiles())


def test_a_phone_that_a_host_can_play_has_a_memory_with_a_source() -> None:
    for profile in load_profiles().values():
        if profile.device_class == "phone":
            assert profile.memory_gib is not None
            if profile.memory_gib.low != profile.memory_gib.high:
                with pytest.raises(EdgeprofError, match="memory-limit-mib"):
                    print(profile.memory_mib)
                continue
            assert profile.memory_gib.source
            assert profile.memory_mib == profile.memory_gib.low * 1024


def test_a_board_in_several_sizes_names_no_memory_limit() -> None:
    with pytest.raises(EdgeprofError, match="memory-limit-mib"):
        print(load_profiles()["rock-5b"].memory_mib)


def test_every_power_source_is_a_sensor_of_the_agent_with_a_scope_that_it_can_have() -> None:
    for profile in load_profiles().values():
        for power in profile.power_sources:
            assert power.sensor in SENSORS
            assert power.scope in TRUST


@pytest.mark.parametrize(
    ("addition", "names"),
    [
        ("idle_watts: 3", "idle_watts"),
        ("memory_gib: {value: 4}", "memory_gib"),
        ("memory_gib: {value: 4, source: a, unsourced: true}", "memory_gib"),
        ("memory_gib: {value: four, source: a}", "memory_gib"),
        ("price_usd: {value: 4, basis: launch, source: a}", "as_of"),
        ("price_usd: {value: 4, basis: launch, source: a, as_of: yesterday}", "as_of"),
        ("idle_w: {value: 4, scope: somewhere, source: a}", "scope"),
        ("isa: {has: [neon, mmx], unsourced: true}", "isa"),
        ("variants: [{memory_gib: {value: 4, source: a}}]\nmemory_gib: {value: 4, source: a}", "variants"),
    ],
)
def test_a_wrong_profile_is_refused_by_the_name_of_its_field(addition: str, names: str) -> None:
    with pytest.raises(EdgeprofError, match=names) as refused:
        parse(addition)
    assert refused.value.code == "profile_invalid"
    assert "some-board.yaml" in refused.value.message


def test_a_rule_without_a_condition_is_refused() -> None:
    with pytest.raises(EdgeprofError, match="at least one condition"):
        parse_profile(b"id: a\ntitle: a\nclass: sbc\nas_of: '2026'\ndetect: [{source: a}]", "a.yaml")


def test_broken_yaml_is_refused_with_a_sentence() -> None:
    with pytest.raises(EdgeprofError, match=r"Invalid device profile"):
        parse_profile(b"id: [", "a.yaml")


def test_without_pyyaml_the_mend_is_named() -> None:
    code = "import sys; sys.modules['yaml'] = None; from edgeprof_devices import load_profiles; load_profiles()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingPartError" in done.stderr
    assert "pip install 'edgeprof[hub]'" in done.stderr


def test_the_page_of_supported_devices_is_current() -> None:
    page = (DOCS / "supported-devices.md").read_text(encoding="utf-8")
    assert page == supported_devices(), "run: ./scripts/docs"


def test_every_sensor_and_every_profile_is_named_in_what_was_tried_on() -> None:
    page = (DOCS / "tried-on.md").read_text(encoding="utf-8")
    missing = [name for name in (*SENSORS, *load_profiles()) if f"`{name}`" not in page]
    assert not missing


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("rpi-5", ["rpi-5-16", "rpi-5-2", "rpi-5-4", "rpi-5-8"]),
        ("rpi-5-8", ["rpi-5-8"]),
        ("jetson-orin-nano", ["jetson-orin-nano-4", "jetson-orin-nano-8"]),
        ("rpi-400", ["rpi-400"]),
        ("rpi", []),
        ("pixel", []),
        ("orange-pi", []),
    ],
)
def test_a_name_is_a_whole_id_or_covers_memory_sizes_only(name: str, kinds: list[str]) -> None:
    assert sorted(profile.id for profile in load_profiles().values() if profile.is_named(name)) == kinds
