"""A page's context that a template gets for as long as it renders.

Jinja's contexts and macros refer to each other and to what they were given. Without the loan each page, thousands of
objects, would wait for a collection that takes as long as a page.
"""

from typing import Any


class Lent:
    """Gives the attributes of what it was made of, until `take_back`."""

    __slots__ = ("_lent",)

    def __init__(self, lent: object) -> None:
        self._lent: object | None = lent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lent, name)

    def take_back(self) -> None:
        """From now on nothing is held."""
        self._lent = None
