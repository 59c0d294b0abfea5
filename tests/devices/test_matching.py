import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edgeprof.wire.android import AndroidFact
from edgeprof.wire.messages import Facts
from edgeprof_devices import load_profiles, match
from edgeprof_devices.matching import match_profile, memory_size_gib

MACHINES = sorted(path.parent.name for path in (Path(__file__).parent.parent / "machines").glob("*/tree.toml"))


def expected_profile(machine: str) -> str:
    tree = Path(__file__).parent.parent / "machines" / machine / "tree.toml"
    return msgspec.toml.decode(tree.read_bytes())["expect"]["profile"]


@pytest.mark.parametrize("machine", MACHINES)
def test_each_recorded_machine_is_the_device_that_its_record_says(
    machine: str, facts_of: Callable[[str], Facts]
) -> None:
    assert match(facts_of(machine)).profile_id == expected_profile(machine)


@pytest.mark.parametrize("machine", MACHINES)
def test_no_two_rules_of_the_same_strength_claim_one_machine(machine: str, facts_of: Callable[[str], Facts]) -> None:
    facts = facts_of(machine)
    profiles = load_profiles()
    won = match(facts).profile_id
    without = {name: profile for name, profile in profiles.items() if name != won}
    second = match_profile(facts, without).profile_id
    strength = {name: max((rule.strength for rule in each.detect), default=-1) for name, each in profiles.items()}
    assert second is None or strength[second] < strength[str(won)]


@pytest.mark.parametrize(
    ("compatible", "profile"),
    [
        ("nvidia,p3767-0005", "jetson-orin-nano-8"),
        ("nvidia,p3767-0005-super", "jetson-orin-nano-8"),
        ("nvidia,p3509-0000+p3767-0003", "jetson-orin-nano-8"),
        ("nvidia,p3768-0000+p3767-0004-super", "jetson-orin-nano-4"),
        ("nvidia,p3768-0000+p3767-0001", "jetson-orin-nx-8"),
        ("nvidia,p3768-0000+p3767-0000", "jetson-orin-nx-16"),
        ("nvidia,p3737-0000+p3701-0005", "jetson-agx-orin-64"),
        ("nvidia,p3768-0000+p3767-0005-superb", "arm64-generic"),
        ("acme,p3767-0005", "arm64-generic"),
        ("xnvidia,p3767-0005", "arm64-generic"),
    ],
)
def test_a_jetson_is_known_by_its_modules_part_number(
    compatible: str, profile: str, facts_of: Callable[[str], Facts]
) -> None:
    facts = replace(facts_of("orin-nano-8gb-jp6"), dt_compatible=(compatible, "nvidia,tegra234"))
    assert match(facts).profile_id == profile


@pytest.mark.parametrize("name", ["NVIDIA Orin Nano Developer Kit", "Anything", None])
def test_a_jetsons_model_name_plays_no_part(name: str | None, facts_of: Callable[[str], Facts]) -> None:
    assert match(replace(facts_of("orin-nano-8gb-jp6"), dt_model=name)).profile_id == "jetson-orin-nano-8"


@pytest.mark.parametrize(("mem_total_mib", "profile"), [(905, "1"), (1850, "2"), (3793, "4"), (7810, "8")])
def test_a_raspberry_pis_memory_tells_the_variant(
    mem_total_mib: float, profile: str, facts_of: Callable[[str], Facts]
) -> None:
    assert match(replace(facts_of("pi-4b-4gb"), memory_mib=mem_total_mib)).profile_id == f"rpi-4b-{profile}"


def test_a_known_board_with_a_memory_that_it_is_not_sold_with_says_so(facts_of: Callable[[str], Facts]) -> None:
    found = match(replace(facts_of("pi-4b-4gb"), memory_mib=15_800))
    assert found.profile_id == "arm64-generic"
    assert "Raspberry Pi 4 Model B Rev 1.5" in found.reason
    assert "15800 MiB" in found.reason


def test_the_reason_quotes_what_the_machine_said(facts_of: Callable[[str], Facts]) -> None:
    assert "nvidia,p3768-0000+p3767-0005-super" in match(facts_of("orin-nano-8gb-jp6")).reason
    assert "Intel(R) N100" in match(facts_of("n100")).reason
    assert "only the architecture" in match(facts_of("x86-vm")).reason


def test_what_a_host_plays_goes_before_what_it_is(facts_of: Callable[[str], Facts]) -> None:
    found = match(replace(facts_of("n100"), emulates="pixel-6"))
    assert (found.profile_id, found.reason) == ("pixel-6", "emulated: another machine emulates the Google Pixel 6")


def test_playing_an_unknown_device_matches_nothing(facts_of: Callable[[str], Facts]) -> None:
    found = match(replace(facts_of("n100"), emulates="pixel-99"))
    assert found.profile_id is None
    assert "pixel-99" in found.reason


def test_an_architecture_without_a_profile_matches_nothing(facts_of: Callable[[str], Facts]) -> None:
    found = match(replace(facts_of("x86-vm"), machine="riscv64"))
    assert found.profile_id is None
    assert "riscv64" in found.reason


@pytest.mark.parametrize(("product", "profile"), [("Radxa Orion O6", "orion-o6"), ("Radxa Orion O6N", "arm64-generic")])
def test_an_arm_board_that_boots_by_uefi_names_itself_by_dmi(
    product: str, profile: str, facts_of: Callable[[str], Facts]
) -> None:
    booted = replace(facts_of("rk3588-rock-5b"), dt_model=None, dt_compatible=(), dmi_product=product)
    found = match(booted)
    assert found.profile_id == profile
    assert (f"DMI product `{product}`" in found.reason) == (profile == "orion-o6")


def test_no_recorded_machine_is_taken_for_a_phone(facts_of: Callable[[str], Facts]) -> None:
    phones = {name for name, profile in load_profiles().items() if profile.device_class == "phone"}
    assert len(phones) >= 3
    assert not phones & {match(facts_of(machine)).profile_id for machine in MACHINES}


@pytest.mark.parametrize(
    ("mib", "gib"),
    [
        (427, 0.5),
        (512, 0.5),
        (513, 1),
        (1400, 2),
        (2900, 3),
        (3434, 4),
        (3793, 4),
        (4096, 4),
        (5618, 6),
        (7620, 8),
        (63_000, 64),
    ],
)
def test_memory_is_rounded_up_to_a_size_that_is_sold(mib: float, gib: float) -> None:
    assert memory_size_gib(mib) == gib


def test_every_pattern_is_a_valid_expression() -> None:
    for profile in load_profiles().values():
        for rule in profile.detect:
            for pattern in (*rule.dt_compatible, rule.dt_model, rule.cpu_model):
                re.compile(pattern or "")


@pytest.mark.parametrize(
    ("model", "compatible", "memory_mib", "profile"),
    [
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "raspberrypi,3-model-b-plus", 905, "rpi-3b-plus"),
        ("Raspberry Pi 400 Rev 1.0", "raspberrypi,400", 3793, "rpi-400"),
        ("Raspberry Pi Compute Module 4 Rev 1.0", "raspberrypi,4-compute-module", 7810, "rpi-cm4"),
        ("Raspberry Pi Compute Module 5 Rev 1.0", "raspberrypi,5-compute-module", 8062, "rpi-cm5"),
        ("Raspberry Pi 5 Model B Rev 1.1", "raspberrypi,5-model-b", 16_215, "rpi-5-16"),
        ("Raspberry Pi Zero 2 Rev 1.0", "raspberrypi,model-zero-2", 427, "rpi-zero2w"),
        ("NVIDIA Jetson Nano Developer Kit", "nvidia,p3450-0000", 3956, "jetson-nano-4"),
        ("NVIDIA Jetson Nano 2GB Developer Kit", "nvidia,p3542-0000+p3448-0003", 1980, "jetson-nano-2"),
        ("Jetson-AGX", "nvidia,p2972-0000", 31_900, "jetson-agx-xavier"),
        ("NVIDIA Jetson AGX Orin Developer Kit", "nvidia,p3737-0000+p3701-0004", 30_600, "jetson-agx-orin-32"),
        ("NVIDIA Jetson AGX Thor Developer Kit", "nvidia,p4071-0000+p3834-0008", 125_000, "jetson-thor"),
        ("Xunlong Orange Pi 5 Max", "xunlong,orangepi-5-max", 15_900, "orange-pi-5"),
        ("Orange Pi 5 Plus", "rockchip,rk3588-orangepi-5-plus", 15_900, "orange-pi-5"),
        ("Xunlong Orange Pi 5 Ultra", "xunlong,orangepi-5-ultra", 15_900, "arm64-generic"),
        ("Radxa ROCK 5 Model B", "rockchip,rk3588-rock", 15_900, "rock-5b"),
        ("Raspberry Pi 4 Model B Rev 1.5", "acme,hat", 3793, "arm64-generic"),
        ("quill", "nvidia,p3509-0000+p3636-0001", 3820, "jetson-tx2-nx"),
        ("Radxa ROCK 4D", "radxa,rock-4d", 7800, "rock-4d"),
        ("Google i.MX8MQ Phanbell", "google,imx8mq-phanbell", 980, "coral-dev-board-1"),
        ("Hardkernel ODROID-N2+", "hardkernel,odroid-n2-plus", 3700, "odroid-n2-plus-4"),
        ("Hardkernel ODROID-N2", "hardkernel,odroid-n2", 3700, "arm64-generic"),
        ("BeagleBoard.org BeagleBone AI-64", "beagle,j721e-beagleboneai64", 3600, "beaglebone-ai64"),
        ("BeagleBoard.org BeagleY-AI", "beagle,am67a-beagley-ai", 3600, "beagley-ai"),
        ("Radxa Dragon Q6A", "radxa,dragon-q6a", 7400, "dragon-q6a"),
        ("Radxa Orion O6", "radxa,orion-o6", 31_000, "orion-o6"),
    ],
)
def test_boards_without_a_record_are_known_by_their_published_names(
    model: str, compatible: str, memory_mib: float, profile: str, facts_of: Callable[[str], Facts]
) -> None:
    board = replace(facts_of("pi-4b-4gb"), dt_model=model, dt_compatible=(compatible,), memory_mib=memory_mib)
    assert match(board).profile_id == profile


@pytest.mark.parametrize(
    ("model", "soc", "profile"),
    [
        ("Pixel 8", "Tensor G3", "pixel-8"),
        ("Pixel 6", "Tensor", "pixel-6"),
        ("Pixel 9", "Tensor G4", "pixel-9"),
        ("Pixel 8 Pro", "Tensor G3", "arm64-generic"),
        ("SM-S911B", "SM8550", "galaxy-s23"),
        ("SM-S921U", "SM8650", "galaxy-s24"),
        ("SM-S921B", "s5e9945", "arm64-generic"),
    ],
)
def test_a_phone_over_adb_is_known_by_its_model_and_where_that_is_sold_with_two_chips_by_both(
    model: str, soc: str, profile: str, facts_of: Callable[[str], Facts]
) -> None:
    android = AndroidFact(
        model=model, manufacturer=None, soc=soc, release="15", sdk=35, abis=("arm64-v8a",), security_patch=None
    )
    found = match(replace(facts_of("phone-pixel-8"), android=android))
    assert found.profile_id == profile
    assert (f"phone `{model}`" in found.reason) == (profile != "arm64-generic")
