"""The layers that would hold a model on this machine, asked of a process of its own.

What runs a worker is loaded there and is gone with it: an agent that waits for work carries none of it.
"""

import json
import subprocess
import sys

from edgeprof_agent.sandbox_mode import Mode

_MODULE = "edgeprof_agent.isolation.here"
_TIMEOUT_S = 60.0


def layers_here(mode: Mode) -> tuple[str, ...]:
    """Empty where the process fails: no run would start either, and each says why."""
    command = (sys.executable, "-m", _MODULE, mode)
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd="/", timeout=_TIMEOUT_S)
        return tuple(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
