"""Fit verdicts of a hub: by REST, in the flash dialogue, and the predicted peak on a run's page."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import edgeprof_exports
from edgeprof.fit.score import fit_score
from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.record import Labels, record_of_file
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.evidence import MemoryPhase, MemoryProfile
from edgeprof_agent.runtimes.llama.tiny_gguf import write_tiny_gguf
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually

BUNDLED = Path(edgeprof_exports.__path__[0]) / "bundled"


@pytest.fixture
def model(live: Live) -> rest.ModelRecord:
    return added(live, BUNDLED / "digits-cnn-int8.onnx")


def added(live: Live, path: Path) -> rest.ModelRecord:
    file = inspect(path)
    return live.client.add_model(file, record_of_file(file, path, Labels()))


def asked(live: Live, **query: object) -> Any:
    return json.loads(live.app_get(f"/api/v1/fit?{urlencode(query, doseq=True)}"))


def test_a_device_is_judged_by_its_own_memory(live: Live, agent: FakeAgent, model: rest.ModelRecord) -> None:
    answer = asked(live, model=model.model_id)
    (verdict,) = answer["verdicts"]
    assert (verdict["outcome"], verdict["method"], verdict["runtime"]) == ("fits", "formula", "onnxruntime")
    assert sum(part["mib"] for part in verdict["parts"]) == pytest.approx(verdict["peak_mib"])
    assert verdict["limit_mib"] > verdict["peak_mib"]
    assert answer["score"]["pairs"] == fit_score().pairs


def test_boards_that_nobody_owns_are_judged_by_their_profiles(live: Live, model: rest.ModelRecord) -> None:
    found = asked(live, model=model.model_id, profile=["rpi-zero2w", "pixel-8", "arm64-generic"])["verdicts"]
    assert [each["outcome"] for each in found] == ["fits", "does not fit", "cannot tell"]
    assert "No memory size" in found[2]["sentence"]


def test_a_context_is_counted_and_held_against_training(live: Live, tmp_path: Path) -> None:
    text = added(live, write_tiny_gguf(tmp_path / "tiny.gguf"))
    short, long = (
        asked(live, model=text.model_id, profile="rpi-5-8", context_tokens=tokens)["verdicts"][0]
        for tokens in (256, 2048)
    )
    assert (short["outcome"], long["outcome"]) == ("fits", "does not fit")
    assert long["peak_mib"] > short["peak_mib"]


@pytest.mark.parametrize("query", [{"model": "0" * 64}, {"profile": "no-such-board"}, {"device": "d-none"}])
def test_what_the_hub_does_not_know_is_not_found(live: Live, model: rest.ModelRecord, query: dict[str, str]) -> None:
    with live.http("GET", f"/fit?{urlencode({'model': model.model_id, **query})}") as answer:
        assert answer.status == 404
        assert b"not_found" in answer.read()


def test_the_flash_dialogue_says_it_beside_each_device(live: Live, agent: FakeAgent, model: rest.ModelRecord) -> None:
    page = live.app_get(f"/flash?model={model.model_id}")
    (note,) = re.findall(r'<small class="fit" data-fit="([^"]+)" data-outcome="([^"]+)">\s*([^<]+)', page)
    assert note[:2] == (agent.device_id, "fits")
    assert note[2].startswith("✓ fits")
    assert "data-outcome" not in live.app_get("/flash")


def test_a_run_shows_its_predicted_peak_beside_the_measured_one(
    live: Live, agent: FakeAgent, model: rest.ModelRecord
) -> None:
    agent.post(measured(model, 1, 60.0))
    eventually(lambda: live.client.compare().cells)
    run = live.app_get(f"/runs/{live.client.compare().cells[0].result_id}")
    assert re.search(r"<b>60.0 MiB</b> measured.*predicted.*by\s+formula", run, re.DOTALL)
    with FakeAgent(live.hub.endpoint.port, number=2) as other:
        eventually(lambda: len(live.client.devices()) == 2)
        other.post(measured(model, 2, 66.0))
        eventually(lambda: len(live.client.compare().cells) == 2)
        found = {cell.device_id: cell.result_id for cell in live.client.compare().cells}
        run = live.app_get(f"/runs/{found[other.device_id]}")
    shown = r"<b>66.0 MiB</b> measured.*60.0 MiB.*by\s+similar runs on other devices\s+\(-9 %\)"
    assert re.search(shown, run, re.DOTALL)
    verdicts = asked(live, model=model.model_id)["verdicts"]
    assert {each["method"] for each in verdicts} == {"measured"}


def measured(model: rest.ModelRecord, number: int, peak_mib: float) -> m.Result:
    """A run with a peak and the memory that had to stay."""
    made = fleet.result(number, model, (*fleet.vision_rows(1.0, 0.1)[:-1], fleet.row("peak_memory_mib", peak_mib)))
    unknown = dict.fromkeys(
        ("peak_mib", "file_mib", "shared_memory_mib", "pss_mib", "private_mib", "swap_mib", "model_mapped_mib")
    )
    phase = MemoryPhase(phase="measure", rss_mib=peak_mib, anonymous_mib=30.0, **unknown)
    return replace(made, memory=MemoryProfile(phases=(phase,)))
