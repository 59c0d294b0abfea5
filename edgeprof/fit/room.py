"""How much memory a device can give to a model: a limit, what is free, or its size less what its system uses. Pure."""

from typing import NamedTuple

OS_MIB = 160.0
"""Assumed for a headless Linux with its services and the agent. No source: enter a limit where you know better."""
OS_SHARE = 0.04
"""Assumed on top, of the memory that the kernel shows: caches that it does not give back, and page tables."""
FIRMWARE_SHARE = 0.08
"""Assumed of the memory that a board is sold with: firmware, GPU and kernel keep it from MemTotal. A Raspberry Pi 4 of
2 GiB shows 1,849 MiB, one of 8 GiB shows 7,822 (tests/machines)."""
ENTER_A_LIMIT = "Give --memory-limit-mib."


class Room(NamedTuple):
    """`mib` is None where nobody knows; `source` says where the figure comes from, or what to enter."""

    mib: float | None
    source: str


def limited(limit_mib: float) -> Room:
    """A worker's limit that somebody set.

    >>> limited(512).source
    'a memory limit of 512 MiB'
    """
    return Room(limit_mib, f"a memory limit of {limit_mib:,.0f} MiB")


def free_now(available_mib: float, limit_mib: float | None = None) -> Room:
    """What this machine's kernel can give at the moment (MemAvailable), or less in a limited cgroup."""
    if limit_mib is not None and limit_mib < available_mib:
        return Room(limit_mib, f"this cgroup's limit of {limit_mib:,.0f} MiB")
    return Room(available_mib, f"{available_mib:,.0f} MiB available now")


def of_machine(total_mib: float) -> Room:
    """A device that reported its memory (MemTotal).

    >>> round(of_machine(1024).mib)
    823
    """
    room = max(0.0, total_mib * (1 - OS_SHARE) - OS_MIB)
    return Room(room, f"{total_mib:,.0f} MiB less {total_mib - room:,.0f} assumed for its system")


def of_profile(memory_gib: float | None, title: str) -> Room:
    """A board by the size that it is sold with.

    >>> of_profile(None, "Some board").mib is None
    True
    """
    if memory_gib is None:
        return Room(None, f"No memory size is known of {title}. {ENTER_A_LIMIT}")
    sold_mib = memory_gib * 1024
    room = max(0.0, of_machine(sold_mib * (1 - FIRMWARE_SHARE)).mib or 0.0)
    return Room(room, f"{memory_gib:g} GiB less {sold_mib - room:,.0f} MiB assumed for firmware and system")
