"""Which thermal zone speaks for the processor. Pure."""

import re
from collections.abc import Mapping

CPU_ZONES = (re.compile(r"cpu|x86_pkg_temp|core", re.IGNORECASE), re.compile(r"soc|package", re.IGNORECASE))
"""Names of zones that are the processor's own, and of those that hold it; each vendor has its own."""


def hottest(zones: Mapping[str, float]) -> tuple[float, str] | None:
    """The hottest of the zones whose name is nearest to the CPU: its temperature in °C and its name."""
    if not zones:
        return None
    _, temperature_c, name = max((_nearness(zone), value, zone) for zone, value in zones.items())
    return temperature_c, name


def _nearness(zone: str) -> int:
    return next((len(CPU_ZONES) - rank for rank, names in enumerate(CPU_ZONES) if names.search(zone)), 0)
