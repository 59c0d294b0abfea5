"""Tags of devices and models: a person's own words, to find and group them by. Pure."""

import re
from collections.abc import Iterable

from edgeprof.errors import UsageError

MAX_TAG_CHARS = 40
MAX_TAGS = 20
_TAG = re.compile(r"[^\W_][\w.:/+-]*")
_BETWEEN = re.compile(r"[\s,;]+")


def checked(tags: Iterable[str]) -> tuple[str, ...]:
    """In lower case, sorted, each once. Raises UsageError: bad_tag, too_many_tags.

    >>> checked(["Lab", "room-2", "lab"])
    ('lab', 'room-2')
    """
    found = sorted({_checked(tag) for tag in tags})
    if len(found) > MAX_TAGS:
        raise UsageError("too_many_tags", f"At most {MAX_TAGS} tags; you gave {len(found)}. Remove some.")
    return tuple(found)


def parse(text: str) -> tuple[str, ...]:
    """The tags of one line, as a person types them: commas and spaces stand between them.

    >>> parse("lab, room-2")
    ('lab', 'room-2')
    """
    return checked(filter(None, _BETWEEN.split(text)))


def _checked(tag: str) -> str:
    plain = tag.strip().casefold()
    if len(plain) > MAX_TAG_CHARS or not _TAG.fullmatch(plain):
        shown = tag if len(tag) <= MAX_TAG_CHARS else f"{tag[:MAX_TAG_CHARS]}…"
        raise UsageError(
            "bad_tag",
            f"{shown!r} is not a tag. Use one word of up to {MAX_TAG_CHARS} letters, digits and . : / + - _ for each.",
        )
    return plain
