"""`edgeprof capability` on a hub: the newest evaluation of each model, set and number of shots on each device."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgeprof.commands.capability import capability
from edgeprof.quality.outcomes import Outcome, encode_outcomes
from edgeprof.wire import messages as m
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.identity import config_key, new_id, sha256_hex
from tests.hub import fleet
from tests.hub.live import Live, serving

LLM = fleet.model("smol", "smol", "gguf", "q4_0")


def test_the_newest_evaluation_of_each_cell_is_shown_with_its_outcomes(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as live:
        live.hub.writer.call(lambda store: fleet.fill(store, replace(fleet.typical(), jobs=[])))
        live.hub.writer.call(lambda store: store.save_model(LLM))
        for right in (20, 90):
            evaluated(live, right)
        evaluated(live, 80, shots=5)
        done = run(live, "--format", "csv")
        assert done.exit_code == 0, done.exception
        rows = [line.split(",") for line in done.output.splitlines()]
        column = {name: place for place, name in enumerate(rows[0])}
        found = {row[column["shots"]]: row for row in rows[1:]}
        assert set(found) == {"0", "5"}
        assert (found["0"][column["value"]], found["0"][column["quantization"]]) == ("90.0", "q4_0")
        assert found["5"][column["few_shot_difference"]] == "-10.0"


def test_evaluations_that_the_hub_does_not_give_are_mentioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path / "data") as live:
        live.hub.writer.call(lambda store: fleet.fill(store, replace(fleet.typical(), jobs=[])))
        live.hub.writer.call(lambda store: store.save_model(LLM))
        for shots in (0, 5):
            evaluated(live, 80, shots)
        assert "Only the newest" not in run(live).stderr
        monkeypatch.setattr("edgeprof.commands.capability.MAX_ON_HUB", 2)
        assert "Only the newest 2 evaluations are shown." in run(live).stderr


def test_a_hub_without_an_evaluation_says_how_to_make_one(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as live:
        done = CliRunner().invoke(
            capability, ["--hub", live.url], env={"EDGEPROF_TOKEN": live.hub.settings.token or ""}
        )
        assert "edgeprof evaluate MODEL" in done.output


def run(live: Live, *words: str) -> Result:
    return CliRunner().invoke(
        capability, ["--hub", live.url, *words], env={"EDGEPROF_TOKEN": live.hub.settings.token or ""}
    )


def evaluated(live: Live, right: int, shots: int = 0) -> None:
    """A result with its artifact, as an agent leaves them on the hub."""
    outcomes = [Outcome(item_id=f"q{place}", correct=place < right, score=float(place < right)) for place in range(100)]
    content = encode_outcomes(outcomes)
    ref = m.ArtifactRef(name="outcomes", sha256=sha256_hex(content), size=len(content), media_type="text/plain")
    with live.http("PUT", f"/artifacts/{ref.sha256}", content) as answer:
        assert answer.status in (200, 201, 204), answer.read()
    config = replace(fleet.config(LLM), evaluation_set="a" * 64, shots=shots)
    result = replace(
        fleet.result(1, LLM),
        result_id=new_id(),
        config=config,
        config_key=config_key(config),
        metrics=(fleet.row("accuracy_percent", float(right), 2.0),),
        absent=(),
        samples_ms=(),
        artifacts=(
            m.ArtifactRef(name="outcomes", sha256=sha256_hex(content), size=len(content), media_type="text/plain"),
        ),
        evaluation=Evaluation(
            set_id="a" * 64, set_name="questions", task="multiple-choice", asked=100, answered=100, ended="all"
        ),
    )
    live.hub.writer.call(lambda store: store.save_result(result, "1" * 64, time.time()))
