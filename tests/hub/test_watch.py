"""A slow result is run again; only a second slow one is a regression, and then people are told."""

import json
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edgeprof.errors import UsageError
from edgeprof.net.backoff import Backoff
from edgeprof.wire import messages as m
from edgeprof.wire import rest, topics
from edgeprof_hub import notices
from tests.hub import fleet, stores
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving

CNN = fleet.model("cnn", "cnn")
BEFORE_MS = (4.0, 4.02, 3.99, 4.01, 4.0, 4.03)
SLOW_MS = 6.0


class Webhook(HTTPServer):
    """Keeps what is posted; refuses the first `refused` posts."""

    def __init__(self, refused: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.refused = refused

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?secret=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook = self.server
        assert isinstance(hook, Webhook)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hook.refused -= 1
        if hook.refused < 0:
            hook.bodies.append(body)
        self.send_response(204 if hook.refused < 0 else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def listening(refused: int = 0) -> Generator[Webhook]:
    with Webhook(refused) as hook:
        thread = threading.Thread(target=hook.serve_forever, daemon=True)
        thread.start()
        yield hook
        hook.shutdown()
        thread.join()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    monkeypatch.setattr(notices, "RETRY", Backoff(0.01, 0.01))
    with listening(refused=1) as opened:
        yield opened


@pytest.fixture
def served(tmp_path: Path, hook: Webhook) -> Iterator[Live]:
    with serving(tmp_path / "data", webhooks=(hook.url,)) as live:
        live.hub.writer.call(lambda store: store.save_model(CNN))
        yield live


@pytest.fixture
def agent(served: Live) -> Iterator[FakeAgent]:
    with FakeAgent(served.hub.endpoint.port) as connected:
        eventually(lambda: [device.facts for device in served.client.devices()] not in ([], [None]))
        yield connected


def run(ms: float, **changes: object) -> m.Result:
    made = fleet.result(1, CNN, fleet.vision_rows(ms, ms * 0.01))
    return replace(made, **changes)  # pyright: ignore[reportArgumentType]


def post(agent: FakeAgent, *results: m.Result) -> None:
    for result in results:
        agent.post(result)
        agent.wait_until_empty()


def rerun_of(agent: FakeAgent) -> m.Job:
    """The job by which the hub runs something again."""
    eventually(lambda: agent.got(m.Job))
    return agent.got(m.Job)[-1]


def found(live: Live) -> list[rest.Regression]:
    return live.hub.reader.history.regressions()


def suspected(live: Live, agent: FakeAgent) -> m.Job:
    """Six runs alike and a slow one: the hub wants it once more."""
    post(agent, *(run(ms) for ms in BEFORE_MS))
    assert found(live) == []
    post(agent, run(SLOW_MS))
    job = rerun_of(agent)
    eventually(lambda: [item.state for item in found(live)] == ["suspected"])
    return job


def answer(job: m.Job, ms: float) -> m.Result:
    return run(ms, job_id=job.job_id, attempt=job.attempt)


def test_a_regression_is_told_only_after_a_second_slow_run(served: Live, agent: FakeAgent, hook: Webhook) -> None:
    heard: list[bytes] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
    client.connect("127.0.0.1", served.hub.endpoint.port)
    client.subscribe(topics.notices("home"), 1)
    client.loop_start()
    job = suspected(served, agent)
    assert hook.bodies == []
    post(agent, answer(job, SLOW_MS * 1.01))
    eventually(lambda: [item.state for item in found(served)] == ["confirmed"])
    eventually(lambda: hook.bodies and heard)
    client.disconnect()
    client.loop_stop()
    notice = json.loads(hook.bodies[0])
    assert json.loads(heard[0]) == notice
    assert notice["kind"] == "regression"
    assert notice["ratio"] == pytest.approx(1.51, abs=0.02)
    assert notice["sentence"].startswith("cnn on agent-1 is 5")
    assert "than its previous 6 runs" in notice["sentence"]
    text = served.app_get(notice["path"])
    assert "confirmed by a second run" in text
    assert "regression, \\u00d71.5" in text


def test_a_slow_run_that_the_second_does_not_confirm_is_no_regression(
    served: Live, agent: FakeAgent, hook: Webhook
) -> None:
    post(agent, answer(suspected(served, agent), 4.01))
    eventually(lambda: [item.state for item in found(served)] == ["not_confirmed"])
    assert hook.bodies == []


def test_where_the_second_run_fails_it_stays_unclear(served: Live, agent: FakeAgent, hook: Webhook) -> None:
    job = suspected(served, agent)
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    post(agent, replace(failed, job_id=job.job_id, attempt=job.attempt))
    eventually(lambda: [item.state for item in found(served)] == ["unclear"])
    assert hook.bodies == []


def test_a_changed_runtime_is_named_though_the_suspect_has_it_too(
    served: Live, agent: FakeAgent, hook: Webhook
) -> None:
    def newer(result: m.Result) -> m.Result:
        assert result.effective is not None
        return replace(result, effective=replace(result.effective, runtime_version="1.24.0"))

    post(agent, *(run(ms) for ms in BEFORE_MS), newer(run(SLOW_MS)))
    job = rerun_of(agent)
    post(agent, newer(answer(job, SLOW_MS)))
    eventually(lambda: [item.state for item in found(served)] == ["confirmed"])
    assert found(served)[0].sentence.endswith("Runtime changed from onnxruntime 1.23.2 to onnxruntime 1.24.0.")


def test_a_suspicion_is_settled_however_many_results_came_in_between(
    served: Live, agent: FakeAgent, hook: Webhook
) -> None:
    job = suspected(served, agent)
    post(agent, *(run(4.0 + number / 1000) for number in range(25)))
    post(agent, answer(job, SLOW_MS))
    eventually(lambda: [item.state for item in found(served)] == ["confirmed"])


def test_where_the_runs_before_are_gone_it_stays_unclear(served: Live, agent: FakeAgent, hook: Webhook) -> None:
    job = suspected(served, agent)
    for stored in served.hub.reader.history.before(found(served)[0].suspect_id, 100):
        served.client.delete("results", stored.result.result_id)
    post(agent, answer(job, SLOW_MS))
    eventually(lambda: [item.state for item in found(served)] == ["unclear"])
    assert hook.bodies == []


def test_after_a_regression_the_slow_speed_is_the_measure(served: Live, agent: FakeAgent, hook: Webhook) -> None:
    post(agent, answer(suspected(served, agent), SLOW_MS))
    eventually(lambda: [item.state for item in found(served)] == ["confirmed"])
    jobs = len(agent.got(m.Job))
    post(agent, run(SLOW_MS * 1.001), run(SLOW_MS * 1.002))
    agent.give_time()
    assert (len(found(served)), len(agent.got(m.Job))) == (1, jobs)


@pytest.mark.parametrize(
    "results",
    [
        [run(ms) for ms in (*BEFORE_MS, 3.0)],
        [run(ms) for ms in (*BEFORE_MS, 4.05)],
        [run(ms, emulated=True) for ms in (*BEFORE_MS, SLOW_MS)],
        [run(4.0), run(4.2)],
    ],
    ids=["faster", "no difference", "emulated", "too few runs for so little"],
)
def test_nothing_is_suspected_without_a_verdict(served: Live, agent: FakeAgent, results: list[m.Result]) -> None:
    post(agent, *results)
    agent.give_time()
    assert found(served) == []
    assert agent.got(m.Job) == []


def test_a_suspicion_is_settled_though_the_hub_was_away(tmp_path: Path) -> None:
    """The re-run's result comes to a hub that stops before it has looked at it; the next one looks."""
    with serving(tmp_path / "data") as live:
        live.hub.writer.call(lambda store: store.save_model(CNN))
        with FakeAgent(live.hub.endpoint.port) as agent:
            eventually(lambda: [device.facts for device in live.client.devices()] not in ([], [None]))
            job = suspected(live, agent)
        late = answer(job, SLOW_MS)
    with stores.opened(tmp_path / "data") as store:
        store.writer.save_result(late, "0" * 64, fleet.NOW_S)
    with serving(tmp_path / "data") as live:
        eventually(lambda: [item.state for item in found(live)] == ["confirmed"])


def test_the_end_of_a_campaign_is_told_once(served: Live, agent: FakeAgent, hook: Webhook) -> None:
    request = rest.CampaignRequest(model_ids=(CNN.model_id,), device_ids=(agent.device_id,), repeats=2)
    campaign = served.client.start_campaign(request)
    eventually(lambda: len(agent.got(m.Job)) == 2)
    first, second = agent.got(m.Job)
    post(agent, answer(first, 4.0))
    agent.give_time()
    assert hook.bodies == []
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    post(agent, replace(failed, job_id=second.job_id, attempt=second.attempt))
    eventually(lambda: hook.bodies)
    (notice,) = map(json.loads, hook.bodies)
    assert (notice["kind"], notice["campaign_id"]) == ("campaign_ended", campaign.campaign_id)
    assert notice["sentence"] == "Campaign of 2 jobs finished: 1 measured, 1 failed."


@pytest.mark.parametrize("url", ["ftp://x/y", "hook", "http://", ""])
def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not a webhook address"):
        notices.check_url(url)


def test_the_settings_page_says_how_the_webhook_fares_and_keeps_its_secret(
    served: Live, agent: FakeAgent, hook: Webhook
) -> None:
    post(agent, answer(suspected(served, agent), SLOW_MS))
    eventually(lambda: hook.bodies)
    eventually(lambda: "delivered" in served.app_get("/settings"))
    text = served.app_get("/settings")
    assert f"http://127.0.0.1:{hook.server_port}/…" in text
    assert "secret=1" not in text
