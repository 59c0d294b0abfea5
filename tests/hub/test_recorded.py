"""The recording that comes with edgeprof, and the read-only hub that shows it."""

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from edgeprof.errors import EdgeprofError
from edgeprof.tables import render
from edgeprof.wire import rest
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.recorded import hub, record, recording, scrub
from edgeprof_hub.recorded.recording import Recording
from tests.hub import fleet, stores
from tests.hub.conftest import URL

MAX_BYTES = 400 * 1024


@pytest.fixture(scope="module")
def shipped() -> Recording:
    return recording.read(recording.SHIPPED)


@pytest.fixture(scope="module")
def browser(shipped: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = HubSettings(data=tmp_path_factory.mktemp("recorded"))
    with (
        hub.showing(settings, shipped) as shown,
        TestClient(create_app(settings, shown), base_url=URL, follow_redirects=False) as client,
    ):
        yield client


def test_the_recording_is_small_and_tells_nothing_of_the_machine(shipped: Recording) -> None:
    packed = recording.SHIPPED.read_bytes()
    assert len(packed) < MAX_BYTES
    text = msgspec.json.encode(shipped).decode()
    assert not re.findall(r'/(?:root|home|work|tmp|usr|opt|var|mnt)/[^"\s]*', text)
    assert socket.gethostname() not in {device.state.hostname for device in shipped.devices}
    assert {device.state.hostname for device in shipped.devices} == {scrub.HOST}
    assert all(device.state.name.startswith(scrub.PREFIX) for device in shipped.devices)
    assert set(re.findall(r'"boot_id":"([^"]*)"', text)) == {scrub.BOOT_ID}
    assert not re.findall(r"@[a-z0-9-]+\.[a-z]{2,}", text)


def test_what_the_page_shows_equals_the_recorded_results(shipped: Recording, browser: TestClient) -> None:
    newest: dict[tuple[str, str], rest.StoredResult] = {}
    for stored in shipped.results:
        if not stored.result.config.evaluation_set:
            newest[stored.result.device_id, stored.result.model_id] = stored
    cells = browser.get("/api/v1/compare").json()["cells"]
    assert {(cell["device_id"], cell["model_id"]): cell["result_id"] for cell in cells} == {
        key: stored.result.result_id for key, stored in newest.items()
    }
    for cell in cells:
        result = newest[cell["device_id"], cell["model_id"]].result
        assert {name: row["value"] for name, row in cell["metrics"].items()} == {
            row.metric: row.value for row in result.metrics
        }
        assert cell["received_s"] == newest[cell["device_id"], cell["model_id"]].received_s
    for stored in shipped.results:
        found = browser.get(f"/api/v1/results/{stored.result.result_id}").json()
        assert msgspec.convert(found, rest.StoredResult) == stored
    assert {job["state"] for job in _jobs(browser)} <= {"measured", "failed"}


def _jobs(browser: TestClient) -> list[dict[str, object]]:
    found = browser.get("/api/v1/jobs").json()
    assert len(found["entries"]) == found["total"]
    return [entry["job"] for entry in found["entries"]]


def test_it_has_a_language_model_evaluations_and_judged_gates(browser: TestClient) -> None:
    lines = browser.get("/api/v1/runs?limit=1000").json()
    assert {line["lead"]["metric"] for line in lines if line["lead"]} >= {"latency_p50_ms", "decode_tokens_per_s"}
    assert {line["set_name"] for line in lines} >= {"digits", "capitals-en"}
    assert {row["gate"] for row in browser.get("/api/v1/quality").json()} >= {"passes", "undecided"}


def test_every_page_says_that_it_is_recorded(shipped: Recording, browser: TestClient) -> None:
    cell = browser.get("/api/v1/compare").json()["cells"][0]
    run = shipped.results[0].result
    pages = [
        *("/", "/matrix", "/jobs", "/ready", "/predictions", "/flash", "/sets", "/settings", "/report"),
        *(f"/runs/{run.result_id}", f"/devices/{run.device_id}", f"/models/{run.model_id}", "/no-such-page"),
        f"/cells/{cell['device_id']}/{cell['model_id']}/{cell['config_key']}",
        f"/campaigns/{shipped.campaigns[0][0].campaign_id}",
    ]
    for path in pages:
        text = browser.get(path).text
        if path not in ("/matrix", "/no-such-page"):  # a part of a page, and an answer of the API's kind
            assert "<b>Recorded.</b>" in text, path
            assert shipped.about in text, path
    table = msgspec.json.decode(browser.get("/api/v1/compare").content, type=rest.CompareTable)
    assert table.recorded == shipped.about
    assert {device.tag for device in table.devices} == {"recorded", "emulated, recorded"}
    assert "recorded-demo-machine" in render(table, "table", 110)


def test_nothing_can_be_changed(shipped: Recording, browser: TestClient) -> None:
    run = shipped.results[0].result
    for path in (
        "/flash",
        "/cells/run",
        f"/runs/{run.result_id}/delete",
        "/jobs/retry",
        f"/devices/{run.device_id}/name",
    ):
        answer = browser.post(path, data={"name": "mine"})
        assert (answer.status_code, "<b>Recorded.</b>" in answer.text) == (403, True), path
        assert "Start a hub of your own" in answer.text
    for method, path in (
        ("POST", "/api/v1/campaigns"),
        ("PUT", f"/api/v1/blobs/{'0' * 64}"),
        ("DELETE", f"/api/v1/results/{run.result_id}"),
        ("GET", "/api/v1/bootstrap"),
    ):
        answer = browser.request(method, path, content=b"{}" if method != "GET" else None)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "recorded_hub"), path
    assert len(browser.get("/api/v1/results").json()) == len(shipped.results)


def test_a_hub_is_recorded_without_its_hosts_and_shown_again(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    with stores.opened(tmp_path / "from") as store:
        fleet.fill(store.writer, fleet.typical())
        results = store.reader.results()
    made = record.record(tmp_path / "from", "Measured for a test.")
    file = tmp_path / "file.gz"
    recording.write(file, made)
    assert recording.read(file) == made
    assert {device.state.hostname for device in made.devices} == {scrub.HOST}
    shown = HubSettings(data=tmp_path / "shown")
    shown.data.mkdir()
    with hub.showing(shown, made) as running:
        again = running.reader.results()
        assert [one.result.metrics for one in again] == [one.result.metrics for one in results]
        with pytest.raises(EdgeprofError, match="recorded") as refused:
            running.writer.call(lambda store: store.mark_all_offline())
        assert refused.value.code == "recorded_hub"


def test_a_file_that_is_no_recording_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "odd.gz"
    for content in (b"", b"not compressed"):
        file.write_bytes(content)
        with pytest.raises(EdgeprofError, match="not a recording") as refused:
            recording.read(file)
        assert refused.value.code == "recording_unreadable"


def test_a_newer_recording_is_refused(tmp_path: Path, shipped: Recording) -> None:
    file = tmp_path / "newer.gz"
    recording.write(file, replace(shipped, form=recording.FORM + 1))
    with pytest.raises(EdgeprofError, match="newer edgeprof"):
        recording.read(file)


@pytest.mark.parametrize(("release", "shown"), [("6.1.0-28-amd64", "6.1"), ("6.18.44-x-v7", "6.18"), ("5", "5")])
def test_a_kernel_keeps_its_series_only(release: str, shown: str) -> None:
    assert scrub.kernel(release) == shown
