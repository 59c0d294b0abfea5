"""The lines of an answer as they come, and whether it came to its end."""

import http.client
from collections.abc import Iterator

CHUNK_BYTES = 64 * 1024
MAX_LINE_BYTES = 4 << 20


def lines(answer: http.client.HTTPResponse, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    r"""Each line with its line feed, as soon as it is there. Raises what BREAKS in `http.py` lists.

    Not by `readline`: of an answer in chunks that is cut off, it says that this was its end (Python 3.11).
    What is left of a line that was cut off is not given out.

        for line in lines(answer):
            assert line.endswith(b"\n")
    """
    rest = b""
    while piece := answer.read1(CHUNK_BYTES):
        first, *more = piece.split(b"\n")
        rest += first
        for each in more:
            yield rest + b"\n"
            rest = each
        if len(rest) > max_line_bytes:
            raise ValueError(f"a line of its answer is longer than {max_line_bytes / 1024:,.0f} KiB")
    if answer.length:  # read1() says nothing of a body that was cut off
        raise http.client.IncompleteRead(b"", answer.length)
    if rest:
        yield rest
