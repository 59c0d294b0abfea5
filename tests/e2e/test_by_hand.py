"""The same as the demo, by hand: a hub with a token on mosquitto, an agent, and the commands that a person types."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof.client.http_client import HubClient
from tests.e2e.farm import Farm

TOKEN = "a-token-for-this-test-only"

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def guarded(empty_farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Farm:
    """A hub with a token whose broker is mosquitto, and the agent `alpha`."""
    monkeypatch.setenv("EDGEPROF_TOKEN", TOKEN)
    monkeypatch.setenv("EDGEPROF_HUB", empty_farm.client.url)
    empty_farm.client = HubClient(empty_farm.client.url, TOKEN)
    empty_farm.start_hub("--broker", "mosquitto")
    empty_farm.start_agent("alpha")
    empty_farm.device("alpha")
    return empty_farm


def edgeprof(*arguments: str, code: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "edgeprof", *arguments], capture_output=True, text=True, timeout=180)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_person_flashes_compares_renames_and_deletes(guarded: Farm, bundled: Path) -> None:
    said = edgeprof(
        "flash", str(bundled / "digits-cnn-int8.onnx"), "--to", "alpha", "--threads", "1", "--name", "digits"
    )
    assert "measured" in said
    rows = list(csv.DictReader(io.StringIO(edgeprof("compare", "--format", "csv"))))
    assert {(row["device"], row["model"]) for row in rows} == {("alpha", "digits")}
    assert {"latency_p50_ms", "peak_memory_mib"} <= {row["metric"] for row in rows}
    table = json.loads(edgeprof("compare", "--format", "json"))
    result_id = table["cells"][0]["result_id"]

    edgeprof("rename", "device", "alpha", "kitchen-pi")
    edgeprof("rename", "model", "digits", "digits-int8")
    edgeprof("price", "kitchen-pi", "80", "--source", "a shop, 2026-11")
    text = edgeprof("compare")
    assert "kitchen-pi" in text
    assert "digits-int8" in text
    assert json.loads(edgeprof("compare", "--format", "json"))["cells"][0]["cost"]["edge_usd"] > 0

    edgeprof("delete", "result", result_id, "--yes")
    assert "0 measured" in edgeprof("compare") or not guarded.client.compare().cells
    edgeprof("delete", "model", "digits-int8", "--yes")
    assert guarded.client.models() == []
    guarded.agents["alpha"].stop()
    edgeprof("delete", "device", "kitchen-pi", "--yes")
    assert guarded.client.devices() == []


def test_without_the_token_nothing_is_told(guarded: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPROF_TOKEN", "another-token-altogether")
    assert "alpha" not in edgeprof("devices", code=1)
    monkeypatch.delenv("EDGEPROF_TOKEN")
    assert "alpha" not in edgeprof("compare", code=1)
