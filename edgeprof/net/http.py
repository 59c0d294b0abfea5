"""HTTP for every client of ours, on the standard library: connections, bearer, time limits, what went wrong.

`http.client`, as the agent's process holds it already: a client package would add 8 MiB to it. TLS is verified.
"""

import http.client
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import BinaryIO
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from edgeprof.errors import EdgeprofError

BREAKS = (OSError, http.client.HTTPException, ValueError)
"""What a failed exchange raises. ValueError: a header that cannot be sent, a length that is not a number."""
MAX_REDIRECTS = 10
_REDIRECTS = (301, 302, 303, 307, 308)

Body = bytes | BinaryIO | Iterable[bytes] | None


def connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    """A connection to the host of a URL, not open yet; `timeout_s` limits each wait for the network."""
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout_s)


def bearer(token: str | None) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def reason_of(error: Exception | str) -> str:
    """A failed exchange in a few words, for a sentence."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


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
    ) -> None:
        self._parts = parts
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
    ) -> Generator[http.client.HTTPResponse, None, None]:
        """The answer of any status, with its body unread. The connection ends with the block."""
        line = connection(self._parts, timeout_s or self._timeout_s)
        try:
            with self.reading():
                line.request(method, target, body=body, headers={**self._headers, **(headers or {})})
                answer = line.getresponse()
            yield answer
        finally:
            line.close()

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
                yield answer
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
