"""Pages and answers whose data has not changed, by the database's own version number."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

MAX_PAGES = 32
MAX_BYTES = 48 * 2**20
"""The whole table of 20,000 cells has 33 MB; what would not fit beside it is made each time."""
MAX_AGE_S = 60.0
"""Prices have a date, and a page says when it was made: not even an unchanged one is shown for long."""


T = TypeVar("T", str, bytes)


class PageCache:
    """The newest pages of one version of the database. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._pages: OrderedDict[Hashable, tuple[float, str | bytes]] = OrderedDict()

    def page(self, version: int, key: Hashable, make: Callable[[], T]) -> T:
        """The page under this key, made where there is none. `version` is read before the page asks anything.

        One key has pages of one type.
        """
        with self._lock:
            if version != self._version:
                self._version, self._pages = version, OrderedDict()
            found = self._pages.get(key)
            if found and time.monotonic() - found[0] < MAX_AGE_S:
                self._pages.move_to_end(key)
                return cast("T", found[1])
        started_s = time.monotonic()
        text = make()
        with self._lock:
            if version == self._version:
                self._pages[key] = (started_s, text)
                while len(self._pages) > MAX_PAGES or self._size() > MAX_BYTES:
                    self._pages.popitem(last=False)
        return text

    def _size(self) -> int:
        return sum(len(text) for _, text in self._pages.values())
