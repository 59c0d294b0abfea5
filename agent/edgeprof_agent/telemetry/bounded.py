"""A look at the device that may hang in a driver, bounded in time."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, look: Callable[[], T]) -> T | None:
    """What `look` gives; None where it has not come back in time. Its thread is left behind then."""
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(look()), name="look", daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None
