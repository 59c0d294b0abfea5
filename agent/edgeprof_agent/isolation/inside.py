"""What a run asks of a sandbox, and what its worker has to see in it."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.sandbox_mode import Mode


@dataclass(frozen=True, kw_only=True)
class Inside:
    """`files` and `folders` are absolute, and seen under the same names, read-only.

    `devices`: nodes that the worker may open; None: the accelerators of this machine.
    """

    mode: Mode = "auto"
    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    devices: tuple[str, ...] | None = None


OUTSIDE = Inside(mode="off")
