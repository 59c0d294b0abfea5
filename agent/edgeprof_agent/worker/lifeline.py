"""Ties the worker's life to its parent's: an agent that is killed leaves no model running."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """The kernel kills this process when its parent ends (prctl(2)). It holds even inside a runtime's own loop."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
