"""Memory of a worker read from outside: the limit that needs no rights, where there is no cgroup."""

from pathlib import Path

INTERVAL_S = 0.05


def held_mib(pid: int, proc: Path = Path("/proc")) -> float:
    """Memory that the kernel cannot take back: anonymous and shared pages, not a mapped model file's. 0: it is gone."""
    try:
        status = (proc / str(pid) / "status").read_text()
    except OSError:
        return 0.0
    held = 0
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name in ("RssAnon", "RssShmem"):
            held += int(value.split()[0])
    return held / 1024


def oom_kills(proc: Path = Path("/proc")) -> int:
    """The machine's count of out-of-memory kills (0 where the kernel does not tell)."""
    try:
        lines = (proc / "vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
