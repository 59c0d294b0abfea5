"""The agent's and the runner's units under a real systemd: real models, and harmless attempts to get out."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from edgeprof.wire.guards import is_full
from tests.agent import systemd_here
from tests.agent.systemd_here import booted

CLIENT = Path(__file__).with_name("runner_client.py")
pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Any]]:
    if reason := systemd_here.why_not():
        pytest.skip(reason)
    with booted(tmp_path_factory.mktemp("systemd"), CLIENT) as systemd:
        done = systemd.call("systemctl", "start", "edgeprof-agent.service")
        log = systemd.folder / "log"
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
        yield json.loads(systemd.call("cat", "/var/lib/private/edgeprof-agent/told.json").stdout)


def test_real_models_have_the_same_figures_in_the_unit(told: dict[str, Any]) -> None:
    tails = {"latency_p99_ms", "latency_p999_ms"}
    for name, run in told["runs"].items():
        assert run["failure"] is None, (name, run)
        assert is_full(run["isolation"]["layers"]), run["isolation"]
        assert "systemd_runner" in run["isolation"]["layers"]
        outside, inside = (set(metrics) - tails for metrics in run["metrics"])
        assert inside == outside


def test_a_worker_in_the_unit_gets_nowhere(told: dict[str, Any]) -> None:
    found = json.loads(told["attempts"]["lines"][0])
    assert found.pop("read_model") > 0
    assert found.pop("environment") == {"EDGEPROF_TOKEN": None, "ORT_DISABLE_TELEMETRY": "1"}
    assert found.pop("others") is not None
    assert all(outcome in REFUSALS for outcome in found.values()), found


REFUSALS = {"ConnectionRefusedError", "FileNotFoundError", "PermissionError", "OSError"}


def test_how_a_worker_ended_is_told_by_its_runner(told: dict[str, Any]) -> None:
    assert (told["crash"]["ending"], told["crash"]["signal"]) == ("exited", "SIGSEGV")


def test_a_worker_that_leaks_ends_at_its_limit(told: dict[str, Any]) -> None:
    assert told["leak"]["ending"] == "memory" or "MemoryError" in told["leak"]["log"]


def test_what_a_worker_leaves_behind_ends_with_its_unit(told: dict[str, Any]) -> None:
    assert (told["daemon"]["ending"], told["daemon"]["exit"]) == ("exited", 0)
    assert told["daemon"]["strays"] == 1
    assert "unit_cgroup" in told["daemon"]["layers"]
    assert told["daemon"]["left"] == 0
    assert told["seen_after"] == []


def test_a_unit_that_reaches_its_own_memory_limit_reports_it(told: dict[str, Any]) -> None:
    if told["unit_leak"] is None:
        pytest.skip("this kernel's version 2 of cgroups has no memory controller")
    assert told["unit_leak"]["signal"] == "SIGKILL"
    assert "MemoryMax=" in told["unit_leak"]["evidence"]
