"""Where a generated item hides its fact: nominal length and depth, which its id holds, as `1024t-050d-2`.

Outcomes hold ids alone, and so the figures by length and depth need no set.
"""

import re
from typing import NamedTuple

_PLACE = re.compile(r"(\d{3,7})t-(\d{3})d-\d+(?:~\d+)?")


class Place(NamedTuple):
    """Nominal length of the prompt in tokens, and how far down the fact stands, 0 to 100."""

    tokens: int
    depth_percent: int


def place_id(place: Place, number: int) -> str:
    """The id of the item at a place.

    >>> place_id(Place(1024, 50), 2)
    '1024t-050d-2'
    """
    return f"{place.tokens}t-{place.depth_percent:03}d-{number}"


def place_of(item_id: str) -> Place | None:
    """The place in an item's id; None for an item of another kind.

    >>> place_of("1024t-050d-2"), place_of("q17")
    (Place(tokens=1024, depth_percent=50), None)
    """
    found = _PLACE.fullmatch(item_id)
    return Place(int(found[1]), int(found[2])) if found else None
