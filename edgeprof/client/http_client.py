"""The hub's REST API as typed Python calls."""

import json
import os
import tempfile
import urllib.parse
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from edgeprof.client.resumable import Sent, send_file
from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import ModelFile
from edgeprof.net import hub_url, sse
from edgeprof.net.http import Server, bearer, check_whole
from edgeprof.net.hub_errors import error_in
from edgeprof.net.lines import lines
from edgeprof.version import __version__
from edgeprof.wire import fleet, messages, rest
from edgeprof.wire.fleet import FleetChange, FleetChanged
from edgeprof.wire.rollouts import Quarantine, Rollout, RolloutAction, RolloutRequest

if TYPE_CHECKING:
    from edgeprof.integration.facts import IntegrationAnswer
    from edgeprof.readiness.document import ReadyAnswer

T = TypeVar("T")

TIMEOUT_S = 60.0
CHUNK_BYTES = 1 << 20
ANSWER_WITHIN_S = 900.0
"""Of an answer that is read whole: the table of a large hub over a slow line."""
MAX_ANSWER_BYTES = 512 << 20
MAX_ERROR_BYTES = 64 << 10
_NOT_WHOLE = (
    "The database of the hub at {} is damaged: results that are not whole are missing, all others were exported. "
    "Find out which with `edgeprof hub check` on the hub's machine."
)


_NO_SUCH_ADDRESS = frozenset({"Nothing at this address.", "There is nothing at this address."})
"""What hubs of all releases answer to a path that they do not have."""


class HubError(EdgeprofError):
    """The hub could not be reached, or refused; `code` is the hub's own where it gave one."""


class HubClient:
    """One hub. Methods raise HubError with the hub's own sentence."""

    def __init__(self, url: str = hub_url.DEFAULT_URL, token: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        parts = hub_url.parse(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        if token and not (token.isascii() and token.isprintable()):
            raise HubError("bad_token", "The token contains characters that no hub token has. Copy it again.")
        headers = {"User-Agent": f"edgeprof/{__version__}", **bearer(token)}
        self._server = Server(parts, headers, timeout_s, self._unreachable)

    def devices(self, *, retired: bool = False) -> list[rest.DeviceRecord]:
        """Every device in use; with `retired`, also those that are not."""
        return self._get("/devices?retired=true" if retired else "/devices", list[rest.DeviceRecord])

    def fleet(self, query: fleet.FleetQuery, limit: int = fleet.MAX_PAGE, offset: int = 0) -> fleet.FleetPage:
        """A page of devices with the state of each."""
        asked = {name: str(value) for name, value in asdict(query).items() if value}
        return self._get(f"/fleet{_query(**asked, limit=str(limit), offset=str(offset))}", fleet.FleetPage)

    def change_fleet(self, change: FleetChange) -> int:
        """Change several devices at once. How many devices were changed, or of `cancel` and `retry` how many jobs."""
        body = json.dumps(asdict(change)).encode()
        return _decode(self._send("POST", "/fleet/act", body), FleetChanged).changed

    def retire_device(self, device_id: str) -> None:
        """Hide a device from pages and new jobs; its results stay."""
        self._send("POST", f"/devices/{device_id}/retire", b"{}")

    def restore_device(self, device_id: str) -> None:
        """Show a retired device again."""
        self._send("POST", f"/devices/{device_id}/restore", b"{}")

    def replace_device(self, device_id: str, successor_id: str) -> None:
        """Retire a device, and give its name, tags and groups to another board."""
        self._send("POST", f"/devices/{device_id}/replace", json.dumps({"device_id": successor_id}).encode())

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
        query = {"device_id": device_id, "model_id": model_id, "config_key": config_key, "limit": limit}
        return self._get(f"/results?{urllib.parse.urlencode(query)}", list[rest.StoredResult])

    def runs(
        self,
        *,
        device_id: str = "",
        model_id: str = "",
        family: str = "",
        state: str = "",
        since_s: float = 0.0,
        limit: int = 100,
    ) -> list[rest.RunLine]:
        """Results in a line each, newest received first. `state`: measured, failed, or the code of a failure."""
        query = _query(
            device_id=device_id,
            model_id=model_id,
            family=family,
            state=state,
            since_s=f"{since_s:f}",
            limit=str(limit),
        )
        return self._get(f"/runs{query}", list[rest.RunLine])

    def run(self, result_id: str) -> rest.RunLine:
        """The headline of one result."""
        return self._get(f"/runs/{result_id}", rest.RunLine)

    def artifact(self, sha256: str) -> bytes:
        """What belongs to a result and is kept apart from it: samples, logs."""
        return self._send("GET", f"/artifacts/{sha256}", None)

    def start_campaign(self, request: rest.CampaignRequest) -> rest.Campaign:
        """Queue every model of the request on every device of it."""
        return self._call("POST", "/campaigns", rest.Campaign, asdict(request))

    def repeat_result(self, result_id: str) -> rest.Campaign:
        """Repeat a result's run on the same device."""
        return _decode(self._send("POST", f"/results/{result_id}/again", b""), rest.Campaign)

    def retry_campaign(self, campaign_id: str) -> rest.Campaign:
        """Retry a campaign's failed jobs."""
        return _decode(self._send("POST", f"/campaigns/{campaign_id}/retry", b""), rest.Campaign)

    def cancel_campaign(self, campaign_id: str) -> None:
        """Cancel a campaign's remaining jobs."""
        self._send("POST", f"/campaigns/{campaign_id}/cancel", b"")

    def jobs(
        self, *, state: str = "", device_id: str = "", campaign_id: str = "", limit: int = 100, offset: int = 0
    ) -> rest.JobQueue:
        """Jobs with their time left: running first, then the queue, then what ended last. `state`: open, failed ..."""
        query = _query(state=state, device_id=device_id, campaign_id=campaign_id, limit=str(limit), offset=str(offset))
        return self._get(f"/jobs{query}", rest.JobQueue)

    def campaigns(self, limit: int = 100) -> list[rest.CampaignSummary]:
        """The newest campaigns with their jobs by state, newest first."""
        return self._get(f"/campaigns?limit={limit}", list[rest.CampaignSummary])

    def cancel_job(self, job_id: str) -> rest.JobRecord:
        """Cancel one job. Raises HubError `job_ended` where it has ended."""
        return _decode(self._send("POST", f"/jobs/{job_id}/cancel", b""), rest.JobRecord)

    def retry_job(self, job_id: str) -> rest.JobRecord:
        """Queue an ended job again. Raises HubError `job_not_ended` where it has not ended."""
        return _decode(self._send("POST", f"/jobs/{job_id}/retry", b""), rest.JobRecord)

    def cancel_jobs(self, *, device_id: str = "", campaign_id: str = "") -> int:
        """Cancel every open job, of this device and campaign where given; how many. HubError `nothing_open`: none."""
        path = f"/jobs/cancel{_query(device_id=device_id, campaign_id=campaign_id)}"
        return _decode(self._send("POST", path, b""), rest.JobsChanged).changed

    def retry_jobs(self, *, device_id: str = "", campaign_id: str = "") -> int:
        """Retry every failed job of these; how many. Raises HubError `nothing_failed` where there is none."""
        path = f"/jobs/retry{_query(device_id=device_id, campaign_id=campaign_id)}"
        return _decode(self._send("POST", path, b""), rest.JobsChanged).changed

    def start_rollout(self, request: RolloutRequest) -> Rollout:
        """Send a model to many devices in groups, a canary first."""
        return self._call("POST", "/rollouts", Rollout, asdict(request))

    def rollouts(self, limit: int = 50) -> list[Rollout]:
        """The newest rollouts without their devices, newest first."""
        return self._get(f"/rollouts?limit={limit}", list[Rollout])

    def rollout(self, rollout_id: str) -> Rollout:
        """One rollout with each device, and why it stands still."""
        return self._get(f"/rollouts/{rollout_id}", Rollout)

    def change_rollout(self, rollout_id: str, action: RolloutAction) -> Rollout:
        """Approve, pause, resume, abort or roll back; the rollout then, or the new one that rolls it back."""
        return _decode(self._send("POST", f"/rollouts/{rollout_id}/{action}", b""), Rollout)

    def quarantines(self) -> list[Quarantine]:
        """Models that crashed a kind of device, those that are still kept from it first."""
        return self._get("/quarantines", list[Quarantine])

    def lift_quarantine(self, quarantine_id: int) -> Quarantine:
        """Send the model to that kind of device again."""
        return _decode(self._send("POST", f"/quarantines/{quarantine_id}/lift", b""), Quarantine)

    def rename(self, kind: str, item_id: str, name: str) -> None:
        """Give a device or a model (`devices`, `models`) another name; its id and its results stay."""
        self._send("PATCH", f"/{kind}/{item_id}", json.dumps({"name": name}).encode())

    def model_bom(self, model_id: str) -> bytes:
        """A model's bill of materials: CycloneDX 1.6, as JSON."""
        return self._send("GET", f"/models/{model_id}/bom", None)

    def model_bundle(self, model_id: str) -> Iterator[bytes]:
        """A model's signed bundle, in pieces. Raises HubError `hub_unreachable` for one that was cut off."""
        with self._answer("GET", f"/models/{model_id}/bundle") as response, self._server.reading():
            while chunk := response.read(CHUNK_BYTES):
                yield chunk
            check_whole(response)

    def edit_model(self, model_id: str, changes: rest.ModelPatch) -> None:
        """Change what the hub knows of a model; what is None stays."""
        body = {name: value for name, value in asdict(changes).items() if value is not None}
        self._send("PATCH", f"/models/{model_id}", json.dumps(body).encode())

    def set_price(self, device_id: str, price_usd: float, source: str) -> None:
        """Enter what a device costs, and where that figure comes from."""
        body = {"price_usd": price_usd, "price_source": source}
        self._send("PATCH", f"/devices/{device_id}", json.dumps(body).encode())

    def tag_device(self, device_id: str, tags: Sequence[str]) -> None:
        """Give a device these tags and no others."""
        self._send("PATCH", f"/devices/{device_id}", json.dumps({"tags": list(tags)}).encode())

    def families(self) -> list[rest.FamilyRecord]:
        """Every family with its variants and gates."""
        return self._get("/families", list[rest.FamilyRecord])

    def change_family(self, change: rest.FamilyChange) -> rest.FamilyEffects:
        """Merge, split or rename a family, or move models; with `dry_run` only what would move."""
        return self._call("POST", "/families/change", rest.FamilyEffects, asdict(change))

    def label_changes(self, kind: str = "", subject_id: str = "", limit: int = 100) -> list[rest.LabelChange]:
        """Labels that people changed, newest first."""
        return self._get(f"/label-changes{_query(kind=kind, id=subject_id, limit=str(limit))}", list[rest.LabelChange])

    def new_join_secret(self, ttl_s: float, device_id: str | None = None) -> rest.JoinSecret:
        """A token with which one device joins, once; this device, where it has joined before."""
        return self._call("POST", "/join-secrets", rest.JoinSecret, {"ttl_s": ttl_s, "device_id": device_id})

    def revoke_device(self, device_id: str) -> rest.RevokedDevice:
        """Void a device's certificates and token, and end its connection."""
        path = f"/devices/{urllib.parse.quote(device_id, safe='')}/revoke"
        return _decode(self._send("POST", path, b""), rest.RevokedDevice)

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
            self._put_blob(file, model.folder / file.path, sent)
        return self._call("POST", "/models", rest.ModelRecord, asdict(record))

    def sets(self) -> list[rest.EvaluationSetRecord]:
        """Every evaluation set that the hub holds."""
        return self._get("/sets", list[rest.EvaluationSetRecord])

    def evaluation_set(self, set_id: str) -> rest.EvaluationSetRecord:
        """One evaluation set."""
        return self._get(f"/sets/{set_id}", rest.EvaluationSetRecord)

    def add_set(self, folder: Path, name: str = "", sent: Sent | None = None) -> rest.EvaluationSetRecord:
        """Upload a set's files that the hub lacks, then register it. `name` empty: the set's own."""
        from edgeprof.quality.file_index import INDEX_FILE, manifest_in, shortened
        from edgeprof.quality.sets import read_set  # with every task: most commands use none

        found = read_set(folder)
        manifest = manifest_in(folder, found)
        short, index = shortened(manifest)
        for file in manifest.files:
            self._put_blob(file, folder / file.path, sent)
        if index is not None:
            with tempfile.TemporaryDirectory() as aside:
                listed = Path(aside) / INDEX_FILE
                listed.write_bytes(index)
                self._put_blob(next(file for file in short.files if file.path == INDEX_FILE), listed, None)
        new = rest.NewEvaluationSet(name=name or found.facts.name, manifest=short, set_id=found.set_id)
        return self._call("POST", "/sets", rest.EvaluationSetRecord, asdict(new))

    def evaluations(
        self, *, device_id: str = "", model_id: str = "", base_key: str = "", set_id: str = "", limit: int = 100
    ) -> list[rest.EvaluationRecord]:
        """Evaluations, newest received first, each with its lead figure."""
        query = _query(device_id=device_id, model_id=model_id, base_key=base_key, set_id=set_id, limit=str(limit))
        return self._get(f"/evaluations{query}", list[rest.EvaluationRecord])

    def quality(self, *, family: str = "", limit: int = 1000) -> list[rest.QualityRow]:
        """The newest evaluation of each set-up on each device, with gate, drift, speed and cost per right answer."""
        return self._get(f"/quality{_query(family=family, limit=str(limit))}", list[rest.QualityRow])

    def ready(
        self, level: str, *, device: str = "", family: str = "", utilisation: float | None = None, limit: int = 1000
    ) -> "ReadyAnswer":
        """Every model on every device against a service level, the best first. `device`, `family`: words to search."""
        from edgeprof.readiness.document import ReadyAnswer  # most commands use none

        share = "" if utilisation is None else f"{utilisation:g}"
        query = _query(level=level, device=device, family=family, utilisation=share, limit=str(limit))
        return self._get(f"/ready{query}", ReadyAnswer)

    def integration(self, model_id: str, *, device_id: str = "", runtime: str = "") -> "IntegrationAnswer":
        """What it takes to use a model with a runtime on a device: stated facts, each with its source."""
        from edgeprof.integration.facts import IntegrationAnswer  # most commands use none

        query = _query(device=device_id, runtime=runtime)
        return self._get(f"/models/{model_id}/integration{query}", IntegrationAnswer)

    def gates(self, family: str) -> rest.FamilyGates:
        """The gates of a family with their verdicts."""
        return self._get(f"/families/{urllib.parse.quote(family, safe='')}/gate", rest.FamilyGates)

    def set_gates(self, family: str, gates: Sequence[str]) -> rest.FamilyGates:
        """Replace the gates of a family; none removes them. Verdicts follow within seconds."""
        path = f"/families/{urllib.parse.quote(family, safe='')}/gate"
        return self._call("PUT", path, rest.FamilyGates, {"gates": list(gates)})

    def set_lead(self, family: str, set_words: str, shots: int | None = None) -> rest.FamilyGates:
        """Choose the set that the comparison shows a family's quality on; an empty text restores the default."""
        path = f"/families/{urllib.parse.quote(family, safe='')}/lead"
        return self._call("PUT", path, rest.FamilyGates, {"set": set_words, "shots": shots})

    def hub_id(self) -> str:
        """The hub's own name for itself, which stays the same wherever it is reached."""
        return self._call("GET", "/bootstrap", messages.Bootstrap, None).hub_id

    def last_seq(self) -> int:
        """The hub's number of its newest result; 0 where there is none."""
        with self._answer("GET", f"/export?format=csv&after={2**62}") as response:
            self._body(response)
            return int(response.headers.get("x-edgeprof-last-seq", "0"))

    def export(self, kind: str, after: int = 0) -> Iterator[bytes]:
        """Lines of all results in the order of arrival (`csv`, `ndjson`), after this `seq`; each with its line feed.

        Of a damaged hub all whole results come, and then HubError with the code `database_damaged`.
        """
        try:
            with self._answer("GET", f"/export?format={kind}&after={after}") as response:
                yield from self._lines(response)
        except HubError as error:
            if error.code == "hub_unreachable" and self._is_damaged():
                raise HubError("database_damaged", _NOT_WHOLE.format(self.url)) from error
            raise

    def changes(self) -> Iterator[sse.Event]:
        """The hub's event stream: one item for each change, until the connection ends."""
        with self._answer("GET", "/events", headers={"Accept": "text/event-stream"}) as response:
            yield from sse.events(self._lines(response))

    def _is_damaged(self) -> bool:
        try:
            return self._get("/healthz", dict[str, bool]).get("database_whole") is False
        except HubError:
            return False

    def _get(self, path: str, kind: type[T]) -> T:
        return _decode(self._send("GET", path, None), kind)

    def _call(self, method: str, path: str, kind: type[T], body: object) -> T:
        return _decode(self._send(method, path, json.dumps(body).encode()), kind)

    def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json"} if body else {}
        with self._answer(method, path, body, headers, ANSWER_WITHIN_S) as response:
            return self._body(response)

    def begin_upload(self, name: str, size: int, sha256: str) -> rest.UploadState:
        """Announce a file of up to 8 GiB, or find it again. HubError `hub_too_old`: send it in one piece."""
        return self._call("POST", "/uploads", rest.UploadState, {"name": name, "size": size, "sha256": sha256})

    def send_rest(self, state: rest.UploadState, path: Path, sent: Sent | None = None) -> rest.UploadState:
        """Send what the hub lacks of a file, in one request."""
        target = f"/uploads/{state.upload_id}?offset={state.offset}"
        return _decode(self._upload("PATCH", target, path, state.offset, state.size, sent), rest.UploadState)

    def _put_blob(self, file: messages.FileRef, path: Path, sent: Sent | None) -> None:
        if self._exists(f"/blobs/{file.sha256}"):
            return
        try:
            send_file(self, file, path, sent)
        except HubError as error:
            if error.code != "hub_too_old":
                raise
            self._upload("PUT", f"/blobs/{file.sha256}", path, 0, file.size, sent)

    def _exists(self, path: str) -> bool:
        try:
            self._send("HEAD", path, None)
        except HubError as error:
            if error.code == "http_404":
                return False
            raise
        return True

    def _upload(self, method: str, target: str, file: Path, start: int, size: int, sent: Sent | None) -> bytes:
        def chunks() -> Iterator[bytes]:
            done = start
            with file.open("rb") as stream:
                stream.seek(start)
                while chunk := stream.read(min(CHUNK_BYTES, size - done)):
                    yield chunk
                    done += len(chunk)
                    if sent:
                        sent(done, size)

        headers = {"Content-Length": str(size - start), "Content-Type": "application/octet-stream"}
        with self._answer(method, target, chunks(), headers) as response:
            return self._body(response)

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
    ) -> Generator[HTTPResponse, None, None]:
        """The answer below 400, with its body unread."""
        with self._server.request(method, f"/api/v1{path}", headers, body, within_s=within_s) as response:
            if response.status >= 400:
                raise _refused(self.url, response.status, self._server.body(response, MAX_ERROR_BYTES))
            yield response

    def _body(self, response: HTTPResponse) -> bytes:
        """An answer that was cut off, or never ends, is an error, too."""
        return self._server.body(response, MAX_ANSWER_BYTES)

    def _lines(self, response: HTTPResponse) -> Iterator[bytes]:
        with self._server.reading():
            yield from lines(response)

    def _unreachable(self, reason: str) -> HubError:
        return HubError(
            "hub_unreachable",
            f"No hub answers at {self.url} ({reason}). "
            "Start one with `edgeprof hub serve`, or name another with --hub.",
        )


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
            f"Cannot read the hub's answer ({error}). Install the same edgeprof release here and on the hub.",
        ) from error


def _refused(url: str, status: int, body: bytes) -> HubError:
    error = error_in(body)
    if error is None:
        return HubError(
            f"http_{status}", f"The server at {url} is not an edgeprof hub, or it failed: HTTP {status}. Check --hub."
        )
    if status == 404 and error.message in _NO_SUCH_ADDRESS:
        return HubError("hub_too_old", f"The hub at {url} is older than this edgeprof and cannot do this. Upgrade it.")
    return HubError(error.code, error.message)


def token_from(path: str | None) -> str | None:
    """The shared token: from a file if one is named, else from `EDGEPROF_TOKEN`; never from the command line."""
    if path is None:
        return os.environ.get("EDGEPROF_TOKEN") or None
    try:
        return Path(path).read_text().strip() or None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise HubError("token_unreadable", f"Cannot read the token file {path}: {reason}.") from error
