"""What a maker is, and the samples that makers draw."""

import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.packaged.recipe import SetRecipe


class Made(NamedTuple):
    """Items in the set's order, the contents of files by their paths, and what the data adds to the preparation."""

    items: list[Item]
    files: Mapping[str, bytes] = MappingProxyType({})
    preparation: Mapping[str, Any] = MappingProxyType({})


Maker = Callable[[Sequence[bytes], SetRecipe], Made]
"""From the members of the recipe's archive, in its order."""


def picked(total: int, options: Mapping[str, Any]) -> list[int]:
    """`count` of `total` places in an order that `seed` decides: all where no count is given.

    By SHA-256, for Python promises the sequence of no shuffle across its versions.

    >>> picked(5, {"count": 3, "seed": 1}) == picked(5, {"count": 3, "seed": 1})
    True
    """
    seed = options.get("seed", 0)
    order = sorted(range(total), key=lambda place: hashlib.sha256(f"{seed}:{place}".encode()).digest())
    return order[: options.get("count", total)]


def scattered(items: Sequence[Item], recipe: SetRecipe) -> list[Item]:
    """All items in an order of no meaning, for the first N stand for the set: packages sort by topic or class."""
    return [items[place] for place in picked(len(items), recipe.options)]


def unpacked(data: bytes) -> bytes:
    """What a gzip member holds; other bytes as they are."""
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
