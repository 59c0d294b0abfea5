"""Connections that ask for nothing: they are let go, they never keep others out, and they write no log."""

import asyncio
import http.client
import logging
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from edgeprof_hub import http_bounds
from edgeprof_hub.addresses import network_of
from edgeprof_hub.http_bounds import Limits
from edgeprof_hub.quiet_logs import ACCEPT_FAILED, Quiet
from edgeprof_hub.routes import access
from edgeprof_hub.server import configured
from tests.hub.live import eventually
from tests.hub.live import serving as live_hub

HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "
BODY_TO_COME = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n"
GONE = 3.0
TOKEN = "0123456789abcdef" * 2


async def _root(_: Request) -> Response:
    """Answers without reading what was sent."""
    return PlainTextResponse("here")


async def _echo(request: Request) -> Response:
    """Waits for all that was sent."""
    return PlainTextResponse(str(len(await request.body())))


async def _stream(_: Request) -> Response:
    async def lines() -> AsyncIterator[bytes]:
        while True:
            yield b"line\n"
            await asyncio.sleep(0.02)

    return StreamingResponse(lines())


ECHO = Route("/echo", _echo, methods=["POST"])


@contextmanager
def serving(limits: Limits) -> Generator[int]:
    """A small application behind these limits, on a port of its own."""
    app = Starlette(routes=[Route("/", _root, methods=["GET", "POST"]), Route("/stream", _stream), ECHO])
    configuration = uvicorn.Config(
        app,
        http=http_bounds.bounded(limits),
        log_config=None,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=1,
        lifespan="off",
    )
    server = uvicorn.Server(configuration)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            eventually(lambda: server.started)
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def held(port: int, said: bytes) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=GONE)
    line.sendall(said)
    return line


def status_of(port: int, path: str = "/") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GONE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def is_closed(line: socket.socket) -> bool:
    """Whether the other side has ended it; waits no longer than the socket's time."""
    try:
        while line.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_a_header_that_never_ends_is_let_go_though_bytes_keep_coming() -> None:
    with serving(Limits(header_within_s=0.3)) as port, held(port, HALF) as line:
        line.settimeout(0.05)
        began_s = time.monotonic()
        while not is_closed(line):
            assert time.monotonic() - began_s < GONE
            try:
                line.sendall(b"x")
            except OSError:
                break
        assert time.monotonic() - began_s >= 0.2


@pytest.mark.parametrize("said", [b"", HALF, BODY_TO_COME], ids=["silent", "half a header", "a body that nobody reads"])
def test_what_asks_for_nothing_is_let_go(said: bytes) -> None:
    with serving(Limits(header_within_s=0.3)) as port, held(port, said) as line:
        assert is_closed(line)


def test_a_body_trickled_into_an_answered_request_is_let_go() -> None:
    with serving(Limits(header_within_s=0.3)) as port, held(port, BODY_TO_COME) as line:
        line.settimeout(0.05)
        began_s = time.monotonic()
        while not is_closed(line):
            assert time.monotonic() - began_s < GONE
            try:
                line.sendall(b"x")
            except OSError:
                break


def test_half_open_connections_of_one_address_do_not_keep_it_out() -> None:
    with ExitStack() as stack:
        port = stack.enter_context(serving(Limits(header_within_s=60, per_address=5, in_all=50)))
        lines = [stack.enter_context(held(port, HALF)) for _ in range(20)]
        assert [status_of(port) for _ in range(10)] == [200] * 10
        assert is_closed(lines[0])


def test_requests_whose_bodies_never_end_do_not_keep_their_address_out() -> None:
    slow = BODY_TO_COME.replace(b"POST /", b"POST /echo") + b"x"
    with ExitStack() as stack:
        port = stack.enter_context(serving(Limits(header_within_s=60, per_address=5, in_all=50)))
        lines = [stack.enter_context(held(port, slow)) for _ in range(5)]
        time.sleep(0.1)  # their headers are read
        assert [status_of(port) for _ in range(3)] == [200] * 3
        assert is_closed(lines[0])
        lines[-1].sendall(b"x" * 99)
        assert lines[-1].recv(4096).startswith(b"HTTP/1.1 200"), "a body that came late counts all the same"


@pytest.mark.parametrize("token", [None, TOKEN[::-1]], ids=["right token", "wrong token"])
def test_only_an_upload_with_the_token_keeps_its_connection_while_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    few = partial(Limits, per_address=3, in_all=3)
    monkeypatch.setattr(http_bounds, "Limits", few)
    with live_hub(tmp_path, token=TOKEN) as live, ExitStack() as stack:
        shown = (token or live.hub.settings.token or "").encode()
        upload = b"PUT /api/v1/blobs/" + b"0" * 64 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + shown
        lines = [stack.enter_context(held(live.port, upload + b"\r\nContent-Length: 9\r\n\r\nx")) for _ in range(3)]
        time.sleep(0.2)
        assert status_of(live.port, "/api/v1/healthz") == (200 if token else 503)
        assert is_closed(lines[0]) == bool(token)


def test_the_sign_in_waits_for_its_form_for_a_short_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "OPEN_BODY_WITHIN_S", 0.3)
    head = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    form = head + b"Content-Length: 5000\r\n\r\nt"
    with live_hub(tmp_path, token=TOKEN) as live, held(live.port, form) as line:
        assert line.recv(4096).startswith(b"HTTP/1.1 408")


def test_those_of_many_addresses_do_not_keep_others_out() -> None:
    with ExitStack() as stack:
        port = stack.enter_context(serving(Limits(header_within_s=60, per_address=100, in_all=5)))
        lines = [stack.enter_context(held(port, HALF)) for _ in range(20)]
        assert status_of(port) == 200
        assert is_closed(lines[0])


def test_a_request_at_work_is_never_cut_off_for_a_newcomer() -> None:
    with serving(Limits(header_within_s=0.2, per_address=3, in_all=3)) as port, ExitStack() as stack:
        ask = b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        streams = [stack.enter_context(held(port, ask)) for _ in range(3)]
        for stream in streams:
            assert stream.recv(4096)
        assert status_of(port) == 503
        time.sleep(0.4)
        for stream in streams:
            assert stream.recv(4096), "the deadline is for headers only"


def test_a_connection_that_is_kept_open_serves_one_request_after_the_other() -> None:
    with serving(Limits(header_within_s=0.3, per_address=2, in_all=2)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GONE)
        for _ in range(3):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"here"
            time.sleep(0.2)
        connection.close()


def test_room_is_given_back() -> None:
    with serving(Limits(header_within_s=60, per_address=4, in_all=4)) as port:
        for _ in range(30):
            held(port, HALF).close()
            assert status_of(port) == 200


def test_what_a_stranger_can_cause_is_logged_once_a_minute_without_its_traceback() -> None:
    quiet = Quiet()

    def line(text: str, level: int = logging.WARNING) -> logging.LogRecord:
        error = (OSError, OSError(24, "Too many open files"), None)
        return logging.LogRecord("uvicorn.error", level, "file", 1, text, (), error if level > 30 else None)

    accept = [line(f"{ACCEPT_FAILED}\nsocket: {number}", logging.ERROR) for number in range(1000)]
    assert [quiet.filter(each) for each in accept].count(True) == 1
    assert accept[0].exc_info is None
    assert "\n" not in accept[0].getMessage()
    assert [quiet.filter(line("Invalid HTTP request received.")) for _ in range(100)].count(True) == 1
    bugs = [line("Exception in ASGI application", logging.ERROR) for _ in range(3)]
    assert all(quiet.filter(each) for each in bugs), "an error of our own is never left out"


def test_the_hub_serves_by_these_bounds() -> None:
    configuration = configured(Starlette(), Limits())  # type: ignore[arg-type]
    assert isinstance(configuration.http, type)
    assert issubclass(configuration.http, http_bounds.BoundedProtocol)


def test_the_bounds_leave_files_for_the_hub_itself() -> None:
    """In a process of its own, which may open 1,024 files and no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    command = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (512, 1024));"
        "from edgeprof_hub import http_bounds; l = http_bounds.limits();"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], l.in_all, l.per_address)"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1024", "700", "256"]
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "", True),
    ],
)
def test_a_customers_whole_ipv6_network_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same
