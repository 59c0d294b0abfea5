"""How much of an answer is read, and for how long: whatever stands at the hub's address."""

import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from edgeprof.client.http_client import HubClient, HubError
from edgeprof.errors import EdgeprofError
from edgeprof.net import http
from edgeprof_agent.daemon.http import MAX_ANSWER_BYTES, HubHttp, HubUnreachable

MIB = 1 << 20
Say = Callable[[socket.socket, threading.Event], None]
"""Writes an answer to a connection until the test is over."""


@contextmanager
def answering(say: Say) -> Generator[str]:
    """A server's URL; each connection gets this answer."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)

    def serve() -> None:
        while not over.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            with line:
                try:
                    line.recv(65536)
                    say(line, over)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()


def endless(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not over.is_set():
        line.sendall(b" " * MIB)


def endless_chunks(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not over.is_set():
        line.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")


def endless_refusal(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 500 No\r\n\r\n")
    while not over.is_set():
        line.sendall(b" " * MIB)


def long_by_its_own_word(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n{")
    over.wait(5)


def cut_off(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"a"')


def trickled_body(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not over.wait(0.02):
        line.sendall(b" ")


def trickled_header(line: socket.socket, over: threading.Event) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.wait(0.02):
        line.sendall(b"x")


@pytest.mark.parametrize("say", [endless, endless_chunks, endless_refusal, long_by_its_own_word])
def test_an_answer_without_an_end_costs_the_agent_no_memory(say: Say) -> None:
    with answering(say) as url:
        tracemalloc.start()
        with pytest.raises(HubUnreachable, match=f"longer than {MAX_ANSWER_BYTES // 1024} KiB"):
            HubHttp(url).bootstrap()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 * MIB


def test_the_command_line_reads_no_endless_answer_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgeprof.client.http_client.MAX_ANSWER_BYTES", 4 * MIB)
    with answering(endless) as url, pytest.raises(HubError, match="longer than 4,096 KiB"):
        HubClient(url).devices()


def test_a_body_that_was_cut_off_is_no_answer() -> None:
    with answering(cut_off) as url, pytest.raises(HubUnreachable, match="IncompleteRead"):
        HubHttp(url).bootstrap()


@pytest.mark.parametrize("say", [trickled_body, trickled_header])
def test_a_byte_now_and_then_does_not_hold_us(say: Say) -> None:
    with answering(say) as url:
        server = http.Server(urlsplit(url), {}, 5, lambda reason: EdgeprofError("away", reason))
        began_s = time.monotonic()
        with (
            pytest.raises(EdgeprofError, match=r"took longer than 0\.4 s"),
            server.request("GET", "/", within_s=0.4) as answer,
        ):
            server.body(answer, MIB)
    assert time.monotonic() - began_s < 5


def test_a_stream_may_last_but_its_header_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event stream has no end, so only its beginning has a deadline."""
    with answering(trickled_body) as url:
        server = http.Server(urlsplit(url), {}, 0.1, lambda reason: EdgeprofError("away", reason))
        with server.request("GET", "/") as answer:
            time.sleep(0.1 * http.HEADER_WAITS + 0.1)
            assert answer.read1(10)
    with answering(trickled_header) as url:
        server = http.Server(urlsplit(url), {}, 0.1, lambda reason: EdgeprofError("away", reason))
        with pytest.raises(EdgeprofError, match="took longer"), server.request("GET", "/"):
            pass


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 300_000])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_within_the_limit_is_read_whole(size: int, chunked: bool) -> None:
    body = bytes(index % 251 for index in range(size))

    def say(line: socket.socket, _: threading.Event) -> None:
        if chunked:
            parts = [body[at : at + 999] for at in range(0, size, 999)]
            framed = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts)
            line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n")
        else:
            line.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + body)

    with answering(say) as url:
        line = http.connection(urlsplit(url), 5)
        line.request("GET", "/")
        assert http.read_whole(line.getresponse(), 300_000) == body
        line.close()
        if size:
            line.request("GET", "/")
            with pytest.raises(http.BREAKS):
                http.read_whole(line.getresponse(), size - 1)
        line.close()


def test_a_head_answer_has_no_body() -> None:
    def say(line: socket.socket, _: threading.Event) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n")

    with answering(say) as url:
        line = http.connection(urlsplit(url), 5)
        line.request("HEAD", "/")
        answer = line.getresponse()
        assert http.read_whole(answer, 100) == b""
        line.close()


@pytest.mark.parametrize(
    "head", [b"Transfer-Encoding: chunked\r\n\r\n5\r\none\nt\r\n", b"Content-Length: 9\r\n\r\none\nt"]
)
def test_lines_that_were_cut_off_are_no_whole_answer(head: bytes) -> None:
    """By whatever ended the hub: http.client's own readline takes the first one for whole."""
    came: list[bytes] = []
    say: Say = lambda line, _: line.sendall(b"HTTP/1.1 200 OK\r\n" + head)  # noqa: E731
    with answering(say) as url, pytest.raises(HubError) as caught:
        came.extend(HubClient(url).export("ndjson"))
    assert caught.value.code == "hub_unreachable"
    assert came == [b"one\n"]


def test_a_line_that_never_ends_is_not_held() -> None:
    with answering(endless) as url, pytest.raises(HubError, match="a line of its answer is longer than"):
        list(HubClient(url).export("ndjson"))


def test_lines_come_as_they_were_sent() -> None:
    body = b"5\r\none\r\n\r\n3\r\ntwo\r\n4\r\n\nend\r\n0\r\n\r\n"
    with answering(
        lambda line, _: line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    ) as url:
        assert list(HubClient(url).export("csv")) == [b"one\r\n", b"two\n", b"end"]
