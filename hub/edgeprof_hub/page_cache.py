"""Rendered pages whose data has not changed, by the database's own version number."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MAX_PAGES = 32
MAX_AGE_S = 60.0
"""Prices have a date, and a page says when it was made: not even an unchanged one is shown for long."""


class PageCache:
    """The newest pages of one version of the database. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._pages: OrderedDict[Hashable, tuple[float, str]] = OrderedDict()

    def page(self, version: int, key: Hashable, make: Callable[[], str]) -> str:
        """The page under this key, made where there is none. `version` is read before the page asks anything."""
        with self._lock:
            if version != self._version:
                self._version, self._pages = version, OrderedDict()
            made_s, text = self._pages.get(key, (0.0, ""))
            if text and time.monotonic() - made_s < MAX_AGE_S:
                self._pages.move_to_end(key)
                return text
        started_s = time.monotonic()
        text = make()
        with self._lock:
            if version == self._version:
                self._pages[key] = (started_s, text)
                if len(self._pages) > MAX_PAGES:
                    self._pages.popitem(last=False)
        return text
