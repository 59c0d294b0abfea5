"""The hub as the place that an agent is installed from: what this device needs, and each wheel by its hash."""

import hashlib
import http.client
import json
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlencode

from edgeprof.errors import EdgeprofError
from edgeprof.net import hub_url, x509
from edgeprof.net.http import BREAKS, read_whole, reason_of
from edgeprof.wire.error_document import ErrorBody
from edgeprof_agent.installing.board import Board

TIMEOUT_S = 30.0
MAX_PLAN_BYTES = 1 << 20
PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class WheelFile:
    """One file of the hub's index."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Extra:
    """A runtime that this device can use. `missing`: what the hub lacks for it."""

    name: str
    wheels: tuple[WheelFile, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What to install here. `base`: edgeprof's own wheel first, then what it depends on."""

    version: str
    base: tuple[WheelFile, ...]
    missing: tuple[str, ...]
    extras: tuple[Extra, ...]
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    uv: WheelFile | None = None
    pip: WheelFile | None = None


class HubSource:
    """One hub. `context` None: plain HTTP, or a certificate that this system trusts."""

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        self._parts = hub_url.parse(url)
        self.url = f"{self._parts.scheme}://{self._parts.netloc}"
        self.context = context

    @property
    def is_https(self) -> bool:
        return self._parts.scheme == "https"

    def pin(self, key_sha256: str) -> None:
        """Trust the hub's CA whose key has this hash, and nothing else. Raises EdgeprofError `wrong_ca`."""
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE  # nothing is sent, and what comes is checked by its hash
        self.context = unchecked
        with self._answer("GET", "/ca.pem") as answer:
            pem = self._body(answer)
        try:
            matching = [each.pem for each in x509.certificates(pem.decode("ascii")) if each.key_sha256 == key_sha256]
        except ValueError:
            matching = []
        if not matching:
            raise EdgeprofError(
                "wrong_ca",
                f"The hub at {self.url} is not the one that made this join token: its CA has another key. "
                "Nothing was sent. Check the address, and that nobody is in between.",
            )
        self.context = ssl.create_default_context(cadata=matching[0])

    def plan(self, board: Board) -> Plan:
        """Which wheels this device needs. Raises EdgeprofError where the hub does not answer or is too old."""
        query = {
            "machine": board.machine,
            "python": f"{board.python[0]}.{board.python[1]}",
            "glibc": board.glibc,
            "flags": ",".join(sorted(board.flags)),
        }
        with self._answer("GET", f"/api/v1/join-plan?{urlencode(query)}") as answer:
            body = self._body(answer)
        try:
            return _plan(cast("dict[str, object]", json.loads(body)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EdgeprofError(
                "hub_unreachable", f"The answer of {self.url} is not that of an edgeprof hub."
            ) from error

    def download(self, wheel: WheelFile, folder: Path) -> Path:
        """The file, once its bytes have the expected hash. Raises EdgeprofError `download_failed`."""
        file = folder / Path(wheel.name).name
        digest, size = hashlib.sha256(), 0
        with self._answer("GET", f"/simple/files/{quote(wheel.name)}") as answer, file.open("wb") as stream:
            while piece := self._piece(answer):
                digest.update(piece)
                size += len(piece)
                if size > wheel.size_bytes:
                    break
                stream.write(piece)
        if digest.hexdigest() != wheel.sha256:
            file.unlink()
            raise EdgeprofError(
                "download_failed", f"{wheel.name} did not arrive as the hub announced it. Run the installer again."
            )
        return file

    def json(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> object:
        """An answer of the API."""
        with self._answer(method, path, headers) as answer:
            return json.loads(self._body(answer))

    @contextmanager
    def _answer(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> Generator[http.client.HTTPResponse, None, None]:
        host, port = self._parts.hostname or "", self._parts.port
        line = (
            http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self.context)
            if self.is_https
            else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        )
        try:
            with self._reading():
                line.request(method, path, headers=dict(headers or {}))
                answer = line.getresponse()
            if answer.status != 200:
                raise self._refusal(answer)
            yield answer
        finally:
            line.close()

    def _refusal(self, answer: http.client.HTTPResponse) -> EdgeprofError:
        try:
            error = json.loads(self._body(answer))["error"]
            refusal = ErrorBody(**{name: str(error[name]) for name in ("code", "message")})
            return EdgeprofError(refusal.code, refusal.message)
        except (ValueError, KeyError, TypeError):
            return EdgeprofError("hub_unreachable", f"{self.url} answered {answer.status}. Is it an edgeprof hub?")

    def _piece(self, answer: http.client.HTTPResponse) -> bytes:
        with self._reading():
            return answer.read(PIECE_BYTES)

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        with self._reading():
            return read_whole(answer, MAX_PLAN_BYTES)

    @contextmanager
    def _reading(self) -> Generator[None, None, None]:
        try:
            yield
        except ssl.SSLCertVerificationError as error:
            raise EdgeprofError(
                "wrong_ca", f"The certificate of {self.url} is not accepted: {error.verify_message}."
            ) from error
        except BREAKS as error:
            reason = reason_of(error)
            raise EdgeprofError("hub_unreachable", f"The hub at {self.url} does not answer ({reason}).") from error


def _plan(document: "dict[str, object]") -> Plan:
    return Plan(
        version=str(document["version"]),
        base=_wheels(document["base"]),
        missing=_words(document["missing"]),
        extras=tuple(
            Extra(str(each["name"]), _wheels(each["wheels"]), _words(each["missing"]))
            for each in cast("list[dict[str, object]]", document["extras"])
        ),
        left_out=dict(cast("dict[str, str]", document["left_out"])),
        uv=_wheel(document.get("uv")),
        pip=_wheel(document.get("pip")),
    )


def _wheels(items: object) -> tuple[WheelFile, ...]:
    found = (_wheel(each) for each in cast("list[object]", items))
    return tuple(each for each in found if each is not None)


def _wheel(item: object) -> WheelFile | None:
    if item is None:
        return None
    fields = cast("dict[str, object]", item)
    return WheelFile(str(fields["name"]), str(fields["sha256"]), int(str(fields["size_bytes"])))


def _words(items: object) -> tuple[str, ...]:
    return tuple(map(str, cast("list[object]", items)))
