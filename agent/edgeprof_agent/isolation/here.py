"""The layers that would hold a worker on this machine, found by starting one that does nothing.

`python -m edgeprof_agent.isolation.here auto` prints them as JSON.
"""

import json
import sys
import threading
from typing import cast

from edgeprof_agent.isolation.inside import Inside
from edgeprof_agent.isolation.lacking import Lack
from edgeprof_agent.isolation.outcome import Limits
from edgeprof_agent.isolation.running import run
from edgeprof_agent.sandbox_mode import Mode

_DEADLINE_S = 20.0
_MEMORY_LIMIT_MIB = 4096.0
_NOTHING = "import sys; sys.stdin.read()"


def layers_here(mode: Mode) -> tuple[tuple[str, ...], Lack | None]:
    """With a memory limit; and what keeps them from being a full sandbox (None: nothing, or `mode` is off)."""
    limits = Limits(deadline_s=_DEADLINE_S, memory_limit_mib=_MEMORY_LIMIT_MIB, cores=None)
    command = (sys.executable, "-I", "-S", "-c", _NOTHING)
    inside = Inside(mode="auto" if mode == "strict" else mode)
    ended = run(command, b"", limits, lambda line: False, threading.Event(), inside=inside)
    return ended.layers, ended.lacks


if __name__ == "__main__":
    print(json.dumps(layers_here(cast(Mode, sys.argv[1]))[0]))
