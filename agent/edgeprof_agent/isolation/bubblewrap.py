"""Bubblewrap's command line for one worker. Pure: what is on this machine comes in as arguments.

The worker gets namespaces of its own (user, network, processes, IPC, host name, cgroup), a root of which nothing can be
written but /tmp and /dev/shm, and no capabilities. See bwrap(1); options that came later than 0.4 are used where the
installed one has them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.worker_protocol.run_counter import COUNTER_FILE

SCRATCH = "/tmp"
SCRATCH_MIB = 512
"""As much as a single file may have, too (RLIMIT_FSIZE)."""
SHARED_MEMORY_MIB = 64
"""For locks between processes; no runtime of ours keeps tensors there."""
_MIB = 1024 * 1024

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/nix/store")
_ETC = ("ld.so.cache", "alternatives", "nv_tegra_release", "OpenCL", "vulkan", "glvnd")
"""What loaders of libraries and drivers read. No accounts, no keys, no settings of services."""
_SYS = ("/sys/devices", "/sys/class", "/sys/bus", "/sys/dev", "/sys/module", "/sys/kernel/debug/nvmap")
"""Processors, memory and drivers. Not the mounts below /sys, the cgroups among them: each would cost time, too."""
ACCELERATORS = (
    *("dri/*", "nvidia*", "nvhost*", "nvmap", "nvgpu", "kfd", "dxg", "mali*", "kgsl-3d0", "apex_*", "accel/*"),
    *("hailo*", "galcore", "dma_heap/*", "rknpu", "ethosu*"),
)
"""Nodes below /dev by which runtimes reach GPUs and NPUs, as their drivers name them."""

_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY")
_SESSION_WORDS = ("DBUS_", "SSH_", "XDG_", "SUDO_", "NOTIFY_SOCKET", "LISTEN_")


@dataclass(frozen=True, kw_only=True)
class View:
    """What the worker sees beyond the system. `options` are those that this bwrap knows."""

    files: Sequence[tuple[Path, Path]]
    """Each with where it is seen."""
    folders: Iterable[Path]
    devices: Iterable[str]
    options: Collection[str]


def arguments(view: View, links: Mapping[str, Path], counter_fd: int, status_fd: int) -> list[str]:
    """Everything between `bwrap` and the command. `links`: system folders that are links here, with their targets."""
    return [
        *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        "--unshare-cgroup-try",
        *(("--disable-userns",) if "--disable-userns" in view.options else ()),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox"),
        *("--json-status-fd", str(status_fd)),
        *_system(links),
        *("--proc", "/proc", "--remount-ro", "/proc"),  # root without any right still owns /proc/sys
        *("--dev", "/dev"),
        *(part for name in _SYS for part in ("--ro-bind-try", name, name)),
        *_tmpfs(SHARED_MEMORY_MIB, "/dev/shm", view.options),
        *(part for node in view.devices for part in ("--dev-bind-try", node, node)),
        *("--remount-ro", "/dev"),
        *_tmpfs(SCRATCH_MIB, SCRATCH, view.options),
        *(part for folder in view.folders for part in ("--ro-bind-try", str(folder), str(folder))),
        *(part for source, seen in view.files for part in ("--ro-bind", str(source), str(seen))),
        *("--symlink", f"/proc/self/fd/{counter_fd}", f"{SCRATCH}/{COUNTER_FILE}"),
        *("--chdir", SCRATCH, "--remount-ro", "/"),
    ]


def layers(options: Collection[str]) -> tuple[str, ...]:
    """What these arguments put on a worker, beyond what can be looked up from outside."""
    return ("read_only_view", *(("scratch_limit",) if "--size" in options else ()), "device_list")


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What a sandboxed worker is given: no secrets, nothing of a login session, and its scratch as its home.

    >>> environment({"PATH": "/bin", "HF_TOKEN": "x", "ORT_DISABLE_TELEMETRY": "1"})["ORT_DISABLE_TELEMETRY"]
    '1'
    """
    kept = {
        name: value
        for name, value in ours.items()
        if not any(word in name.upper() for word in _SECRET_WORDS) and not name.startswith(_SESSION_WORDS)
    }
    return kept | {"HOME": SCRATCH, "TMPDIR": SCRATCH}


def system_links(root: Path = Path("/")) -> dict[str, Path]:
    """System folders that are links, as with a merged /usr."""
    return {name: (root / name.lstrip("/")).readlink() for name in _SYSTEM if (root / name.lstrip("/")).is_symlink()}


def accelerators(root: Path = Path("/")) -> tuple[str, ...]:
    """Nodes of the table that this machine has."""
    found = {path for pattern in ACCELERATORS for path in (root / "dev").glob(pattern)}
    return tuple(sorted(f"/{path.relative_to(root)}" for path in found))


def _system(links: Mapping[str, Path]) -> Iterable[str]:
    for name in _SYSTEM:
        if name in links:
            yield from ("--symlink", str(links[name]), name)
        else:
            yield from ("--ro-bind-try", name, name)
    for name in _ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _tmpfs(size_mib: int, where: str, options: Collection[str]) -> Iterable[str]:
    if "--size" in options:
        yield from ("--size", str(size_mib * _MIB))
    yield from ("--tmpfs", where)
