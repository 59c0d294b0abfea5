"""Names that people and devices give: made safe to show, and unique where two share one."""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from edgeprof.errors import UsageError

MAX_NAME_CHARS = 80
_HIDDEN = ("Cc", "Cs", "Zl", "Zp")
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the text after them around, and with it what a page shows."""


@lru_cache(maxsize=1024)
def tidy(text: str) -> str:
    """A name without control characters, direction marks and doubled spaces, at most `MAX_NAME_CHARS` long."""
    shown = "".join(_shown(character) for character in unicodedata.normalize("NFC", text))
    return " ".join(shown.split())[:MAX_NAME_CHARS].rstrip()


def checked(text: str) -> str:
    """A name that a person typed. Raises UsageError where nothing of it can be shown."""
    name = tidy(text)
    if not name:
        raise UsageError("bad_name", "Enter a name with at least one visible character.")
    if len(text.strip()) > MAX_NAME_CHARS:
        length = len(text.strip())
        raise UsageError("bad_name", f"A name has at most {MAX_NAME_CHARS} characters; this one has {length}.")
    return name


def labels(names: Mapping[str, str]) -> dict[str, str]:
    """Id -> name, with the end of the id behind each name that several share."""
    count = Counter(names.values())
    return {
        item_id: name if name and count[name] == 1 else f"{name or 'unnamed'} ({item_id[-4:]})"
        for item_id, name in names.items()
    }


def _shown(character: str) -> str:
    if character in _DIRECTIONS:
        return ""
    return " " if unicodedata.category(character) in _HIDDEN else character
