"""The hub's REST API as typed Python calls, on the standard library's HTTP client."""

import http.client
import json
import os
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from edgeprof import hub_url
from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import ModelFile
from edgeprof.version import __version__
from edgeprof.wire import messages, rest

T = TypeVar("T")

TIMEOUT_S = 60.0
CHUNK_BYTES = 1 << 20

Sent = Callable[[int, int], None]
"""Called with (bytes sent, bytes in all) while a file goes up."""


class HubError(EdgeprofError):
    """The hub could not be reached, or refused; `code` is the hub's own where it gave one."""


@dataclass(frozen=True)
class Change:
    """One line of the hub's event stream."""

    kind: str
    data: str


class HubClient:
    """One hub. Methods raise HubError with the hub's own sentence."""

    def __init__(self, url: str = hub_url.DEFAULT_URL, token: str | None = None) -> None:
        self._parts = hub_url.parse(url)
        self.url = f"{self._parts.scheme}://{self._parts.netloc}"
        self._headers = {"User-Agent": f"edgeprof/{__version__}"}
        if token:
            if not (token.isascii() and token.isprintable()):
                raise HubError("bad_token", "The token holds characters that no hub's token has. Copy it again.")
            self._headers["Authorization"] = f"Bearer {token}"

    def devices(self) -> list[rest.DeviceRecord]:
        """Every device that the hub knows."""
        return self._get("/devices", list[rest.DeviceRecord])

    def models(self) -> list[rest.ModelRecord]:
        """Every model that the hub holds."""
        return self._get("/models", list[rest.ModelRecord])

    def compare(self, device: str = "", model: str = "", *, catalogue: str = "", as_of: str = "") -> rest.CompareTable:
        """The devices × models matrix as it stands now, of the devices and models that have these words.

        `catalogue`, `as_of`: its costs with the prices of another catalogue, of another moment.
        """
        query = _query(device=device, model=model, catalogue=catalogue, as_of=as_of)
        return self._get(f"/compare{query}", rest.CompareTable)

    def campaign(self, campaign_id: str) -> rest.Campaign:
        """One group of jobs and where each stands."""
        return self._get(f"/campaigns/{campaign_id}", rest.Campaign)

    def result(self, result_id: str) -> rest.StoredResult:
        """One result with everything that was recorded."""
        return self._get(f"/results/{result_id}", rest.StoredResult)

    def catalogues(self) -> list[rest.CatalogueRecord]:
        """Every price catalogue that the hub has run with, the newest used first."""
        return self._get("/catalogues", list[rest.CatalogueRecord])

    def catalogue(self, sha256: str) -> rest.CatalogueFiles:
        """The files of one."""
        return self._get(f"/catalogues/{sha256}", rest.CatalogueFiles)

    def cost(self, result_id: str, *, catalogue: str = "", as_of: str = "") -> rest.CostView:
        """What a run costs, with the prices in use or those of another catalogue and of another moment."""
        return self._get(f"/results/{result_id}/cost{_query(catalogue=catalogue, as_of=as_of)}", rest.CostView)

    def results(self, *, device_id: str, model_id: str, config_key: str, limit: int) -> list[rest.StoredResult]:
        """The results of one cell, newest received first."""
        asked = {"device_id": device_id, "model_id": model_id, "config_key": config_key, "limit": limit}
        return self._get(f"/results?{urllib.parse.urlencode(asked)}", list[rest.StoredResult])

    def artifact(self, sha256: str) -> bytes:
        """What belongs to a result and is kept apart from it: samples, logs."""
        return self._send("GET", f"/artifacts/{sha256}", None)

    def start_campaign(self, request: rest.CampaignRequest) -> rest.Campaign:
        """Queue every model of the request on every device of it."""
        return self._call("POST", "/campaigns", rest.Campaign, asdict(request))

    def repeat_result(self, result_id: str) -> rest.Campaign:
        """Run once more what a result was asked for."""
        return _decode(self._send("POST", f"/results/{result_id}/again", b""), rest.Campaign)

    def retry_campaign(self, campaign_id: str) -> rest.Campaign:
        """Queue again what of a campaign failed."""
        return _decode(self._send("POST", f"/campaigns/{campaign_id}/retry", b""), rest.Campaign)

    def cancel_campaign(self, campaign_id: str) -> None:
        """Cancel what of a campaign has not ended."""
        self._send("POST", f"/campaigns/{campaign_id}/cancel", b"")

    def rename(self, kind: str, item_id: str, name: str) -> None:
        """Give a device or a model (`devices`, `models`) another name; its id and its results stay."""
        self._send("PATCH", f"/{kind}/{item_id}", json.dumps({"name": name}).encode())

    def set_price(self, device_id: str, price_usd: float, source: str) -> None:
        """Enter what a device costs, and where that figure comes from."""
        body = {"price_usd": price_usd, "price_source": source}
        self._send("PATCH", f"/devices/{device_id}", json.dumps(body).encode())

    def delete(self, kind: str, item_id: str) -> None:
        """Delete a device, a model or a result (`devices`, `models`, `results`)."""
        self._send("DELETE", f"/{kind}/{item_id}", b"")

    def groups(self) -> list[rest.DeviceGroup]:
        """Every group of devices."""
        return self._get("/groups", list[rest.DeviceGroup])

    def set_group(self, name: str, device_ids: Sequence[str]) -> None:
        """Make a group, or give it these devices instead of those that it has."""
        body = json.dumps({"device_ids": list(device_ids)}).encode()
        self._send("PUT", f"/groups/{urllib.parse.quote(name, safe='')}", body)

    def delete_group(self, name: str) -> None:
        """Delete a group; its devices stay."""
        self._send("DELETE", f"/groups/{urllib.parse.quote(name, safe='')}", b"")

    def add_model(self, model: ModelFile, record: rest.ModelRecord, sent: Sent | None = None) -> rest.ModelRecord:
        """Upload the files that the hub lacks, then register the model."""
        for file in model.manifest.files:
            if not self._exists(f"/blobs/{file.sha256}"):
                self._upload(f"/blobs/{file.sha256}", model.folder / file.path, file.size, sent)
        return self._call("POST", "/models", rest.ModelRecord, asdict(record))

    def hub_id(self) -> str:
        """The hub's own name for itself, which stays the same wherever it is reached."""
        return self._call("GET", "/bootstrap", messages.Bootstrap, None).hub_id

    def last_seq(self) -> int:
        """The hub's number of its newest result; 0 where there is none."""
        connection, response = self._open("GET", f"/export?format=csv&after={2**62}", None, {})
        self._read(connection, response)
        return int(response.headers.get("x-edgeprof-last-seq", "0"))

    def export(self, kind: str, after: int = 0) -> Iterator[bytes]:
        """Lines of all results in the order of arrival (`csv`, `ndjson`), after this `seq`; each with its line feed."""
        connection, response = self._open("GET", f"/export?format={kind}&after={after}", None, {})
        try:
            yield from iter(response.readline, b"")
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def changes(self) -> Iterator[Change]:
        """The hub's event stream: one item for each change, until the connection ends."""
        connection, response = self._open("GET", "/events", None, {"Accept": "text/event-stream"})
        try:
            yield from _parse_events(iter(response.readline, b""))
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _get(self, path: str, kind: type[T]) -> T:
        return _decode(self._send("GET", path, None), kind)

    def _call(self, method: str, path: str, kind: type[T], body: object) -> T:
        return _decode(self._send(method, path, json.dumps(body).encode()), kind)

    def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json"} if body else {}
        return self._read(*self._open(method, path, body, headers))

    def _read(self, connection: "_Connection", response: http.client.HTTPResponse) -> bytes:
        """The answer's body; an answer that was cut off is an error, too."""
        with connection:
            try:
                return response.read()
            except (OSError, http.client.HTTPException) as error:
                raise self._unreachable(error) from error

    def _exists(self, path: str) -> bool:
        try:
            self._send("HEAD", path, None)
        except HubError as error:
            if error.code == "http_404":
                return False
            raise
        return True

    def _upload(self, path: str, file: Path, size: int, sent: Sent | None) -> None:
        def chunks() -> Iterator[bytes]:
            done = 0
            with file.open("rb") as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    yield chunk
                    done += len(chunk)
                    if sent:
                        sent(done, size)

        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        self._read(*self._open("PUT", path, chunks(), headers))

    def _open(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None, headers: dict[str, str]
    ) -> "tuple[_Connection, http.client.HTTPResponse]":
        connection = _Connection(self._parts)
        try:
            connection.http.request(method, f"/api/v1{path}", body=body, headers={**self._headers, **headers})
            response = connection.http.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._unreachable(error) from error
        if response.status >= 400:
            raise _refused(self.url, response.status, self._read(connection, response))
        return connection, response

    def _unreachable(self, error: Exception) -> HubError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        return HubError(
            "hub_unreachable",
            f"No hub answers at {self.url} ({reason}). "
            "Start one with `edgeprof hub serve`, or name another with --hub.",
        )


class _Connection:
    """An HTTP connection as a context manager."""

    def __init__(self, parts: urllib.parse.SplitResult) -> None:
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.http = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()


def _query(**asked: str) -> str:
    """What of an address stands after its path; nothing where nothing is asked for."""
    given = {name: text for name, text in asked.items() if text}
    return f"?{urllib.parse.urlencode(given)}" if given else ""


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise HubError(
            "hub_answer_unreadable",
            f"The hub's answer cannot be read ({error}). Install the same edgeprof release here and on the hub.",
        ) from error


def _refused(url: str, status: int, body: bytes) -> HubError:
    try:
        error = msgspec.json.decode(body, type=rest.ErrorDocument).error
    except msgspec.MsgspecError:
        return HubError(f"http_{status}", f"What answers at {url} is no edgeprof hub, or cannot work: HTTP {status}.")
    return HubError(error.code, error.message)


def _parse_events(lines: Iterator[bytes]) -> Iterator[Change]:
    """Server-sent events (WHATWG HTML 9.2): `event:` and `data:` lines, an empty line ends one; `:` is a comment."""
    kind, data = "message", list[str]()
    for raw in lines:
        line = raw.decode(errors="replace").rstrip("\r\n")
        if not line:
            if data:
                yield Change(kind, "\n".join(data))
            kind, data = "message", []
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                kind = value
            elif name == "data":
                data.append(value)


def token_from(path: str | None) -> str | None:
    """The shared token: from a file if one is named, else from `EDGEPROF_TOKEN`; never from the command line."""
    if path is None:
        return os.environ.get("EDGEPROF_TOKEN") or None
    try:
        return Path(path).read_text().strip() or None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text file"
        raise HubError("token_unreadable", f"The token file {path} cannot be read: {reason}.") from error
