"""What Prometheus scrapes, read by its own parser; and that the dashboard asks for nothing else."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi.testclient import TestClient
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.exports import open_metrics
from tests.hub import fleet, live, stores

DASHBOARD = Path(__file__).parents[2] / "hub" / "grafana" / "edgeprof.json"
PARSE = cast(Callable[[str], Iterable[Metric]], getattr(parser, "text_string_to_metric_families"))  # noqa: B009
LABELS = open_metrics.LABELS
HOSTILE = 'a"b\\c\nd 🦊'


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    made = fleet.typical()
    made.states.append(fleet.state(3, HOSTILE))
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, made)
    app = create_app(HubSettings(data=tmp_path, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1") as opened:
        yield opened


def scraped(client: TestClient) -> dict[str, dict[tuple[str, ...], float]]:
    answer = client.get("/api/v1/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    return {
        family.name: {
            tuple(
                sample.labels[name] for name in (LABELS if "device" in sample.labels else sample.labels)
            ): sample.value
            for sample in family.samples
        }
        for family in PARSE(answer.text)
    }


def test_the_state_and_the_newest_figures_are_scraped(client: TestClient) -> None:
    found = scraped(client)
    assert found["edgeprof_devices"] == {("offline",): 3.0}  # none of them has connected to this hub
    assert found["edgeprof_results"] == {(): 8.0}
    assert found["edgeprof_open_jobs"] == {("queued",): 1.0}
    p50 = {labels[:2]: value for labels, value in found["edgeprof_latency_p50_ms"].items()}
    assert p50[("pi5-kitchen", "digits-cnn int8")] == 0.254
    played = {labels[0]: labels[-1] for labels in found["edgeprof_latency_p50_ms"]}
    assert played == {"pi5-kitchen": "", "phone": "emulated"}
    assert found["edgeprof_series_left_out"] == {(): 0.0}


def test_what_is_too_much_is_left_out_and_counted(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sum(
        len(found) for name, found in scraped(client).items() if name.removeprefix("edgeprof_") in open_metrics.EXPOSED
    )
    monkeypatch.setattr(open_metrics, "MAX_SERIES", 3)
    found = scraped(client)
    shown = sum(len(each) for name, each in found.items() if name.removeprefix("edgeprof_") in open_metrics.EXPOSED)
    assert (shown, found["edgeprof_series_left_out"][()]) == (3, whole - 3)


def test_the_dashboard_asks_only_for_what_there_is(client: TestClient) -> None:
    document = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in document["panels"] for target in panel["targets"]]
    asked += [item["query"] for item in document["templating"]["list"] if item["type"] == "query"]
    names = {name.removesuffix("_total") for text in asked for name in re.findall(r"edgeprof_\w+", text)}
    offered = {f"edgeprof_{name}" for name in open_metrics.EXPOSED} | set(scraped(client))
    assert names <= offered | {"edgeprof_regressions"}
