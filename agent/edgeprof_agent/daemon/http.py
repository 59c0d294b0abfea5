"""What the agent knows of the hub's REST API."""

import json
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.net import hub_url
from edgeprof.net.http import Server, bearer
from edgeprof.net.hub_errors import error_in
from edgeprof.version import __version__
from edgeprof.wire.messages import Bootstrap, Hello, Holdings, Wanted

if TYPE_CHECKING:
    from edgeprof.wire.joining import Enrolled, Renewed

T = TypeVar("T")

TIMEOUT_S = 15.0
ANSWER_WITHIN_S = 30.0
MAX_ANSWER_BYTES = 64 * 1024
"""Of what the agent reads whole. Model files go to the disk, piece by piece."""


class HubUnreachable(EdgeprofError):
    """No answer, or none that means anything: worth another try."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__("hub_unreachable", f"The hub at {url} does not answer ({reason}).")


class HubRefused(EdgeprofError):
    """The hub answered and said no; `code` and the message are its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code, message)
        self.status = status


class HubHttp:
    """One hub by its URL."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        timeout_s: float = TIMEOUT_S,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """`context`: of TLS, for HTTP and for the broker; that of a device that has joined shows who it is."""
        parts = hub_url.parse(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.hostname or ""
        self.token = token
        self.tls_context = context
        headers = {"User-Agent": f"edgeprof-agent/{__version__}", **bearer(token)}
        tls = context if parts.scheme == "https" else None
        self._server = Server(parts, headers, timeout_s, lambda reason: HubUnreachable(self.url, reason), tls)

    def bootstrap(self) -> Bootstrap:
        """Where the broker is, and which wire versions the hub speaks."""
        return self._json("GET", "/bootstrap", None, Bootstrap)

    def claim(self, hello: Hello) -> None:
        """Announce this session; HubRefused with status 409 means that another live agent has this id."""
        self._json("POST", "/claims", asdict(hello), dict[str, object])

    def wanted(self, holdings: Holdings) -> tuple[str, ...]:
        """Which of these results the hub lacks."""
        return self._json("POST", "/holdings", asdict(holdings), Wanted).result_ids

    def enrol(self, enrolment: Mapping[str, str | None]) -> "Enrolled":
        """Join: `secret`, `device_id` and `csr_pem`, which is None for a board that holds no key."""
        from edgeprof.wire.joining import Enrolled  # once in a device's life

        return self._json("POST", "/enrol", enrolment, Enrolled)

    def renew(self) -> "Renewed":
        """A new certificate for the key of the one that this connection shows."""
        from edgeprof.wire.joining import Renewed  # once a year

        return self._json("POST", "/renew", None, Renewed)

    def trusted_cas(self) -> str:
        """Every CA that this hub's devices are to trust, in PEM: another one may be about to follow."""
        with self._server.request("GET", "/ca.pem", within_s=ANSWER_WITHIN_S) as answer:
            if answer.status != 200:
                raise self._refusal(answer)
            return self._server.body(answer, MAX_ANSWER_BYTES).decode("ascii", "replace")

    def has_artifact(self, sha256: str) -> bool:
        """Whether the hub has an artifact, so that ours is not needed."""
        try:
            with self.request("HEAD", f"/artifacts/{sha256}"):
                return True
        except HubRefused as error:
            if error.status == 404:
                return False
            raise

    def put_artifact(self, sha256: str, file: Path) -> None:
        """Store one artifact; doing it again is harmless."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as stream, self.request("PUT", f"/artifacts/{sha256}", headers, stream) as answer:
            self._server.body(answer, MAX_ANSWER_BYTES)

    @contextmanager
    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO | None = None,
        timeout_s: float | None = None,
        within_s: float | None = None,
    ) -> Generator[HTTPResponse, None, None]:
        """The answer below 400, with its body unread. The connection ends with the block."""
        with self._server.request(method, f"/api/v1{path}", headers, body, timeout_s, within_s) as answer:
            if answer.status >= 400:
                raise self._refusal(answer)
            yield answer

    def _json(self, method: str, path: str, body: object, kind: type[T]) -> T:
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        with self.request(method, path, headers, data, within_s=ANSWER_WITHIN_S) as answer:
            body = self._server.body(answer, MAX_ANSWER_BYTES)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise HubUnreachable(self.url, f"its answer to {path} is not that of a hub: {error}") from error

    def _refusal(self, answer: HTTPResponse) -> EdgeprofError:
        error = error_in(self._server.body(answer, MAX_ANSWER_BYTES))
        message = error.message if error else f"{self.url} answered {answer.status}."
        if answer.status >= 500 or answer.status in (408, 429):
            return HubUnreachable(self.url, message)
        return HubRefused(answer.status, error.code if error else f"http_{answer.status}", message)
