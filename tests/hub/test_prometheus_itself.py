"""The metrics as Prometheus itself scrapes them, and every question of the Grafana dashboard answered by it."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import find_program
from tests.hub import fleet
from tests.hub.live import Live, free_port, serving

pytestmark = [pytest.mark.full, pytest.mark.prometheus]

DASHBOARD = Path(__file__).parents[2] / "hub" / "grafana" / "edgeprof.json"
ANSWERED = {"Devices", "Latency, p50", "Decode", "Peak memory", "Open jobs", "Confirmed regressions"}
"""Panels that a fleet of two scrapes and without energy must fill; the others need a day, or a meter."""
PATIENCE_S = 60.0

Query = Callable[[str], list[dict[str, Any]]]


@contextmanager
def prometheus(live: Live, folder: Path) -> Generator[Query]:
    """A real Prometheus that scrapes the hub once a second; gives what asks it."""
    port = free_port()
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {
                "job_name": "edgeprof",
                "metrics_path": "/api/v1/metrics",
                "static_configs": [{"targets": [live.url.removeprefix("http://")]}],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    command = [
        find_program("prometheus") or "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(question: str) -> list[dict[str, Any]]:
        address = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(question)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]["result"]

    try:
        yield ask
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def query(tmp_path: Path) -> Iterator[Query]:
    with serving(tmp_path / "hub") as live:
        live.hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
        (tmp_path / "prometheus").mkdir()
        with prometheus(live, tmp_path / "prometheus") as ask:
            yield ask


def _eventually(ask: Query, question: str) -> list[dict[str, Any]]:
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        try:
            if found := ask(question):
                return found
        except OSError:
            pass  # it is starting
        time.sleep(0.3)
    raise AssertionError(f"Prometheus never answered {question}")


def test_prometheus_takes_the_metrics_and_answers_every_panel(query: Query) -> None:
    (up,) = _eventually(query, "up == 1")
    assert up["metric"]["job"] == "edgeprof"
    (latency,) = [
        found
        for found in _eventually(query, 'edgeprof_latency_p50_ms{device="pi5-kitchen",quantization="fp32"}')
        if found["metric"]["model"] == "digits-cnn fp32"
    ]
    assert float(latency["value"][1]) == pytest.approx(0.412)
    everything = {"$device": ".*", "$family": ".*"}
    asked: set[str] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            question = target["expr"]
            for variable, value in everything.items():
                question = question.replace(variable, value)
            found = query(question)  # what is no question is an HTTP error
            if panel["title"] in ANSWERED:
                assert found, panel["title"]
            asked.add(panel["title"])
    assert asked >= ANSWERED
