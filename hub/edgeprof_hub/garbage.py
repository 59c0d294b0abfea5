"""When Python looks for objects that only refer to each other: between requests, not in the middle of a page."""

import gc

from anyio.to_thread import current_default_thread_limiter

MANY_NEW = 20_000
"""A page of the matrix makes some seven thousand objects that reference counts alone do not free. Going through them
takes 20 to 50 ms: as long as a page."""
AT_ONCE = 150_000
"""A bound for a hub that is never idle."""
_MIDDLE_A_FULL = 10


def collect_when_idle_only() -> None:
    """At the start: what is loaded by now stays for good, and a busy hub collects rarely."""
    gc.freeze()
    gc.set_threshold(AT_ONCE, 10, 10)


def collect_if_idle(many_new: int = MANY_NEW) -> bool:
    """Collect where much is new and no request is computed now. Called in the event loop; tells whether it collected.

    An open event stream is no work: it waits in the loop and holds no thread.
    """
    new, _, middle = gc.get_count()
    if new < many_new or current_default_thread_limiter().borrowed_tokens:
        return False
    gc.collect(2 if middle > _MIDDLE_A_FULL else 1)
    return True
