"""What the agent knows of the hub's REST API, on the standard library's HTTP client."""

import http.client
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from edgeprof import hub_url
from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof.wire import rest
from edgeprof.wire.messages import Bootstrap, Hello

T = TypeVar("T")

TIMEOUT_S = 15.0
MAX_ERROR_BYTES = 64 * 1024


class HubUnreachable(EdgeprofError):
    """No answer, or none that means anything: worth another try."""

    def __init__(self, url: str, error: Exception | str) -> None:
        strerror = error.strerror if isinstance(error, OSError) else None
        reason = strerror or str(error) or type(error).__name__
        super().__init__("hub_unreachable", f"The hub at {url} does not answer ({reason}).")


class HubRefused(EdgeprofError):
    """The hub answered and said no; `code` and the message are its own."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code, message)
        self.status = status


class Hub:
    """One hub by its URL."""

    def __init__(self, url: str, token: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        parts = hub_url.parse(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.hostname or ""
        self.token = token
        self._secure = parts.scheme == "https"
        self._port = parts.port
        self._timeout_s = timeout_s

    def bootstrap(self) -> Bootstrap:
        """Where the broker is, and which wire versions the hub speaks."""
        return self._json("GET", "/bootstrap", None, Bootstrap)

    def claim(self, hello: Hello) -> None:
        """Announce this session; HubRefused with status 409 means that another live agent has this id."""
        self._json("POST", "/claims", asdict(hello), dict[str, object])

    def put_artifact(self, sha256: str, file: Path) -> None:
        """Store one artifact; doing it again is harmless."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as stream, self.request("PUT", f"/artifacts/{sha256}", headers, stream) as answer:
            answer.read()

    @contextmanager
    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO | None = None,
        timeout_s: float | None = None,
    ) -> Generator[http.client.HTTPResponse, None, None]:
        """The answer below 400, with its body unread. The connection ends with the block."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self.host, self._port, timeout=timeout_s or self._timeout_s)
        try:
            try:
                connection.request(method, f"/api/v1{path}", body=body, headers=self._headers(headers or {}))
                answer = connection.getresponse()
                if answer.status >= 400:
                    raise self._refusal(answer)
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise HubUnreachable(self.url, error) from error
            yield answer
        finally:
            connection.close()

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        own = {"User-Agent": f"edgeprof-agent/{__version__}", "Accept-Encoding": "identity"}
        if self.token:
            own["Authorization"] = f"Bearer {self.token}"
        return {**own, **headers}

    def _json(self, method: str, path: str, body: object, kind: type[T]) -> T:
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        with self.request(method, path, headers, data) as answer:
            try:
                return msgspec.json.decode(answer.read(), type=kind)
            except (OSError, http.client.HTTPException) as error:
                raise HubUnreachable(self.url, error) from error
            except msgspec.MsgspecError as error:
                raise HubUnreachable(self.url, f"its answer to {path} is none of a hub: {error}") from error

    def _refusal(self, answer: http.client.HTTPResponse) -> EdgeprofError:
        try:
            error = msgspec.json.decode(answer.read(MAX_ERROR_BYTES), type=rest.ErrorDocument).error
        except msgspec.MsgspecError:
            error = rest.ErrorBody(code=f"http_{answer.status}", message=f"{self.url} answered {answer.status}.")
        if answer.status >= 500 or answer.status in (408, 429):
            return HubUnreachable(self.url, error.message)
        return HubRefused(answer.status, error.code, error.message)
