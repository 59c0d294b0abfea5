"""A real HTTP server that serves one file in the ways that servers in the field do: each request plays one step."""

import contextlib
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ETAG = '"e-1"'


class Request(BaseHTTPRequestHandler):
    """What a step works with."""

    protocol_version = "HTTP/1.1"

    @property
    def odd(self) -> "FaultyServer":
        assert isinstance(self.server, FaultyServer)
        return self.server

    def do_GET(self) -> None:
        self.close_connection = True
        self.odd.ranges.append(self.headers.get("Range"))
        self.odd.conditions.append(self.headers.get("If-Range"))
        steps = self.odd.steps
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        with contextlib.suppress(OSError):  # the client may hang up
            step(self)

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return None


Step = Callable[[Request], None]


class FaultyServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, steps: list[Step]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.steps = steps
        self.ranges: list[str | None] = []
        self.conditions: list[str | None] = []
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving(*steps: Step) -> Generator[FaultyServer, None, None]:
    """The steps in order; the last one is repeated."""
    with FaultyServer(list(steps)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


def _start(request: Request, data: bytes) -> int:
    text = request.headers.get("Range")
    return int(text.removeprefix("bytes=").split("-")[0]) if text else 0


def honest(data: bytes, etag: str = ETAG) -> Step:
    """Ranges and If-Range as RFC 9110 has them."""

    def step(request: Request) -> None:
        start = _start(request, data)
        if start and request.headers.get("If-Range") == etag:
            content_range = f"bytes {start}-{len(data) - 1}/{len(data)}"
            length = str(len(data) - start)
            request.reply(206, {"ETag": etag, "Content-Range": content_range, "Content-Length": length}, data[start:])
        else:
            request.reply(200, {"ETag": etag, "Content-Length": str(len(data))}, data)

    return step


def cut_after(data: bytes, count: int, etag: str = ETAG) -> Step:
    """The connection ends `count` bytes into the answer."""

    def step(request: Request) -> None:
        start = _start(request, data)
        headers = {"ETag": etag, "Content-Length": str(len(data) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        request.reply(206 if start else 200, headers, data[start : start + count])

    return step


def ranged(content_range: str | None, body: bytes, etag: str = ETAG) -> Step:
    """A 206 that claims whatever it claims."""

    def step(request: Request) -> None:
        headers = {"ETag": etag, "Content-Length": str(len(body))}
        if content_range is not None:
            headers["Content-Range"] = content_range
        request.reply(206, headers, body)

    return step


def plain(status: int, body: bytes = b"", **headers: str) -> Step:
    """Any status; underscores in header names stand for hyphens."""

    def step(request: Request) -> None:
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        request.reply(status, {"Content-Length": str(len(body)), **own}, body)

    return step


def stalled(data: bytes, count: int) -> Step:
    """Some bytes, then silence on an open connection."""

    def step(request: Request) -> None:
        request.reply(200, {"ETag": ETAG, "Content-Length": str(len(data))}, data[:count])
        request.wfile.flush()
        request.odd.released.wait(20)

    return step


def endless(data: bytes) -> Step:
    """A chunked body that never ends."""

    def step(request: Request) -> None:
        request.reply(200, {"ETag": ETAG, "Transfer-Encoding": "chunked"}, b"")
        while not request.odd.released.is_set():
            request.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    return step
