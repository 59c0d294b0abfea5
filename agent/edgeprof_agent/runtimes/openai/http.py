"""One connection to an OpenAI-compatible endpoint: a streamed chat completion, each token stamped as it arrives.

By the standard library alone: redirects are not followed, so that a key goes to the named host and nowhere else.
"""

import http.client
import ssl
import time
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from edgeprof.net.http import bearer, connection, read_whole, reason_of
from edgeprof.net.sse import field_of
from edgeprof_agent.runtimes.openai.answers import ModelList, StreamEvent, Usage, message_of

TIMEOUT_S = 120.0
_BREAKS = (OSError, http.client.HTTPException, msgspec.MsgspecError, UnicodeError)
_PART = msgspec.json.Decoder(StreamEvent)
_MAX_MESSAGE_CHARS = 300
_MAX_LINE_BYTES = 1 << 20
_MAX_LIST_BYTES = 8 << 20
"""A public router with 400 models sends 0.5 MB."""


class EndpointRefusal(Exception):
    """The endpoint said no. `kind`: the HTTP status, or `stream` for an error within an answer."""

    def __init__(self, kind: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


class EndpointUnreachable(Exception):
    """The connection failed, or what came was no answer. `kind`: `connection`, `timeout`, `tls` or `answer`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Reply(NamedTuple):
    """One answer on CLOCK_MONOTONIC. `shown_ns`: the arrival of each part of the stream that shows text."""

    started_ns: int
    shown_ns: list[int]
    ended_ns: int
    usage: Usage | None
    model: str | None
    text: str = ""


class Connection:
    """Kept open between requests, as a client does. `url` ends before `/chat/completions`."""

    def __init__(self, url: str, key: str | None) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._key = key
        self._headers = {"Content-Type": "application/json", "Accept": "text/event-stream", **bearer(key)}
        self._http = connection(parts, TIMEOUT_S)

    def connect(self) -> int:
        """Opens a new connection (name look-up, TCP, TLS) and tells the time in ns. Raises Broken."""
        self._http.close()
        started_ns = time.perf_counter_ns()
        try:
            self._http.connect()
        except (OSError, http.client.HTTPException) as error:
            raise self._broken(error) from error
        return time.perf_counter_ns() - started_ns

    def chat(self, body: dict[str, object]) -> Reply:
        """One streamed request. A connection that was closed in between is opened anew, before the clock starts.

        Raises Refusal or Broken.
        """
        data = msgspec.json.encode(body)
        is_fresh = self._http.sock is None
        try:
            return self._asked(data)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
            broken = self._broken(error)
            if is_fresh:
                raise broken from error
        return self._asked_anew(data)

    def models(self) -> list[str]:
        """What the endpoint says that it serves. Raises Refusal or Broken."""
        try:
            self._http.request("GET", f"{self._path}/models", headers=self._headers)
            response = self._http.getresponse()
            if response.status != 200:
                raise self._refused(response)
            return [each.id for each in msgspec.json.decode(read_whole(response, _MAX_LIST_BYTES), type=ModelList).data]
        except (*_BREAKS, ValueError) as error:  # the last: a list that is too long
            raise self._broken(error) from error
        finally:
            self._http.close()

    def close(self) -> None:
        self._http.close()

    def decoded(self, content: bytes) -> StreamEvent:
        """One event of a stream."""
        return _PART.decode(content)

    def scrubbed(self, text: str) -> str:
        """Short, on one line, and without the key, which some endpoints repeat."""
        plain = " ".join(text.split())
        return (plain.replace(self._key, "***") if self._key else plain)[:_MAX_MESSAGE_CHARS]

    def _asked_anew(self, data: bytes) -> Reply:
        self.connect()
        try:
            return self._asked(data)
        except OSError as error:
            raise self._broken(error) from error

    def _asked(self, data: bytes) -> Reply:
        """Raises ConnectionError itself where the connection was closed before anything was answered."""
        if self._http.sock is None:
            self.connect()
        is_answered = is_whole = False
        try:
            started_ns = time.monotonic_ns()
            self._http.request("POST", f"{self._path}/chat/completions", data, self._headers)
            response = self._http.getresponse()
            is_answered = True
            if response.status != 200:
                raise self._refused(response)
            reply = self._read(response, started_ns)
            is_whole = True
            return reply
        except _BREAKS as error:
            if isinstance(error, ConnectionError) and not is_answered:
                raise
            raise self._broken(error) from error
        finally:
            if not is_whole:  # what is left on the line would be taken for the next answer
                self._http.close()

    def _read(self, response: http.client.HTTPResponse, started_ns: int) -> Reply:
        shown_ns: list[int] = []
        texts: list[str] = []
        usage: Usage | None = None
        model: str | None = None
        is_whole = False
        while line := response.readline(_MAX_LINE_BYTES):
            now_ns = time.monotonic_ns()
            name, content = field_of(line)
            if name != b"data":
                continue
            if content.strip() == b"[DONE]":
                is_whole = True
                break
            part = self.decoded(content)
            if part.is_error:
                raise EndpointRefusal("stream", self.scrubbed(message_of(content)))
            if part.shows_text:
                shown_ns.append(now_ns)
                texts.append(part.content)
            usage, model = part.usage or usage, part.model or model
        ended_ns = time.monotonic_ns()
        response.read(_MAX_LINE_BYTES)  # what may follow: the connection is then free for the next request
        if not response.isclosed():
            self._http.close()
        if not is_whole:
            raise EndpointUnreachable("answer", "the endpoint's answer ended early")
        return Reply(started_ns, shown_ns, ended_ns, usage, model, "".join(texts))

    def _refused(self, response: http.client.HTTPResponse) -> EndpointRefusal:
        message = message_of(response.read(64 * 1024)) or response.reason
        if 300 <= response.status < 400:
            message = f"it redirects to {response.getheader('Location')}, and redirects are not followed"
        return EndpointRefusal(
            str(response.status), self.scrubbed(message), _seconds(response.getheader("Retry-After"))
        )

    def _broken(self, error: Exception) -> EndpointUnreachable:
        self._http.close()
        kind = "answer"
        if isinstance(error, TimeoutError):
            kind = "timeout"
        elif isinstance(error, ssl.SSLError):
            kind = "tls"
        elif isinstance(error, OSError):
            kind = "connection"
        return EndpointUnreachable(kind, self.scrubbed(reason_of(error)))


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; its form with a date is not waited for."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
