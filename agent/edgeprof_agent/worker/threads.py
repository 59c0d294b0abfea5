"""How many threads a process really has: a pool of a library's own does not ask anybody."""

from pathlib import Path

_TASKS = Path("/proc/self/task")


def thread_count(tasks: Path = _TASKS) -> int | None:
    """Threads of this process; None where the kernel does not tell."""
    try:
        return sum(1 for _ in tasks.iterdir())
    except OSError:
        return None


def threads_note(requested: int, before: int | None, after: int | None) -> str:
    """What was asked, and what is there after the window. The first thread of a pool is the calling one."""
    if before is None or after is None:
        return f"threads: {requested} requested; the actual number is not known here (no /proc/self/task)"
    return f"threads: {requested} requested; the process had {before} before the load and {after} after the window"
