"""Steps after the window, each of which may fail by itself: what has been measured is never lost to one of them."""

from collections.abc import Callable
from typing import TypeVar

from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.reason import reason_of

T = TypeVar("T")


def guarded(step: Callable[[], T], otherwise: T) -> tuple[T, str | None]:
    """What the step gives and None, or `otherwise` and why it failed.

    >>> guarded(lambda: 1 // 0, 7)
    (7, 'ZeroDivisionError: integer division or modulo by zero')
    """
    try:
        return step(), None
    except Exception as error:  # whatever a runtime raises here is a fact about this step alone
        return otherwise, reason_of(error)


def extra(reporter: Reporter, stage: str, step: Callable[[], None]) -> None:
    """A part after the window: it reports its own figures, or why it failed, and the next part goes on."""
    _, failure = guarded(step, None)
    if failure is not None:
        reporter.part_failed(stage, failure)
