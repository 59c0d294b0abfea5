"""What board this is: from its device tree, and where a container hides that, from what is left.

Docker and podman cover /sys/firmware, to which /proc/device-tree leads (moby/moby issue 43419). Mounted at its own
place it stays covered; mounted elsewhere it does not (jperkin/node-rpio issue 154). Home Assistant's add-ons have it
as /device-tree. A Raspberry Pi's kernel also prints its model in /proc/cpuinfo.
"""

import re
from pathlib import Path

from edgeprof_agent.sensors import files

PLACES = ("proc/device-tree", "sys/firmware/devicetree/base", "device-tree")
"""In this order; the last one is where a container's mount is looked for."""
MOUNT = "-v /sys/firmware/devicetree/base:/device-tree:ro"
CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "run/systemd/container")
_PI, _TEGRA = b"raspberrypi,", b"nvidia,tegra"
_ARM = re.compile(r"^(CPU implementer|Hardware)\s*:", re.MULTILINE)


def compatible(root: Path) -> tuple[str, ...]:
    """The board's compatible strings, the most exact first; empty where there is no device tree to be seen."""
    parts = (_raw(root, "compatible") or b"").split(b"\x00")
    return tuple(part.decode("utf-8", "replace") for part in parts if part)


def model(root: Path) -> str | None:
    """The board's name; of a Raspberry Pi also from /proc/cpuinfo."""
    found = (_raw(root, "model") or b"").decode("utf-8", "replace").strip("\x00 \t\r\n")
    return found or _printed_model(root)


def is_pi(root: Path) -> bool:
    """Whether this is a Raspberry Pi, in a container too."""
    known = _raw(root, "compatible")
    return _PI in known if known else (_printed_model(root) or "").startswith("Raspberry Pi")


def is_tegra(root: Path) -> bool:
    """Whether this is a Jetson."""
    return _TEGRA in (_raw(root, "compatible") or b"")


def in_container(root: Path) -> bool:
    """By the marks that Docker, podman and systemd-nspawn leave."""
    return any((root / mark).exists() for mark in CONTAINER_MARKS)


def why_hidden(root: Path) -> str | None:
    """An Arm board in a container that tells nothing of itself, and what mends it; None: nothing is hidden.

    /proc/device-tree is a link that the kernel makes where it has a tree: one that leads nowhere shows a cover.
    """
    if _raw(root, "compatible") or _printed_model(root) or not _ARM.search(files.text(root / "proc/cpuinfo") or ""):
        return None
    is_hidden = in_container(root) or (root / "proc/device-tree").is_symlink()
    return f"a container hides the device tree; start it with `{MOUNT}`" if is_hidden else None


def why_no_pi(root: Path) -> str:
    """Why the sensors of a Raspberry Pi are of no use here."""
    hidden = why_hidden(root)
    return f"whether this is a Raspberry Pi is not known: {hidden}" if hidden else "this is not a Raspberry Pi"


def _raw(root: Path, name: str) -> bytes | None:
    return next((content for place in PLACES if (content := files.raw(root / place / name))), None)


def _printed_model(root: Path) -> str | None:
    found = re.search(r"^Model[ \t]*:[ \t]*(.+?)[ \t]*$", files.text(root / "proc/cpuinfo") or "", re.MULTILINE)
    return found[1] if found else None
