"""A look at the device that may hang in a driver, bounded in time."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


def within(seconds: float, look: Callable[[], T]) -> T | None:
    """What `look` gives; None where it failed or has not come back in time. Its thread is left behind then."""
    found: list[T] = []

    def take() -> None:
        try:
            found.append(look())
        except Exception:
            log.debug("a look at the device failed", exc_info=True)

    thread = threading.Thread(target=take, name="look", daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None
