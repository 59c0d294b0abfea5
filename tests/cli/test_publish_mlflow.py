"""Results into MLflow: against a server that keeps what it gets, and in the full tier against MLflow itself."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from edgeprof.publish import mlflow
from edgeprof.publish.mlflow import PARAMS, TAGS, Mlflow, MlflowError
from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.live import Live

CNN = fleet.model("cnn", "cnn")


class Tracker(HTTPServer):
    """MLflow's REST API as far as it is used, recorded against MLflow 3.17.2; `fails_at`: the call that breaks."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.runs: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, str] = {}
        self.experiments: list[str] = []
        self.calls = 0
        self.fails_at = -1

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, object]:
        self.calls += 1
        if self.calls == self.fails_at:
            return 500, {"error_code": "INTERNAL_ERROR", "message": "the disk is full"}
        match path:
            case "experiments/get-by-name":
                known = {"experiment": {"experiment_id": "1"}}
                missing = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such experiment"}
                return (200, known) if self.experiments else (404, missing)
            case "experiments/create":
                self.experiments.append(body["name"])
                return 200, {"experiment_id": "1"}
            case "experiments/get":
                tags = [{"key": key, "value": value} for key, value in self.tags.items()]
                return 200, {"experiment": {"experiment_id": "1", "tags": tags}}
            case "experiments/set-experiment-tag":
                self.tags[body["key"]] = body["value"]
            case "runs/create":
                run_id = f"r{len(self.runs)}"
                self.runs[run_id] = {"tags": {tag["key"]: tag["value"] for tag in body["tags"]}, "metrics": {}}
                return 200, {"run": {"info": {"run_id": run_id}}}
            case "runs/log-batch":
                run = self.runs[body["run_id"]]
                run["metrics"] |= {metric["key"]: metric["value"] for metric in body["metrics"]}
                run["params"] = {param["key"]: param["value"] for param in body["params"]}
            case "runs/update":
                self.runs[body["run_id"]]["status"] = body["status"]
            case _:
                return 404, {}
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    def _do(self) -> None:
        tracker = self.server
        assert isinstance(tracker, Tracker)
        length = int(self.headers.get("Content-Length") or 0)
        body: dict[str, Any] = json.loads(self.rfile.read(length)) if length else {}
        path = self.path.partition("?")[0].removeprefix("/api/2.0/mlflow/")
        status, answer = tracker.answer(path, body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _do

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with Tracker() as opened:
        thread = threading.Thread(target=opened.serve_forever, daemon=True)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


@pytest.fixture
def filled(hub: Live) -> fleet.Fleet:
    results = [fleet.result(1, CNN, fleet.vision_rows(4.0 + number, 0.1)) for number in range(3)]
    failed = fleet.result(1, CNN, failure=fleet.UNSUPPORTED)
    of = fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], [CNN], [*results, failed])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    return of


def test_each_result_is_a_run_and_only_new_ones_are_sent(run: Run, tracker: Tracker, filled: fleet.Fleet) -> None:
    sent = run("publish", "mlflow", "--uri", tracker.uri)
    assert sent.out == f"4 results sent to {tracker.uri}, experiment edgeprof.\n"
    runs = list(tracker.runs.values())
    assert [one["tags"]["edgeprof.result_id"] for one in runs] == [result.result_id for result in filled.results]
    assert [one["metrics"].get("latency_p50_ms") for one in runs] == [4.0, 5.0, 6.0, None]
    assert runs[0]["metrics"]["latency_p50_ms.ci_low"] == pytest.approx(3.9)
    assert runs[0]["params"]["runtime"] == "onnxruntime"
    assert [one["status"] for one in runs] == ["FINISHED", "FINISHED", "FINISHED", "FAILED"]
    assert runs[3]["tags"]["edgeprof.failure_code"] == "operator_unsupported"
    assert run("publish", "mlflow", "--uri", tracker.uri).out.startswith("0 results sent")
    assert len(tracker.runs) == 4


def test_what_mlflow_cannot_hold_is_named_in_a_tag(tracker: Tracker) -> None:
    """MLflow 3.17.2 turns an infinity into 1.8e308 and cuts a long parameter, both without a word."""
    row = dict.fromkeys((*PARAMS, *TAGS)) | {
        **{"seq": 7, "received_s": 1.0, "status": "measured", "device_id": "d-1", "model": "cnn", "device": "pi"},
        **{"metric": "latency_p50_ms", "value": 4.0, "ci_low": float("-inf"), "ci_high": float("inf")},
        "provider": "x" * 7000,
    }
    Mlflow(tracker.uri, "edgeprof").publish([row])
    (sent,) = tracker.runs.values()
    assert sent["metrics"] == {"latency_p50_ms": 4.0}
    assert sent["tags"]["edgeprof.not_finite"] == "latency_p50_ms.ci_low, latency_p50_ms.ci_high"
    assert sent["tags"]["edgeprof.shortened"] == "provider"
    assert (len(sent["params"]["provider"]), sent["params"]["provider"][-13:]) == (5000, "… (shortened)")
    assert set(sent["tags"]) >= {"edgeprof.status", "edgeprof.device"}


def test_a_publish_that_broke_off_goes_on(run: Run, tracker: Tracker, filled: fleet.Fleet) -> None:
    tracker.fails_at = 10
    broken = run("publish", "mlflow", "--uri", tracker.uri)
    assert broken.refused_with("internal_error")
    assert "the disk is full" in broken.err
    assert run("publish", "mlflow", "--uri", tracker.uri).code == 0
    finished = [one["tags"]["edgeprof.result_id"] for one in tracker.runs.values() if "status" in one]
    assert finished == [result.result_id for result in filled.results]


def test_a_tracker_that_is_down_is_one_sentence(run: Run, filled: fleet.Fleet) -> None:
    assert run("publish", "mlflow", "--uri", "http://127.0.0.1:1").refused_with("mlflow_unreachable")


@pytest.fixture(scope="session")
def python() -> Path:
    """Of the session, as `run` moves the cache: else MLflow would be installed for each test."""
    from benchmarks.mlflow_peer import mlflow_python

    return mlflow_python()


@pytest.mark.full
def test_mlflow_itself_has_what_was_sent(python: Path, run: Run, filled: fleet.Fleet, tmp_path: Path) -> None:
    from benchmarks.mlflow_peer import mlflow_on, post

    with mlflow_on(python, tmp_path) as (uri, _):
        assert run("publish", "mlflow", "--uri", uri).code == 0
        assert run("publish", "mlflow", "--uri", uri).out.startswith("0 results sent")
        assert Mlflow(uri, "edgeprof").last_seq() == 4
        found: Any = post(uri, "runs/search", {"experiment_ids": ["1"], "order_by": ["metrics.latency_p50_ms ASC"]})
        values = [{each["key"]: each["value"] for each in one["data"].get("metrics", [])} for one in found["runs"]]
        assert sorted(each["latency_p50_ms"] for each in values if each) == [4.0, 5.0, 6.0]
        assert {one["info"]["status"] for one in found["runs"]} == {"FINISHED", "FAILED"}


def test_an_answer_that_never_ends_is_not_held(run: Run, tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a good answer nor a refusal: some other server may be at that address."""
    monkeypatch.setattr(mlflow, "MAX_ANSWER_BYTES", 2000)
    for status in (200, 500):
        long: tuple[int, object] = (status, {"experiment": "x" * 4000})
        monkeypatch.setattr(tracker, "answer", Mock(return_value=long))
        with pytest.raises(MlflowError) as caught:
            Mlflow(tracker.uri, "edgeprof")
        assert caught.value.code == ("mlflow_unreachable" if status == 200 else "mlflow_refused")
        if status == 200:
            assert "longer than 2 KiB" in caught.value.message
