"""What may fail without costing the measurement: every step after the window, each for itself, with its reason."""

import logging
from collections.abc import Callable
from typing import TypeVar

from edgeprof_agent.worker_protocol.progress import OnProgress
from edgeprof_agent.worker_protocol.reason import short_reason

T = TypeVar("T")
log = logging.getLogger(__name__)


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
        return self.outcome(what, step, otherwise)[0]

    def outcome(self, what: str, step: Callable[[], T], otherwise: T) -> tuple[T, str | None]:
        """The same, with the sentence of this step; None where it did not fail."""
        try:
            return step(), None
        except Exception as error:  # whatever it is, the window's samples are worth more
            log.debug("%s failed", what, exc_info=True)
            self.problems.append(f"{what} failed: {short_reason(error)}")
            return otherwise, self.problems[-1]


def harmless(on_progress: OnProgress) -> OnProgress:
    """`on_progress`, whose own errors (a terminal that went away, a message that cannot be sent) stay with it."""

    def report(stage: str, fraction: float | None, note: str) -> None:
        try:
            on_progress(stage, fraction, note)
        except Exception:
            log.debug("progress was not shown", exc_info=True)

    return report
