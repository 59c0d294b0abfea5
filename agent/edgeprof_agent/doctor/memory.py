"""What of memory can be measured and limited: cgroups, pressure, a peak a phase, swap."""

import os
from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.sensors import device_tree, files

_CMDLINES = ("boot/firmware/cmdline.txt", "boot/cmdline.txt")
"""Of a Raspberry Pi since Bookworm, and before."""


def look(root: Path) -> Iterator[Finding]:
    """A Raspberry Pi OS boots with the memory cgroup off and without pressure figures (PSI)."""
    yield from _cgroup(root)
    yield _pressure(root)
    if root == Path("/"):
        yield _peak_reset()
    yield from _swap(root)


def _cgroup(root: Path) -> Iterator[Finding]:
    """Nothing where the record does not hold it."""
    is_on = _controller_on(root)
    if is_on is None:
        return
    if is_on:
        yield Finding("memory", "memory cgroup", "ok", "the kernel counts and limits a model's memory")
        return
    detail = "off: a watchdog enforces the memory limit, and a fast allocation can outrun it"
    mend = _boot_parameter(root, "cgroup_enable=memory cgroup_memory=1")
    costs = "the kernel's own peak, and a hard memory limit"
    yield Finding("memory", "memory cgroup", "optional", detail, mend, costs)


def _controller_on(root: Path) -> bool | None:
    """By cgroup v2's own list, else by the kernel's: name, hierarchy, number, enabled."""
    controllers = files.text(root / "sys/fs/cgroup/cgroup.controllers")
    if controllers is not None:
        return "memory" in controllers.split()
    rows = [line.split() for line in (files.text(root / "proc/cgroups") or "").splitlines()]
    enabled = [row[3] for row in rows if len(row) == 4 and row[0] == "memory"]
    return enabled[0] == "1" if enabled else None


def _pressure(root: Path) -> Finding:
    if files.text(root / "proc/pressure/memory"):
        return Finding("memory", "memory pressure", "ok", "read from /proc/pressure")
    mend = _boot_parameter(root, "psi=1")
    return Finding(
        "memory", "memory pressure", "optional", "not reported", mend, "the share of a run that waited for memory"
    )


def _boot_parameter(root: Path, words: str) -> str:
    """Appended to the Pi's one line of kernel parameters; elsewhere it depends on the boot loader."""
    if device_tree.is_pi(root):
        there = next((name for name in _CMDLINES if (root / name).exists()), _CMDLINES[0])
        return f"sudo sed -i '1s/$/ {words}/' /{there} && sudo reboot"
    if (root / "etc/default/grub").exists():
        line = f's/^GRUB_CMDLINE_LINUX="/&{words} /'
        return f"sudo sed -i '{line}' /etc/default/grub && sudo update-grub && sudo reboot"
    return f"add `{words}` to the kernel's command line and reboot"


def _peak_reset() -> Finding:
    if os.access("/proc/self/clear_refs", os.W_OK):
        return Finding("memory", "peak by phase", "ok", "VmHWM can be reset")
    return Finding(
        "memory", "peak by phase", "optional", "this kernel has no clear_refs", costs="a peak for each phase"
    )


def _swap(root: Path) -> Iterator[Finding]:
    lines = (files.text(root / "proc/swaps") or "").splitlines()[1:]
    names = [line.split()[0] for line in lines if line.split()]
    compressed = [name for name in names if name.startswith("/dev/zram")]
    if compressed:
        detail = f"{', '.join(compressed)}, in compressed memory: swapping to it costs CPU time during a run"
        yield Finding(
            "memory", "swap", "optional", detail, f"sudo swapoff {' '.join(compressed)}  # until the next boot"
        )
    elif names:
        detail = f"{', '.join(names)}: a run that swaps is marked, and says nothing about the device"
        yield Finding("memory", "swap", "ok", detail)
