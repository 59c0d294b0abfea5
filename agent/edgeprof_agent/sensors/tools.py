"""Runs a vendor's small command, found on PATH, bounded in time and never raising."""

import shutil
import subprocess
from dataclasses import dataclass

TOOL_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Said:
    """What the command printed, and why it is of no use if it is not."""

    output: str
    problem: str | None = None


def run_tool(name: str, *arguments: str) -> Said:
    """The command's standard output; `problem` says in words why there is none."""
    path = shutil.which(name)
    if path is None:
        return Said("", f"`{name}` is not on PATH")
    try:
        done = subprocess.run([path, *arguments], capture_output=True, timeout=TOOL_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Said("", f"cannot run `{name}`: {error}")
    if done.returncode:
        words = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        return Said("", f"`{name}` failed: {words[:200] or f'exit code {done.returncode}'}")
    return Said(done.stdout.decode("utf-8", "replace"))
