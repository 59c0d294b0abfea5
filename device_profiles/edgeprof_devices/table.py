"""`docs/supported-devices.md`, made from the profiles. `./scripts/docs` writes it."""

import sys
from pathlib import Path

from edgeprof_devices.loader import load_profiles
from edgeprof_devices.schema import BoardPrice, Figure, PowerModes, Profile

INTRODUCTION = """# Devices that edgeprof knows

Made from the profiles in `device_profiles/` by `./scripts/docs`; do not edit by hand.

- A figure marked `?` has no source: it is unchecked general knowledge. The profile gives the source
  of every other figure next to it. The last column is the month in which the sources were read; a
  date in brackets is the figure's own.
- Watts are at the wall on one unit. `modes` are the budgets that a board's power modes set, not
  measurements.
- [Tried on](tried-on.md) lists what has run on real hardware.
- Any other x86-64 or 64-bit Arm Linux machine runs as `x86-generic` or `arm64-generic`.
  `edgeprof devices match` explains why a machine got its profile.
- A new profile is a YAML file in `device_profiles/edgeprof_devices/profiles/`, and a
  [recorded board](recorded-boards.md).

"""
HEADER = (
    "Profile",
    "Device",
    "Class",
    "Cores",
    "Memory GiB",
    "Bandwidth GB/s",
    "Idle W",
    "Max W",
    "Price USD",
    "Power from",
    "Sources read",
)


def supported_devices() -> str:
    """The whole page."""
    rows = [
        _row(profile) for profile in sorted(load_profiles().values(), key=lambda each: (each.device_class, each.id))
    ]
    lines = [HEADER, tuple("---" for _ in HEADER), *rows]
    return INTRODUCTION + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(profile: Profile) -> tuple[str, ...]:
    return (
        f"`{profile.id}`",
        profile.title,
        profile.device_class,
        " + ".join(f"{each.count} × {each.core.name}{_mark(each.core.unsourced)}" for each in profile.clusters),
        _figure(profile.memory_gib),
        _figure(profile.bandwidth_theory_gb_s),
        _figure(profile.idle_w),
        _figure(profile.max_w) or _modes(profile.power_modes),
        _price(profile.price_usd),
        ", ".join(f"{each.sensor} ({each.scope})" for each in profile.power_sources),
        profile.as_of + (" not detected" if profile.not_detected else ""),
    )


def _figure(figure: Figure | None) -> str:
    return "" if figure is None else figure.text() + _mark(figure.unsourced)


def _modes(modes: PowerModes | None) -> str:
    return "" if modes is None else "modes " + "/".join(f"{each:g}" for each in modes.watts) + _mark(modes.unsourced)


def _price(price: BoardPrice | None) -> str:
    if price is None:
        return ""
    return f"{price.value:g}{_mark(price.unsourced)}" + (f" ({price.as_of})" if price.as_of else "")


def _mark(unsourced: bool) -> str:
    return " ?" if unsourced else ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(supported_devices(), encoding="utf-8")
