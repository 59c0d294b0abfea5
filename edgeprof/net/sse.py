"""Server-sent events (WHATWG HTML, 9.2), read from an answer's lines.

A line ends in LF or CRLF; a CR alone, which the standard allows too, is sent by no server that we know.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Event(NamedTuple):
    """One event. `data`: its data lines, joined by line feeds."""

    kind: str
    data: str


def field_of(line: bytes) -> tuple[bytes, bytes]:
    """A line's field and value. Both are empty for the line that ends an event; a comment's field is empty."""
    name, _, value = line.rstrip(b"\r\n").partition(b":")
    return name, value.removeprefix(b" ")


def events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Whole events as they end. One without data, and one that the stream's end cuts off, is none."""
    kind, data = "message", list[str]()
    for line in lines:
        name, value = field_of(line)
        if name == b"event":
            kind = value.decode(errors="replace")
        elif name == b"data":
            data.append(value.decode(errors="replace"))
        elif not name and not value and not line.startswith(b":"):
            if data:
                yield Event(kind, "\n".join(data))
            kind, data = "message", []
