"""Server-sent events, as the standard's own examples have them (WHATWG HTML, 9.2.6)."""

import pytest

from edgeprof.net.sse import Event, events, field_of

STREAMS = {
    "data of three lines": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Event("message", "YHOO\n+2\n10")]),
    "comment, id, cut off": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
        [Event("message", "first event"), Event("message", "second event")],
    ),
    "one space goes": (
        b"data:test\n\ndata: test\n\ndata:  x\n\n",
        [Event("message", text) for text in ("test", "test", " x")],
    ),
    "empty data": (b"data\n\ndata\ndata\n\ndata:", [Event("message", ""), Event("message", "\n")]),
    "a kind without data is forgotten": (b"event: a\n\ndata: 1\n\n", [Event("message", "1")]),
    "a comment within": (b"event: a\n:\n: x\ndata: b:c\r\n\r\n", [Event("a", "b:c")]),
    "bytes that are no text": (b"data: \xff\n\n", [Event("message", "\N{REPLACEMENT CHARACTER}")]),
}


@pytest.mark.parametrize("name", STREAMS)
def test_the_standards_streams(name: str) -> None:
    stream, expected = STREAMS[name]
    assert list(events(stream.splitlines(keepends=True))) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"data: [DONE]\r\n", (b"data", b"[DONE]")),
        (b": ping\n", (b"", b"ping")),
        (b"\n", (b"", b"")),
        (b"id", (b"id", b"")),
    ],
)
def test_a_line_has_a_field_and_a_value(line: bytes, expected: tuple[bytes, bytes]) -> None:
    assert field_of(line) == expected
