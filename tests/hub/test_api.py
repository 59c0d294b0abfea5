"""The REST API over HTTP: blobs, models, devices, campaigns, results, events, and one shape for every error."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import edgeprof_exports
from edgeprof.client.http_client import HubError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.words import WORDS
from edgeprof_hub import blobs, failures
from edgeprof_hub.broker import dispatch
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving

DIGITS = Path(edgeprof_exports.__file__).parent / "bundled" / "digits-cnn-int8.onnx"
CONTENTS = bytes(range(256)) * 40
DIGEST = identity.sha256_hex(CONTENTS)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with serving(tmp_path / "data") as served:
        yield served


def record_of(model: ModelFile, **labels: str) -> rest.ModelRecord:
    return rest.ModelRecord(
        model_id=identity.model_id(model.manifest),
        name=labels.get("name", "digits"),
        family="digits",
        variant="int8",
        quantization="int8",
        format=model.format,
        manifest=model.manifest,
        size_bytes=1,
        source=labels.get("source", "uploaded"),
    )


def add_digits(live: Live) -> rest.ModelRecord:
    model = inspect(DIGITS)
    return live.client.add_model(model, record_of(model))


def error_of(live: Live, method: str, path: str, body: bytes | None = None) -> tuple[int, rest.ErrorBody]:
    headers = {"Content-Type": "application/json"} if body else {}
    with live.http(method, path, body, headers) as answer:
        document = json.loads(answer.read())
        assert set(document) == {"error"}
        assert set(document["error"]) == {"code", "message"}
        assert document["error"]["message"].endswith(".")
        return answer.status, rest.ErrorBody(**document["error"])


def put(live: Live, contents: bytes) -> str:
    digest = identity.sha256_hex(contents)
    with live.http("PUT", f"/blobs/{digest}", contents) as answer:
        assert answer.status == 201
    return digest


def test_a_blob_comes_back_whole_in_part_and_only_if_unchanged(live: Live) -> None:
    put(live, CONTENTS)
    with live.http("GET", f"/blobs/{DIGEST}") as answer:
        assert (answer.status, answer.read()) == (200, CONTENTS)
        assert answer.getheader("ETag") == f'"{DIGEST}"'
        assert answer.getheader("Content-Type") == "application/octet-stream"
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": "bytes=100-"}) as answer:
        assert (answer.status, answer.read()) == (206, CONTENTS[100:])
        assert answer.getheader("Content-Range") == f"bytes 100-{len(CONTENTS) - 1}/{len(CONTENTS)}"
    resume = {"Range": "bytes=100-", "If-Range": f'"{DIGEST}"'}
    with live.http("GET", f"/blobs/{DIGEST}", headers=resume) as answer:
        assert (answer.status, answer.read()) == (206, CONTENTS[100:])
    with live.http("GET", f"/blobs/{DIGEST}", headers={**resume, "If-Range": '"another"'}) as answer:
        assert (answer.status, answer.read()) == (200, CONTENTS)
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": f"bytes={len(CONTENTS)}-"}) as answer:
        assert answer.status == 416
        assert answer.getheader("Content-Range") == f"bytes */{len(CONTENTS)}"
        assert json.loads(answer.read())["error"]["code"] == "bad_range"
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": "bytes=odd"}) as answer:
        assert answer.status == 400
        assert json.loads(answer.read())["error"]["code"] == "bad_range"
    with live.http("HEAD", f"/blobs/{DIGEST}") as answer:
        assert (answer.status, answer.getheader("Content-Length")) == (200, str(len(CONTENTS)))


def test_a_thousand_ranges_cost_no_more_than_the_file(live: Live) -> None:
    put(live, CONTENTS)
    ranges = ",".join(f"{start}-{start + 5000}" for start in range(1000))
    with live.http("GET", f"/blobs/{DIGEST}", headers={"Range": f"bytes={ranges}"}) as answer:
        assert len(answer.read()) <= len(CONTENTS) + 1000


def test_bytes_of_another_hash_are_not_stored(live: Live) -> None:
    assert error_of(live, "PUT", f"/blobs/{DIGEST}", b"other bytes")[1].code == "hash_mismatch"
    with live.http("HEAD", f"/blobs/{DIGEST}") as answer:
        assert answer.status == 404
    assert list((live.hub.settings.data / "blobs" / "incoming").iterdir()) == []


def test_what_is_too_large_or_finds_no_room_is_refused(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    with live.http("PUT", f"/artifacts/{DIGEST}", headers={"Content-Length": str(65 * 2**20)}) as answer:
        assert answer.status == 413
    monkeypatch.setattr(blobs, "RESERVED_BYTES", 2**60)
    status, error = error_of(live, "PUT", f"/blobs/{DIGEST}", CONTENTS)
    assert (status, error.code) == (507, "no_space")


@pytest.mark.parametrize("name", ["abc", "..%2f..%2fhub.sqlite", "A" * 64, "%00" * 64, f"{'a' * 63}%5c"])
def test_no_text_but_a_hash_names_a_file(live: Live, name: str) -> None:
    assert error_of(live, "GET", f"/blobs/{name}")[0] in (404, 422)
    assert error_of(live, "PUT", f"/artifacts/{name}", b"x")[0] in (404, 405, 422)


def test_a_model_is_registered_from_its_stored_files(live: Live) -> None:
    added = add_digits(live)
    assert live.client.models() == [added]
    assert (added.size_bytes, added.format) == (DIGITS.stat().st_size, "onnx")
    assert added.created_s > 0
    assert add_digits(live) == replace(live.client.models()[0])


@pytest.mark.parametrize(
    ("name", "contents", "code"),
    [
        ("poem.onnx", b"roses are red, violets are blue, this is no model, not even for you", "not_a_model"),
        ("cut.onnx", DIGITS.read_bytes()[:-500], "truncated"),
        ("other.tflite", DIGITS.read_bytes(), "wrong_format"),
        ("empty.onnx", b"", "not_a_model"),
    ],
)
def test_what_is_no_whole_model_is_refused_and_not_listed(live: Live, name: str, contents: bytes, code: str) -> None:
    digest = put(live, contents)
    manifest = identity.manifest_of(name, [m.FileRef(path=name, size=len(contents), sha256=digest)])
    record = record_of(ModelFile("onnx", manifest, Path()))
    status, error = error_of(live, "POST", "/models", json.dumps(asdict(record)).encode())
    assert (status, error.code) == (422, code)
    assert live.client.models() == []
    assert not list(live.hub.settings.data.glob("looking-into-*"))


@pytest.mark.parametrize("path", ["../x.onnx", "/etc/passwd", "a//b.onnx", "a\\b.onnx", "", ".", "a\x00b", "x" * 300])
def test_a_manifest_with_a_path_of_no_use_is_refused(live: Live, path: str) -> None:
    digest = put(live, DIGITS.read_bytes())
    manifest = identity.manifest_of(path, [m.FileRef(path=path, size=DIGITS.stat().st_size, sha256=digest)])
    record = record_of(ModelFile("onnx", manifest, Path()))
    assert error_of(live, "POST", "/models", json.dumps(asdict(record)).encode())[1].code == "bad_manifest"


def test_a_model_without_its_files_or_under_a_false_id_is_refused(live: Live) -> None:
    record = record_of(inspect(DIGITS))
    assert error_of(live, "POST", "/models", json.dumps(asdict(record)).encode())[1].code == "blob_missing"
    put(live, DIGITS.read_bytes())
    false = replace(record, model_id="0" * 64)
    assert error_of(live, "POST", "/models", json.dumps(asdict(false)).encode())[1].code == "bad_model_id"
    other = replace(record, format="gguf")
    assert error_of(live, "POST", "/models", json.dumps(asdict(other)).encode())[1].code == "wrong_format"


def test_a_plain_upload_does_not_overwrite_what_a_recipe_told(live: Live) -> None:
    model = inspect(DIGITS)
    live.client.add_model(model, record_of(model, source="our recipe"))
    live.client.add_model(model, record_of(model, name="file name"))
    assert [(known.name, known.source) for known in live.client.models()] == [("digits", "our recipe")]


def test_a_deleted_model_takes_its_files_but_not_those_of_others(live: Live, tmp_path: Path) -> None:
    added = add_digits(live)
    copy = tmp_path / "another-name.onnx"
    shutil.copy(DIGITS, copy)
    model = inspect(copy)
    second = live.client.add_model(model, record_of(model))
    digest = added.manifest.files[0].sha256
    live.client.delete("models", added.model_id)
    assert live.hub.blobs.has(digest)
    live.client.delete("models", second.model_id)
    assert not live.hub.blobs.has(digest)
    with pytest.raises(HubError, match="No model"):
        live.client.delete("models", second.model_id)


@pytest.fixture
def agent(live: Live) -> Iterator[FakeAgent]:
    with FakeAgent(live.hub.endpoint.port) as connected:
        eventually(lambda: [device.facts for device in live.client.devices()] not in ([], [None]))
        yield connected


def start(live: Live, agent: FakeAgent) -> rest.JobRecord:
    model = add_digits(live)
    request = rest.CampaignRequest(model_ids=(model.model_id,), device_ids=(agent.device_id,))
    return live.client.start_campaign(request).jobs[0]


def state_of(live: Live, job: rest.JobRecord) -> rest.JobRecord:
    found = live.hub.reader.job(job.job_id)
    assert found is not None
    return found


def outcome(job: m.Job, agent: FakeAgent) -> m.Result:
    model = fleet.model("digits", "digits")
    result = fleet.result(1, model, fleet.vision_rows(4.0, 0.1))
    return replace(
        result,
        job_id=job.job_id,
        attempt=job.attempt,
        device_id=agent.device_id,
        model_id=job.model.model_id,
        config=job.config,
        config_key=job.config_key,
    )


def test_a_job_goes_to_its_device_and_its_result_into_the_table(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    sent = agent.got(m.Job)[0]
    assert (sent.job_id, sent.config.runtime, sent.model.manifest.entry) == (job.job_id, "onnxruntime", DIGITS.name)
    assert sent.config_key == identity.config_key(sent.config)
    agent.send(m.Ack(job_id=job.job_id, attempt=1, status="accepted"))
    eventually(lambda: state_of(live, job).state == "accepted")
    agent.send(m.Progress(job_id=job.job_id, attempt=1, stage="warmup", fraction=0.5))
    eventually(lambda: (state_of(live, job).state, state_of(live, job).stage) == ("running", "warmup"))
    result = outcome(sent, agent)
    agent.post(result)
    agent.wait_until_empty()
    assert live.client.campaign(job.campaign_id).jobs[0].state == "measured"
    table = live.client.compare()
    assert [(cell.device_id, cell.state, cell.result_id) for cell in table.cells] == [
        (agent.device_id, "measured", result.result_id)
    ]
    live.client.delete("results", result.result_id)
    assert live.client.compare().cells == ()


def test_a_refused_job_fails_with_the_devices_reason(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    agent.send(m.Ack(job_id=job.job_id, attempt=1, status="refused", reason="the outbox is full"))
    eventually(lambda: (state_of(live, job).state, state_of(live, job).note) == ("failed", "the outbox is full"))


def test_a_job_waits_for_its_device_and_is_repeated_at_every_birth(live: Live, agent: FakeAgent) -> None:
    agent.vanish()
    eventually(lambda: not live.client.devices()[0].online)
    job = start(live, agent)
    assert state_of(live, job).state == "queued"
    with FakeAgent(live.hub.endpoint.port) as again:
        eventually(lambda: again.got(m.Job))
        again.send(m.Ack(job_id=job.job_id, attempt=1, status="accepted"))
        eventually(lambda: state_of(live, job).state == "accepted")
        again.send(again.state)
        eventually(lambda: len(again.got(m.Job)) == 2)
    assert {(sent.job_id, sent.attempt) for sent in again.got(m.Job)} == {(job.job_id, 1)}


def test_a_job_that_is_not_answered_in_time_is_sent_again(
    live: Live, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    assert len(agent.got(m.Job)) == 1
    monkeypatch.setattr(dispatch, "ANSWER_WITHIN_S", 0.0)
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    eventually(lambda: len(agent.got(m.Job)) >= 2)
    agent.send(m.Ack(job_id=job.job_id, attempt=1, status="duplicate"))
    eventually(lambda: state_of(live, job).state == "accepted")


def test_a_cancel_reaches_the_device_also_when_it_was_away(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    eventually(lambda: state_of(live, job).state == "sent")
    agent.vanish()
    eventually(lambda: not live.client.devices()[0].online)
    with live.http("POST", f"/jobs/{job.job_id}/cancel") as answer:
        assert answer.status == 200
    assert error_of(live, "POST", f"/jobs/{job.job_id}/cancel") == (
        409,
        rest.ErrorBody(code="job_ended", message="This job has already ended."),
    )
    with FakeAgent(live.hub.endpoint.port) as again:
        eventually(lambda: m.Cancel(job_id=job.job_id, attempt=1) in again.got(m.Cancel))
        assert again.got(m.Job) == []


def test_a_job_that_was_sent_since_it_was_looked_at_is_cancelled_on_the_device_too(
    live: Live, agent: FakeAgent
) -> None:
    job = start(live, agent)
    eventually(lambda: agent.got(m.Job))
    eventually(lambda: state_of(live, job).state == "sent")
    stale = live.hub.writer.submit(lambda store: live.hub.dispatch.cancel(store, [job.job_id]))
    assert (job.state, stale.result()) == ("queued", [job.job_id])
    eventually(lambda: agent.got(m.Cancel) == [m.Cancel(job_id=job.job_id, attempt=1)])


def test_a_cancel_names_the_attempt_that_it_ends(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    live.client.cancel_campaign(job.campaign_id)
    with live.http("POST", f"/jobs/{job.job_id}/retry"):
        pass
    eventually(lambda: state_of(live, job).state == "sent")
    live.client.cancel_campaign(job.campaign_id)
    eventually(lambda: m.Cancel(job_id=job.job_id, attempt=2) in agent.got(m.Cancel))


def test_an_ended_job_is_tried_again_as_its_next_attempt(live: Live, agent: FakeAgent) -> None:
    job = start(live, agent)
    assert error_of(live, "POST", f"/jobs/{job.job_id}/retry")[1].code == "job_not_ended"
    live.client.cancel_campaign(job.campaign_id)
    with live.http("POST", f"/jobs/{job.job_id}/retry") as answer:
        assert answer.status == 200
    eventually(lambda: [sent.attempt for sent in agent.got(m.Job)][-1:] == [2])


def test_a_deleted_device_has_its_open_jobs_cancelled_and_comes_back_when_it_connects(
    live: Live, agent: FakeAgent
) -> None:
    job = start(live, agent)
    eventually(lambda: state_of(live, job).state == "sent")
    live.client.delete("devices", agent.device_id)
    eventually(lambda: agent.got(m.Cancel))
    assert live.client.devices() == []
    assert state_of(live, job).state == "cancelled"
    agent.vanish()
    with FakeAgent(live.hub.endpoint.port) as again:
        eventually(lambda: [device.online for device in live.client.devices()] == [True])
        assert again.got(m.Job) == []


def test_a_device_is_renamed_priced_and_unpriced(live: Live, agent: FakeAgent) -> None:
    live.client.rename("devices", agent.device_id, "  kitchen\u202e ")
    live.client.set_price(agent.device_id, 80.5, "receipt")
    device = live.client.devices()[0]
    assert (device.name, device.label, device.price_usd, device.price_source) == ("kitchen", "kitchen", 80.5, "receipt")
    with live.http("PATCH", f"/devices/{agent.device_id}", b'{"price_usd":null}', JSON) as answer:
        assert answer.status == 204
    assert live.client.devices()[0].price_usd is None
    assert live.client.devices()[0].name == "kitchen"
    for wrong in (b'{"price_usd":-1}', b'{"price_usd":1e400}', b'{"price_usd":"NaN"}'):
        assert error_of(live, "PATCH", f"/devices/{agent.device_id}", wrong)[0] == 422
    assert error_of(live, "PATCH", f"/devices/{agent.device_id}", b'{"name":" "}')[1].code == "bad_name"


JSON = {"Content-Type": "application/json"}


def test_two_live_agents_with_one_id_are_told_apart_by_host(live: Live, agent: FakeAgent) -> None:
    hello = m.Hello(
        device_id=agent.device_id, session_id="s-2", name="copy", hostname="copied-host", agent_version="0.1.0"
    )
    status, error = error_of(live, "POST", "/claims", json.dumps(asdict(hello)).encode())
    assert (status, error.code) == (409, "device_id_in_use")
    assert "copied-host" in error.message
    assert "host1" in error.message
    same = replace(hello, session_id=agent.state.session_id)
    with live.http("POST", "/claims", json.dumps(asdict(same)).encode(), JSON) as answer:
        assert answer.status == 200
    agent.vanish()
    eventually(lambda: not live.client.devices()[0].online)
    with live.http("POST", "/claims", json.dumps(asdict(hello)).encode(), JSON) as answer:
        assert json.loads(answer.read()) == {"session_id": "s-2"}


def test_two_agents_that_claim_at_once_do_not_both_get_the_id(live: Live) -> None:
    one = m.Hello(device_id=fleet.device_id(5), session_id="a", name="n", hostname="h1", agent_version="0")
    with live.http("POST", "/claims", json.dumps(asdict(one)).encode(), JSON) as answer:
        assert answer.status == 200
    two = replace(one, session_id="b", hostname="h2")
    assert error_of(live, "POST", "/claims", json.dumps(asdict(two)).encode())[0] == 409


def test_an_agent_of_another_wire_version_is_refused_before_it_connects(live: Live) -> None:
    hello = m.Hello(device_id=fleet.device_id(5), session_id="a", name="n", hostname="h", agent_version="0", wire=2)
    status, error = error_of(live, "POST", "/claims", json.dumps(asdict(hello)).encode())
    assert (status, error.code) == (426, "wire_version")


def test_bootstrap_tells_the_broker(live: Live) -> None:
    with live.http("GET", "/bootstrap") as answer:
        told = json.loads(answer.read())
    assert (told["mqtt_host"], told["mqtt_port"]) == ("127.0.0.1", live.hub.endpoint.port)
    assert (told["hub_id"], told["mqtt_username"]) == (live.hub.hub_id, None)


def test_bootstrap_lists_the_words_that_this_hub_reads(live: Live) -> None:
    with live.http("GET", "/bootstrap") as answer:
        words = json.loads(answer.read())["words"]
    assert {name: tuple(each) for name, each in words.items()} == WORDS


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "not_found"),
        ("POST", "/devices", None, 405, "method_not_allowed"),
        ("GET", "/devices/d-1", None, 404, "not_found"),
        ("GET", "/results/' OR 1=1 --".replace(" ", "%20"), None, 404, "not_found"),
        ("GET", "/results?limit=0", None, 422, "invalid_request"),
        ("POST", "/campaigns", b'{"model_ids":[],"device_ids":[]}', 422, "empty_campaign"),
        ("POST", "/campaigns", b'{"model_ids":["x"],"device_ids":[]}', 404, "not_found"),
        ("POST", "/campaigns", b"{", 422, "invalid_request"),
        ("POST", "/campaigns", b"[" * 100_000, 400, "invalid_request"),
        ("POST", "/campaigns", b" " * (2 * 2**20), 413, "too_large"),
        ("POST", "/jobs/j/retry", None, 404, "not_found"),
        ("DELETE", "/results/r", None, 404, "not_found"),
    ],
)
def test_every_error_has_one_shape(
    live: Live, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    got, error = error_of(live, method, path, body)
    assert (got, error.code) == (status, code)


def test_an_address_names_every_method_that_it_takes(live: Live) -> None:
    for path, allowed in (("/devices/d-1", "DELETE, GET, PATCH"), ("/groups/g", "DELETE, PUT"), ("/devices", "GET")):
        with live.http("POST", path, b"") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, allowed)


def test_half_a_character_is_refused(live: Live, agent: FakeAgent) -> None:
    model = add_digits(live)
    for models, runtime, code in (
        ("\\ud800", "", "invalid_request"),
        (model.model_id, "\\ud800", "unknown_runtime"),
    ):
        body = f'{{"model_ids":["{models}"],"device_ids":["{agent.device_id}"],"runtime":"{runtime}"}}'
        status, problem = error_of(live, "POST", "/campaigns", body.encode())
        assert (status, problem.code) == (422, code)
    assert live.hub.reader.open_jobs() == []


def test_a_failure_of_ours_has_that_shape_too_and_tells_nothing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(live.hub.reader, "devices", broken)
    assert error_of(live, "GET", "/devices") == (
        500,
        rest.ErrorBody(code="internal_error", message=failures.INTERNAL_ERROR),
    )


def test_changes_are_told_as_they_happen(live: Live, agent: FakeAgent) -> None:
    with live.http("GET", "/events") as stream:
        assert stream.getheader("Content-Type", "").startswith("text/event-stream")
        assert stream.readline() == b"retry: 2000\n"
        live.client.rename("devices", agent.device_id, "told")
        lines = [stream.readline() for _ in range(4)]
    assert b"event: changed\n" in lines
    assert f'data: {{"kind":"device","id":"{agent.device_id}"}}\n'.encode() in lines


def test_the_api_describes_itself_with_the_wire_documents(live: Live) -> None:
    with live.http("GET", "/openapi.json") as answer:
        described = json.loads(answer.read())
    assert {"Bootstrap", "CompareTable", "CampaignRequest", "StoredResult", "RunConfig"} <= set(
        described["components"]["schemas"]
    )
