"""The spans of a text run that energy and conditions are attributed to: the timed work, not what fills the memory."""

from collections.abc import Sequence
from typing import NamedTuple

from edgeprof_agent.worker_protocol.document import MeasuredWindow

_MAX_BETWEEN = 0.01
"""Of a repeat's own length: what may lie before it within one window. More is a window of its own."""
MAX_WINDOWS = 100
"""Those after it are left out, with their tokens: it takes very short repeats, which no power sensor resolves."""


class Timed(NamedTuple):
    """One repeat on CLOCK_MONOTONIC, and the tokens in it."""

    start_ns: int
    end_ns: int
    tokens: int


def windows_of(repeats: Sequence[Timed], depth_tokens: int) -> list[MeasuredWindow]:
    """One window where no depth has to be filled between repeats; else one for each, joined where next to none was."""
    windows: list[MeasuredWindow] = []
    for start_ns, end_ns, tokens in repeats:
        last = windows[-1] if windows else None
        if last and (not depth_tokens or start_ns - last["end_ns"] <= _MAX_BETWEEN * (end_ns - start_ns)):
            last["end_ns"] = end_ns
            last["units"] += tokens
        else:
            windows.append({"start_ns": start_ns, "end_ns": end_ns, "units": tokens})
    return windows[:MAX_WINDOWS]
