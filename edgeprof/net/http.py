"""HTTP for every client of ours, on the standard library: connections, bearer, time limits, what went wrong.

`http.client`, as the agent's process holds it already: a client package would add 8 MiB to it. TLS is verified.
"""

import http.client
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from edgeprof.errors import EdgeprofError

BREAKS = (OSError, http.client.HTTPException, ValueError)
"""What a failed exchange raises. ValueError: a header that cannot be sent, a length that is not a number."""
MAX_REDIRECTS = 10
CHUNK_BYTES = 64 * 1024
HEADER_WAITS = 2
"""So many of its waits for the network an answer's header may take: a byte now and then would else hold us for ever."""
_REDIRECTS = (301, 302, 303, 307, 308)

Body = bytes | BinaryIO | Iterable[bytes] | None


def connection(
    parts: SplitResult, timeout_s: float, context: ssl.SSLContext | None = None
) -> http.client.HTTPConnection:
    """A connection to the host of a URL, not open yet; `timeout_s` limits each wait for the network.

    `context`: of TLS; None trusts the system's CAs.
    """
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=timeout_s)


def bearer(token: str | None) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def reason_of(error: Exception | str) -> str:
    """A failed exchange in a few words, for a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}; the clock here says {_today()}"
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


def _today() -> str:
    """A board without a clock of its own starts in the past, where no certificate is good yet."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def read_whole(answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """An answer's body, of which no more than the limit is ever held. Raises what BREAKS lists."""
    too_long = ValueError(f"its answer is longer than {max_bytes / 1024:,.0f} KiB")
    if answer.length is not None and answer.length > max_bytes:
        raise too_long
    chunks: list[bytes] = []
    size = 0
    while chunk := answer.read(CHUNK_BYTES):
        size += len(chunk)
        if size > max_bytes:
            raise too_long
        chunks.append(chunk)
    check_whole(answer)
    return b"".join(chunks)


def check_whole(answer: http.client.HTTPResponse) -> None:
    """After the last byte: raises IncompleteRead for a body that was cut off. read(n) and read1 do not."""
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)


class _Deadline:
    """Cuts a connection off at its time, whatever the other side trickles into it until then."""

    def __init__(self, line: http.client.HTTPConnection, seconds: float) -> None:
        self._seconds = seconds
        self._is_over = False
        self._socket: socket.socket | None = line.sock  # the connection lets go of it with the header
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        self._timer.cancel()

    def check(self) -> None:
        """Raises TimeoutError where the time was up."""
        if self._is_over:
            raise TimeoutError(f"its answer took longer than {self._seconds:g} s")

    def _cut(self) -> None:
        self._is_over = True
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # of TLS, too: no farewell, just the end


class Server:
    """One server by its URL. It gets the token, and no other does: redirects are not followed.

    `unreachable` makes the caller's own error from the reason why no answer came.
    """

    def __init__(
        self,
        parts: SplitResult,
        headers: Mapping[str, str],
        timeout_s: float,
        unreachable: Callable[[str], EdgeprofError],
        context: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """`context`: TLS for each new connection, asked for anew: a certificate may have been renewed."""
        self._parts = parts
        self._context = context
        self._headers = headers
        self._timeout_s = timeout_s
        self._unreachable = unreachable

    @contextmanager
    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        timeout_s: float | None = None,
        within_s: float | None = None,
    ) -> Generator[http.client.HTTPResponse, None, None]:
        """The answer of any status, with its body unread. The connection ends with the block.

        `within_s`: the whole answer must be read within this time of the request. Without it, its header alone has a
        limit.
        """
        wait_s = timeout_s or self._timeout_s
        line = connection(self._parts, wait_s, self._context() if self._context else None)
        deadline: _Deadline | None = None
        try:
            with self.reading():
                line.request(method, target, body=body, headers={**self._headers, **(headers or {})})
                deadline = _Deadline(line, within_s or HEADER_WAITS * wait_s)
                try:
                    answer = line.getresponse()
                except BREAKS:
                    deadline.check()
                    raise
                deadline.check()
            if within_s is None:
                deadline.end()
            try:
                yield answer
            finally:
                answer.close()  # one without a length is no longer the connection's to close
                with self.reading():  # what broke was our own doing, and a body without a length just ended
                    deadline.check()
        finally:
            if deadline is not None:
                deadline.end()
            line.close()

    def body(self, answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
        """An answer's body. One that is longer, or cut off, is the caller's error."""
        with self.reading():
            return read_whole(answer, max_bytes)

    @contextmanager
    def reading(self) -> Generator[None, None, None]:
        """Around what reads an answer's body: what breaks there is the caller's error, too."""
        try:
            yield
        except BREAKS as error:
            raise self._unreachable(reason_of(error)) from error


@contextmanager
def fetched(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
) -> Generator[http.client.HTTPResponse, None, None]:
    """The answer of a server of somebody else's: by the proxies of the environment, redirects followed.

    A POST that is redirected becomes a GET without its body, as in browsers. Raises what BREAKS lists.
    """
    for _ in range(MAX_REDIRECTS + 1):
        line, target, extra = _routed(urlsplit(url), timeout_s)
        try:
            line.request(method, target, body, {**headers, **extra})
            answer = line.getresponse()
            onward = _onward(method, url, answer)
            if onward is None:
                try:
                    yield answer
                finally:
                    answer.close()
                return
        finally:
            line.close()
        url, method, body = onward, "GET", None
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    raise http.client.HTTPException(f"more than {MAX_REDIRECTS} redirects")


def _onward(method: str, url: str, answer: http.client.HTTPResponse) -> str | None:
    """Where an answer redirects to; None where it is the last one. 307 and 308 forbid to change the method."""
    location = answer.getheader("Location")
    if answer.status not in _REDIRECTS or not location:
        return None
    if answer.status in (307, 308) and method != "GET":
        return None
    return urljoin(url, location.replace(" ", "%20"))


def _routed(parts: SplitResult, timeout_s: float) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """The connection to a URL, direct or through a proxy, with the request's target and the proxy's own header."""
    from urllib.request import getproxies, proxy_bypass  # large, and nothing of the agent's comes here

    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with http:// or https://")  # not repeated: some hold a secret
    host = parts.netloc.rpartition("@")[2]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    proxy = None if proxy_bypass(host) else getproxies().get(parts.scheme)
    if not proxy:
        return connection(parts, timeout_s), target, {}
    via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    own = _basic(via)
    if parts.scheme == "http":
        return connection(via, timeout_s), f"http://{host}{target}", own
    tunnel = http.client.HTTPSConnection(via.hostname or "", via.port or 80, timeout=timeout_s)
    tunnel.set_tunnel(parts.hostname, parts.port, own)
    return tunnel, target, {}


def _basic(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
