"""Readiness on a hub: the page, the API and the command give one answer, and bad input gets a sentence."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from edgeprof.cli import edgeprof
from edgeprof.wire import messages as m
from edgeprof_hub.routes import ready
from tests.hub import fleet, ready_cases
from tests.hub.conftest import Open
from tests.hub.live import serving
from tests.hub.ready_cases import LEVEL
from tests.hub.test_pages import words


def verdicts(open_hub: Open, made: fleet.Fleet, **query: str) -> dict[tuple[str, str], str]:
    answer = open_hub(made).get(f"/api/v1/ready?{urlencode({'level': LEVEL, **query})}").json()
    return {(row["model"], row["device"]): row["pair"]["verdict"] for row in answer["rows"]}


def test_each_pair_has_the_verdict_that_its_evidence_bears(open_hub: Open) -> None:
    found = verdicts(open_hub, ready_cases.ready_fleet())
    assert found["mobilenet int8", "pi5-kitchen"] == "ready"
    assert found["mobilenet fp32", "pi5-kitchen"] == "not ready"
    assert found["mobilenet fp32", "orin-nano-lab"] == "undecided"  # its run was busy
    assert found["mobilenet lite int8", "pi5-kitchen"] == "undecided"  # partial rails
    assert found["mobilenet int8", "orin-nano-lab"] == "unmeasured"  # no power
    assert found["mobilenet int8", "galaxy-a03 (played)"] == "unmeasured"  # emulated
    assert found["mobilenet int8", "pi-zero-shed"] == "not ready"
    assert found["face-mesh", "pi5-kitchen"] == "not ready"
    assert found["face-mesh", "orin-nano-lab"] == "unmeasured"
    assert not any(model.startswith("SmolLM2") for model, _ in found)


def test_the_page_shows_verdicts_evidence_scale_and_commands(open_hub: Open) -> None:
    client = open_hub(ready_cases.ready_fleet())
    page = client.get(f"/ready?{urlencode({'level': LEVEL})}")
    assert page.status_code == 200
    text = words(page.text)
    assert "1 ready" in text
    assert "met. 14.6 ms (14.4–14.8)" in text
    assert "1 device for 30 requests/s (81.2 requests/s each at 70%); 2 with one failed." in text
    assert "onnxruntime, 1 thread: rate: 41.7 requests/s" in text  # another set-up of the same device
    assert "edgeprof flash 'mobilenet fp32' --to orin-nano-lab" in text
    run = re.search(r'href="(/runs/[^"]+)"', page.text)
    assert run
    assert client.get(run[1]).status_code == 200
    only = client.get(f"/ready?{urlencode({'level': LEVEL, 'verdict': 'ready'})}").text
    assert only.count('class="verdict ') == 1


def test_a_page_has_so_many_rows_and_says_how_many_pairs_are_left_out(
    open_hub: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_hub(ready_cases.ready_fleet())
    address = f"/ready?{urlencode({'level': LEVEL})}"
    answer = client.get(f"/api/v1{address}").json()
    assert "narrow the filter" not in client.get(address).text
    monkeypatch.setattr(ready, "MAX_PAGE_ROWS", 2)
    text = client.get(f"{address}&p=1").text  # another address: the page above is kept
    assert f"{len(answer['rows']) - 2} more; narrow the filter." in text
    assert text.count('class="verdict ') == 2
    none = client.get(f"{address}&verdict=unmeasured").text
    assert f"{answer['counts']['unmeasured']} more; narrow the filter." in none
    assert "No pair has this verdict." not in none


def test_the_form_alone_offers_examples_and_a_wrong_level_keeps_what_was_typed(open_hub: Open) -> None:
    client = open_hub(fleet.typical())
    assert "10 tokens/s for 8 users" in client.get("/ready").text
    wrong = client.get("/ready?level=30+fps,+banana")
    assert wrong.status_code == 400
    assert "&#39;banana&#39;" in wrong.text
    assert 'value="30 fps, banana"' in wrong.text
    assert client.get("/ready?level=30+fps&utilisation=0").status_code == 400
    assert client.get("/ready?power_w=5").status_code == 200
    error = client.get("/api/v1/ready?level=30/s,+p50+100+ms")
    assert (error.status_code, error.json()["error"]["code"]) == (422, "contradictory_service_level")


def test_filters_take_families_tasks_and_devices(open_hub: Open) -> None:
    made = ready_cases.ready_fleet()
    made.models[0] = replace(made.models[0], tags=("release",))
    client = open_hub(made)

    def pairs(**query: str) -> set[tuple[str, str]]:
        rows = client.get(f"/api/v1/ready?{urlencode({'level': LEVEL, **query})}").json()["rows"]
        return {(row["model"], row["device"]) for row in rows}

    assert {model for model, _ in pairs(family="image-classification")} == {model.name for model in made.models[:3]}
    assert {device for _, device in pairs(device="kitchen")} == {"pi5-kitchen"}
    assert pairs(family="face-mesh", device="lab") == {("face-mesh", "orin-nano-lab")}
    assert {model for model, _ in pairs(family="release")} == {made.models[0].name}
    assert pairs(family="nothing") == set()


def test_a_hub_with_nothing_but_failures_names_each_reason(open_hub: Open) -> None:
    model = fleet.model("mesh", "mesh", "tflite")
    made = fleet.Fleet(
        states=[fleet.state(1, "pi")],
        facts=[fleet.facts(1)],
        models=[model],
        results=[fleet.result(1, model, failure=fleet.UNSUPPORTED)],
    )
    page = open_hub(made).get(f"/ready?{urlencode({'level': LEVEL})}").text
    assert "operator_unsupported: The model uses the custom operator" in page
    assert "1 not ready" in words(page)


def test_a_model_without_declared_shapes_is_unmeasured_until_sizes_are_given(open_hub: Open) -> None:
    model = fleet.model("open", "open")
    failure = m.Failure(stage="load", code="shape_required", message="Input x has an open size.")
    made = fleet.Fleet(
        states=[fleet.state(1, "pi")],
        facts=[fleet.facts(1)],
        models=[model],
        results=[fleet.result(1, model, failure=failure)],
    )
    page = words(open_hub(made).get(f"/ready?{urlencode({'level': LEVEL})}").text)
    assert "1 unmeasured" in page
    assert "edgeprof flash open --to pi --runtime onnxruntime --input-shape NAME=1,3,224,224" in page


def test_an_empty_hub_and_a_device_without_facts_are_no_error(open_hub: Open) -> None:
    made = fleet.Fleet(states=[fleet.state(1, "pi")], models=[fleet.model("a", "a")])
    assert verdicts(open_hub, made) == {("a", "pi"): "unmeasured"}


def test_hostile_names_are_text(open_hub: Open) -> None:
    page = open_hub(fleet.hostile("<script>alert(1)</script>")).get(f"/ready?{urlencode({'level': LEVEL})}").text
    assert "<script>alert" not in page


def test_the_command_prints_the_same_answer(tmp_path: Path) -> None:
    with serving(tmp_path) as live:
        live.hub.writer.call(lambda store: fleet.fill(store, ready_cases.ready_fleet()))
        short, long, data = (
            CliRunner().invoke(edgeprof, ["ready", LEVEL, "--hub", live.client.url, *options])
            for options in ((), ("-v",), ("--json",))
        )
    assert "1 ready, 2 undecided, 10 unmeasured, 3 not ready" in short.output
    assert "85.0 requests/s (81.2–89.3). [Throughput, n 200, measured, run " in long.output
    assert json.loads(data.output)["counts"]["ready"] == 1


def test_a_wrong_level_ends_before_a_hub_is_asked() -> None:
    done = CliRunner().invoke(edgeprof, ["ready", "banana", "--hub", "http://127.0.0.1:1"])
    assert getattr(done.exception, "code", "") == "bad_service_level"
