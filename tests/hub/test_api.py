"""The REST API over HTTP: one shape for every error, changes of a device, events, its own description."""

import json

import pytest

from edgeprof.wire import rest
from edgeprof_hub import failures
from tests.hub.api_cases import JSON, add_digits, error_of
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live


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
