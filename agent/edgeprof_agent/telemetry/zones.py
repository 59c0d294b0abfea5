"""Which temperatures there are, and which of them speaks for the processor.

A mini-PC of AMD has no thermal zone of its processor: its zones are ACPI's (often a constant) and the Wi-Fi card's, and
the processor is the hwmon chip k10temp (kernel, Documentation/hwmon/k10temp.rst, coretemp.rst). So a zone counts only
if its name says that it is the processor or the SoC that holds it, and those chips come first.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.base import unique

CHIPS = ("k10temp", "zenpower", "coretemp")
"""hwmon drivers of a processor's own sensor."""
_CHIP_LABELS = ("Tdie", "Tctl", "Package id")
"""The best of a chip; Tctl of some processors has an offset for the fan, which Tdie has not."""
_ELSE = re.compile(r"gpu|wi-?fi|wlan|iwl|^ath\d|^mt7|nvme|batt|charg|pmic|acpi|^pch|modem|skin|ddr|usb|ambient", re.I)
"""What holds `cpu`, `soc` or `core` in its name may still be something else."""
CPU_ZONES = (
    re.compile(r"cpu|x86_pkg_temp|core|^(big|mid|little|bcm2835_thermal)\b|cluster", re.I),
    re.compile(r"soc|package|^tj\b|^tsens|^imx_thermal|^main\d", re.I),
)
"""Names of zones that are the processor's own, and of those that hold it; each vendor has its own."""
MAX_SOURCES = 24
OFF_BELOW_C, MAX_C = -200.0, 200.0
_NO_MILLI = 999
"""Up to this a reading is degrees or tenths of one: 45 and 452 of vendor kernels (MichaIng/DietPi issue 909), or less
than 1 °C. Below -1 °C it is millidegrees again: a board outdoors, in frost. A running one that is within 1 °C of
freezing is rarer than a kernel with another unit, and 0.452 °C that is wrong looks right."""


class Source(NamedTuple):
    """Where a temperature is read."""

    name: str
    file: Path


def sources(root: Path) -> list[Source]:
    """The processor's chips, then every thermal zone by its type."""
    folders = files.folders(root / "sys/class/thermal", "thermal_zone*")
    names = unique([files.text(folder / "type") or folder.name for folder in folders])
    zones = [Source(name, folder / "temp") for name, folder in zip(names, folders, strict=True)]
    return [*_chips(root), *zones][:MAX_SOURCES]


def celsius(milli_c: float) -> float | None:
    """A reading in millidegrees; None: it is off, or in some other unit."""
    if 0 <= abs(milli_c) <= _NO_MILLI or milli_c / 1000 > MAX_C or milli_c / 1000 <= OFF_BELOW_C:
        return None
    return milli_c / 1000


def hottest(zones: Mapping[str, float]) -> tuple[float, str] | None:
    """The hottest of those nearest to the processor: its temperature in °C and its name. None: none is its."""
    ranked = [(rank, value, name) for name, value in zones.items() if (rank := _nearness(name))]
    if not ranked:
        return None
    _, temperature_c, name = max(ranked)
    return temperature_c, name


def why_none(root: Path) -> str:
    """Why the processor has no temperature, in words."""
    found = sources(root)
    readings = {source.name: files.number(source.file) for source in found}
    odd = [f"{name} reads {value:g}" for name, value in readings.items() if value and _is_odd(value)]
    if odd and not any(_nearness(name) and value and celsius(value) for name, value in readings.items()):
        return f"{odd[0]}: whether that is degrees, tenths or millidegrees is not known"
    if not found:
        return "no thermal zone and no sensor chip of a processor can be read"
    if not any(_nearness(name) for name in readings):
        return f"no zone is the processor's: {', '.join(list(readings)[:5])}"
    return "the processor's zone gives no reading"


def _is_odd(milli_c: float) -> bool:
    return milli_c / 1000 > OFF_BELOW_C and celsius(milli_c) is None


def _nearness(name: str) -> int:
    if name.split(" ")[0].partition("#")[0] in CHIPS:
        return len(CPU_ZONES) + 1
    if _ELSE.search(name):
        return 0
    return next((len(CPU_ZONES) - rank for rank, names in enumerate(CPU_ZONES) if names.search(name)), 0)


def _chips(root: Path) -> list[Source]:
    found: list[Source] = []
    for folder in files.folders(root / "sys/class/hwmon", "hwmon*"):
        chip = files.text(folder / "name")
        if chip in CHIPS:
            found += _of_chip(chip, folder)
    names = unique([source.name for source in found])
    return [Source(name, source.file) for name, source in zip(names, found, strict=True)]


def _of_chip(chip: str, folder: Path) -> list[Source]:
    """Of a processor the sensor of the whole; else each one that it has."""
    readings = files.folders(folder, "temp*_input")
    labels = {file: files.text(file.with_name(file.name.replace("_input", "_label"))) or "" for file in readings}
    for wanted in _CHIP_LABELS:
        best = [Source(f"{chip} {label}", file) for file, label in labels.items() if label.startswith(wanted)]
        if best:
            return best
    return [Source(f"{chip} {label or file.name.removesuffix('_input')}", file) for file, label in labels.items()]
