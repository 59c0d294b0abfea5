"""A run as a trace: events by the rules of the Trace Event Format, with the figures of the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from tests.hub import fleet, live, realistic, stores

REQUIRED = {
    "M": {"name", "ph", "pid", "args"},
    "C": {"name", "ph", "pid", "ts", "args"},
    "X": {"name", "ph", "pid", "tid", "ts", "dur"},
}


@pytest.fixture
def made() -> fleet.Fleet:
    return realistic.typical()


@pytest.fixture
def client(tmp_path: Path, made: fleet.Fleet) -> Iterator[TestClient]:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, made)
    fleet.keep_artifacts(tmp_path, made)
    app = create_app(HubSettings(data=tmp_path, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


def test_every_event_has_what_its_phase_needs_and_the_samples_are_there(client: TestClient, made: fleet.Fleet) -> None:
    result = made.results[0]
    answer = client.get(f"/api/v1/results/{result.result_id}/perfetto")
    assert "°C" in answer.text  # Perfetto would show an escape as it is written
    events = answer.json()["traceEvents"]
    for event in events:
        assert REQUIRED[event["ph"]] <= set(event)
        assert all(isinstance(event[name], int | float) and event[name] >= 0 for name in ("ts", "dur") if name in event)
    counters = {event["name"] for event in events if event["ph"] == "C"}
    assert {"Temperature, °C: cpu-thermal", "Cores in use, cores: the model"} <= counters
    slices = [event for event in events if event["ph"] == "X"]
    assert slices
    ends = [event["ts"] + event["dur"] for event in slices if event["tid"] == 1]
    assert ends == sorted(ends)
    assert client.get("/api/v1/results/nothing/perfetto").status_code == 404
