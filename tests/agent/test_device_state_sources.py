"""What speaks for the whole device: the processor's temperature, every cluster's governor, the mode in force."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.doctor import heat
from edgeprof_agent.telemetry.base import Absent, Site
from edgeprof_agent.telemetry.cpu_lists import governor_words
from edgeprof_agent.telemetry.gate import HeatGate
from edgeprof_agent.telemetry.state import read_state
from edgeprof_agent.telemetry.temperature import Temperature
from edgeprof_agent.telemetry.zones import hottest, why_none
from tests.agent.measuring import MACHINES, unheard

Copy = Callable[[str], Path]


@pytest.fixture
def board(tmp_path: Path) -> Copy:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(MACHINES / name, tmp_path / name))

    return copy


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def with_zones(root: Path, zones: dict[str, str], chips: dict[str, dict[str, str]] | None = None) -> Path:
    """The machine with these zones (type -> temp) and chips (name -> label -> reading), and no others."""
    for place in ("sys/class/thermal", "sys/class/hwmon"):
        shutil.rmtree(root / place, ignore_errors=True)
    for number, (kind, temp) in enumerate(zones.items()):
        write(root / f"sys/class/thermal/thermal_zone{number}/type", kind)
        write(root / f"sys/class/thermal/thermal_zone{number}/temp", temp)
    for number, (chip, readings) in enumerate((chips or {}).items()):
        folder = root / f"sys/class/hwmon/hwmon{number}"
        write(folder / "name", chip)
        for index, (label, value) in enumerate(readings.items(), 1):
            write(folder / f"temp{index}_input", value)
            write(folder / f"temp{index}_label", label)
    return root


def said(root: Path, subject: str) -> str:
    return next(finding.detail for finding in heat.look(root) if finding.subject == subject)


@pytest.mark.parametrize(
    ("zones", "chips", "expected"),
    [
        ({"acpitz": "16800", "iwlwifi_1": "52000"}, {"k10temp": {"Tctl": "88125"}}, (88.125, "k10temp Tctl")),
        ({}, {"k10temp": {"Tctl": "88125", "Tdie": "61125", "Tccd1": "60000"}}, (61.125, "k10temp Tdie")),
        ({"acpitz": "27800"}, {"zenpower": {"Tdie": "55000"}}, (55.0, "zenpower Tdie")),
        (
            {"acpitz": "27800", "x86_pkg_temp": "44000"},
            {"nvme": {"Composite": "70000"}, "coretemp": {"Package id 0": "45000", "Core 0": "47000"}},
            (45.0, "coretemp Package id 0"),
        ),
        ({}, {"coretemp": {"Core 0": "41000", "Core 1": "43000"}}, (43.0, "coretemp Core 1")),
        ({"cpu-thermal": "48850", "gpu-thermal": "60000"}, {"rp1_adc": {"t": "70000"}}, (48.85, "cpu-thermal")),
        ({"soc_thermal": "50000", "ddr_thermal": "60000"}, None, (50.0, "soc_thermal")),
        ({"iwlwifi_1": "52000", "nvme": "48000"}, None, None),
        ({"acpitz": "27800"}, None, None),
        ({"gpu_cpu_shared": "50000"}, None, None),
        ({"cpu-thermal": "62"}, None, None),
        ({"cpu-thermal": "0"}, None, None),
        ({"cpu-thermal": "62000000"}, None, None),
        ({"cpu-thermal": "62", "soc-thermal": "45000"}, None, (45.0, "soc-thermal")),
        ({"cpu-thermal": "-5250"}, None, (-5.25, "cpu-thermal")),
        ({"cpu0-thermal": "-256000", "cpu1-thermal": "40500"}, None, (40.5, "cpu1-thermal")),
    ],
)
def test_the_temperature_is_the_processors_or_none(
    board: Copy,
    zones: dict[str, str],
    chips: dict[str, dict[str, str]] | None,
    expected: tuple[float, str] | None,
) -> None:
    root = with_zones(board("n100"), zones, chips)
    seen = read_state(root)
    assert (seen.temperature_c, seen.temperature_source) == (expected or (None, None))
    probe = Temperature(Site(root, 0, (0,)))
    values = {label: value for label, value in zip(probe.labels, probe.read(), strict=True) if isinstance(value, float)}
    assert hottest(values) == expected


def test_why_there_is_no_temperature_is_told(board: Copy) -> None:
    degrees = with_zones(board("pi-4b-4gb"), {"cpu-thermal": "62"})
    assert why_none(degrees) == "cpu-thermal reads 62: whether that is degrees, tenths or millidegrees is not known"
    assert said(degrees, "temperature") == why_none(degrees)
    probe = Temperature(Site(degrees, 0, (0,)))
    assert probe.read() == [None]
    assert probe.problem == why_none(degrees)
    wifi = with_zones(board("n100"), {"acpitz": "16800", "iwlwifi_1": "52000"})
    assert said(wifi, "temperature") == "no zone is the processor's: acpitz, iwlwifi_1"
    passed = HeatGate().wait(RunProtocol(start_below_c=20.0, heat_wait_s=0.0), unheard, threading.Event(), wifi)
    assert passed.hot is None
    assert "no zone is the processor's" in str(passed.unchecked)


@pytest.mark.parametrize(
    ("reading", "degrees"),
    [
        *(("45", None), ("452", None), ("999", None), ("-300", None)),  # degrees, tenths, or within 1 °C of freezing
        *(("1000", 1.0), ("45200", 45.2), ("-5000", -5.0), ("-40000", -40.0)),  # a board outdoors, in frost
    ],
)
def test_tenths_of_a_degree_never_pass_as_millidegrees(board: Copy, reading: str, degrees: float | None) -> None:
    root = with_zones(board("pi-4b-4gb"), {"cpu-thermal": reading})
    assert read_state(root).temperature_c == degrees
    if degrees is None:
        assert said(root, "temperature").startswith(f"cpu-thermal reads {reading}: whether that is degrees, tenths or ")


def test_without_any_source_there_is_no_probe(board: Copy) -> None:
    bare = with_zones(board("x86-vm"), {})
    with pytest.raises(Absent):
        Temperature(Site(bare, 0, (0,)))
    assert why_none(bare) == "no thermal zone and no sensor chip of a processor can be read"


def test_governors_of_clusters_that_differ_are_named(board: Copy) -> None:
    root = board("rk3588-rock-5b")
    cpu = root / "sys/devices/system/cpu/cpufreq"
    for policy, name in (("policy0", "performance"), ("policy4", "powersave"), ("policy6", "powersave")):
        write(cpu / policy / "scaling_governor", name)
    assert read_state(root).governor == "performance (policy 0), powersave (policies 4,6)"
    assert "clocks follow the load" in said(root, "governor")
    for policy in ("policy4", "policy6"):
        write(cpu / policy / "scaling_governor", "performance")
    assert read_state(root).governor == said(root, "governor") == "performance"


def test_a_cluster_that_is_off_does_not_hide_the_others(board: Copy) -> None:
    root = board("rk3588-rock-5b")
    shutil.rmtree(root / "sys/devices/system/cpu/cpufreq/policy0")
    (root / "sys/devices/system/cpu/cpufreq/policy4/scaling_governor").unlink()
    write(root / "sys/devices/system/cpu/cpufreq/policy6/scaling_governor", "schedutil")
    assert read_state(root).governor == "schedutil"


def test_many_clusters_of_one_governor_are_one_word() -> None:
    assert governor_words({f"policy{number}": "schedutil" for number in range(64)}) == "schedutil"
    mixed = {f"policy{number}": "performance" if number < 32 else "powersave" for number in range(64)}
    assert governor_words(mixed) == "performance (policies 0-31), powersave (policies 32-63)"
    assert governor_words({}) is None


def test_a_commented_line_does_not_name_the_power_mode(board: Copy) -> None:
    root = board("orin-nano-8gb-jp6")
    write(root / "var/lib/nvpmodel/status", "pmode:0001")
    conf = "# < POWER_MODEL ID=1 NAME=OLD >\n#POWER_MODEL ID=1 NAME=OLDER\n< POWER_MODEL ID=1 NAME=15W>"
    write(root / "etc/nvpmodel.conf", conf)
    assert read_state(root).power_mode == "15W"
