"""The lines of an answer as they come, and whether it came to its end."""

import http.client
from collections.abc import Iterator

from edgeprof.net.http import CHUNK_BYTES, check_whole

MAX_LINE_BYTES = 4 << 20


def lines(answer: http.client.HTTPResponse, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[bytes]:
    """Each line with its line feed, as soon as it arrives. Raises what BREAKS in `http.py` lists.

    Only the last line of a whole answer may lack its line feed; part of a line that was cut off is never yielded.
    `readline` takes the cut of a chunked answer for its end (Python 3.11).

        for line in lines(answer):
            rows.append(json.loads(line))
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
    check_whole(answer)
    if rest:
        yield rest
