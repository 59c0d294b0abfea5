"""Which kinds of device this hub has wheels for, and which runtimes each gets."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.fit.wheels import CPU_FLAGS
from edgeprof_hub.joining.plan import plan
from edgeprof_hub.joining.targets import parse
from edgeprof_hub.joining.wheel_index import PROJECT, WheelIndex

MACHINES = ("aarch64", "x86_64", "armv7l")
PYTHONS = (10, 11, 12, 13, 14)


@dataclass(frozen=True)
class Kind:
    """`size_mb`: what such a device fetches, with every runtime that it can use."""

    name: str
    runtimes: Sequence[str]
    size_mb: float


def kinds(index: WheelIndex) -> list[Kind]:
    """Those that need no other network than the hub's."""
    if all(wheel.project == PROJECT for wheel in index.wheels()):
        return []
    found: list[Kind] = []
    for name in (f"{machine}-cp3{minor}" for machine in MACHINES for minor in PYTHONS):
        made = plan(index, parse(name), CPU_FLAGS)
        if made.missing or not (made.uv or made.pip):
            continue
        extras = [extra for extra in made.extras if not extra.missing]
        files = {wheel.name: wheel.size_bytes for wheel in made.base}
        files |= {wheel.name: wheel.size_bytes for extra in extras for wheel in extra.wheels}
        tool = made.uv or made.pip
        size = sum(files.values()) + (tool.size_bytes if tool else 0)
        found.append(Kind(name, [extra.name for extra in extras], size / 1e6))
    return found
