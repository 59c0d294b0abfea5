"""What may fail without costing the measurement: every step after the window, each for itself, with its reason."""

import logging
from collections.abc import Callable
from typing import TypeVar

from edgeprof_agent.worker_protocol.progress import OnProgress

T = TypeVar("T")
log = logging.getLogger(__name__)
_MAX_REASON_CHARS = 300


class Extras:
    """Runs steps that may fail. `problems` has a sentence for each one that did.

    >>> extras = Extras()
    >>> extras.attempt("the memory profile", lambda: 1 / 0, None)
    >>> extras.problems
    ['the memory profile failed: ZeroDivisionError: division by zero']
    """

    def __init__(self) -> None:
        self.problems: list[str] = []

    def attempt(self, what: str, step: Callable[[], T], otherwise: T) -> T:
        """What the step gives, or `otherwise` and a sentence. Ctrl-C and exits pass."""
        try:
            return step()
        except Exception as error:  # whatever it is, the window's samples are worth more
            log.debug("%s failed", what, exc_info=True)
            self.problems.append(f"{what} failed: {reason_of(error)}")
            return otherwise


def reason_of(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {error}"[:_MAX_REASON_CHARS]


def harmless(on_progress: OnProgress) -> OnProgress:
    """`on_progress`, whose own errors (a terminal that went away, a message that cannot be sent) stay with it."""

    def report(stage: str, fraction: float | None, note: str) -> None:
        try:
            on_progress(stage, fraction, note)
        except Exception:
            log.debug("progress was not shown", exc_info=True)

    return report
