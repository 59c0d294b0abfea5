"""What held a run's worker, in one sentence for a page and a terminal."""

from collections.abc import Iterable

from edgeprof.wire.device_state import Isolation
from edgeprof.wire.guards import SANDBOX, lacking


def sandbox_words(isolation: Isolation) -> str:
    """Whether the sandbox was full; else what was open, and what closes it; and what the worker left behind.

    >>> sandbox_words(Isolation(layers=(), memory_limit_mib=None))[:28]
    'Not guarded: network, files,'
    """
    told = [guarded_words(isolation.layers)]
    if isolation.lacks:
        told.append(isolation.lacks[0].upper() + isolation.lacks[1:])
    if isolation.strays:
        what = "1 process that it left behind was" if isolation.strays == 1 else f"{isolation.strays} left behind were"
        told.append(f"{what} ended with the run.")
    return " ".join(told)


def guarded_words(layers: Iterable[str]) -> str:
    """The part that the layers alone tell."""
    open_guards = [guard.name for guard in lacking(layers)]
    if open_guards:
        return f"Not guarded: {', '.join(open_guards)}."
    return f"Full. Guarded: {', '.join(guard.name for guard in SANDBOX)}."
