"""`edgeprof devices | flash | again | retry | cancel | price | rename | delete` against a real hub."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import edgeprof_exports
from edgeprof.wire import messages as m
from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving

BUNDLED = Path(edgeprof_exports.__file__).parent / "bundled"
TOKEN = "a-token-of-this-test"
DIGITS = str(BUNDLED / "digits-cnn-int8.onnx")


def test_a_hub_that_is_not_there_is_one_sentence(run: Run) -> None:
    ended = run("devices", "--hub", "http://127.0.0.1:1")
    assert ended.code == 1
    assert ended.refused_with("hub_unreachable")


def test_a_missing_and_a_wrong_token_are_one_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path / "guarded", token=TOKEN) as live:
        assert run("devices", "--hub", live.url).refused_with("token_needed")
        monkeypatch.setenv("EDGEPROF_TOKEN", "wrong" * 4)
        assert run("devices", "--hub", live.url).code == 1
        (tmp_path / "token").write_text(f"{TOKEN}\n")
        assert run("devices", "--hub", live.url, "--token-file", str(tmp_path / "token")).code == 0


def test_devices_are_listed_for_people_and_for_programs(run: Run, agent: FakeAgent) -> None:
    assert "agent-1" in run("devices").out
    (device,) = json.loads(run("devices", "--json").out)
    assert device["device_id"] == agent.device_id
    assert device["online"] is True


def test_an_empty_comparison_says_what_to_do(run: Run, hub: Live) -> None:
    assert "edgeprof agent run" in run("compare").out
    assert json.loads(run("compare", "--format", "json").out)["cells"] == []


def test_what_cannot_be_flashed_is_refused_and_nothing_is_uploaded(run: Run, hub: Live, agent: FakeAgent) -> None:
    refusals = {
        "no_target": (DIGITS,),
        "unknown_device": (DIGITS, "--to", "cellar"),
        "unknown_model": ("no-such-model", "--all"),
        "bad_shape": (DIGITS, "--all", "--input-shape", "image"),
        "one_name": (DIGITS, DIGITS, "--all", "--name", "both"),
        "bad_usage": (DIGITS, "--all", "--threads", "-1"),
        "bad_sweep": (DIGITS, "--all", "--sweep", "no-such-input=1,2"),
        "not_a_model": (__file__, "--all"),
    }
    for code, arguments in refusals.items():
        assert run("flash", *arguments).refused_with(code), code
    assert hub.client.models() == []


def test_a_flashed_file_is_stored_with_its_labels_and_queued(run: Run, hub: Live, agent: FakeAgent) -> None:
    ended = run("flash", DIGITS, "--all", "--name", "digits", "--quantization", "int8", "--no-wait")
    assert ended.code == 0
    assert "Queued 1 job(s)" in ended.out
    (model,) = hub.client.models()
    assert (model.name, model.family, model.quantization) == ("digits", "digits", "int8")
    eventually(lambda: agent.got(m.Job))


def test_flash_hands_on_how_to_measure(run: Run, hub: Live, agent: FakeAgent) -> None:
    asked = ("--repeats", "3", "--soak", "60", "--rate", "20", "--precision", "0.02", "--require-full-delegation")
    sweep = ("--sweep", "image=1,1,8,8", "--start-below-c", "50")
    ended = run("flash", DIGITS, "--all", "--no-wait", *asked, *sweep)
    assert "Queued 3 job(s)" in ended.out, ended.err
    eventually(lambda: agent.got(m.Job))
    job = agent.got(m.Job)[0]
    assert (job.config.arrival_rate_per_s, job.config.require_full_delegation) == (20.0, True)
    assert (job.protocol.soak_s, job.protocol.precision, job.protocol.start_below_c) == (60.0, 0.02, 50.0)
    assert [at.shapes for at in job.protocol.sweep] == [{"image": (1, 1, 8, 8)}]


def test_a_sweep_over_tokens_needs_a_language_model(run: Run, hub: Live, agent: FakeAgent) -> None:
    assert "needs a language model" in run("flash", DIGITS, "--all", "--sweep-depth", "0,512").err
    assert hub.client.compare().cells == ()
    assert run("flash", DIGITS, "--all", "--sweep-depth", "0;512").refused_with("bad_usage")


def test_a_device_that_is_offline_is_named_before_the_wait(run: Run, hub: Live, agent: FakeAgent) -> None:
    agent.vanish()
    eventually(lambda: not hub.client.devices()[0].online)
    assert "agent-1 is offline" in run("flash", DIGITS, "--to", "agent-1", "--no-wait").err


def test_flash_follows_its_jobs_to_the_end_and_fails_with_them(run: Run, hub: Live, agent: FakeAgent) -> None:
    def refuse() -> None:
        eventually(lambda: agent.got(m.Job))
        job = agent.got(m.Job)[0]
        agent.send(m.Ack(job_id=job.job_id, attempt=job.attempt, status="refused", reason="The outbox is full."))

    refuser = threading.Thread(target=refuse)
    refuser.start()
    ended = run("flash", DIGITS, "--all")
    refuser.join()
    assert ended.code == 1
    assert "[1/1] agent-1  digits-cnn-int8  failed" in ended.err
    assert "agent-1, digits-cnn-int8: The outbox is full." in ended.out
    assert ended.out.endswith(f"\nCompare: {hub.url}/\n")


def test_flash_ends_with_a_row_of_figures_for_each_device_and_model(run: Run, hub: Live, agent: FakeAgent) -> None:
    def measure() -> None:
        eventually(lambda: agent.got(m.Job))
        job = agent.got(m.Job)[0]
        result = fleet.result(1, hub.client.models()[0], fleet.vision_rows(0.4, 0.01))
        agent.post(replace(result, job_id=job.job_id, config=job.config, config_key=job.config_key))

    measurer = threading.Thread(target=measure)
    measurer.start()
    ended = run("flash", DIGITS, "--all", "--name", "digits")
    measurer.join()
    assert ended.code == 0, ended.err
    head, row, *_ = ended.out.strip().splitlines()
    assert head.split()[:2] == ["device", "model"]
    assert row.split()[:2] == ["agent-1", "digits"]
    assert "0.400 ±" in row
    assert ended.out.endswith(f"Compare: {hub.url}/\n")


def test_a_campaign_that_nobody_waits_for_says_where_to_look(run: Run, hub: Live, agent: FakeAgent) -> None:
    out = run("flash", DIGITS, "--all", "--no-wait").out
    assert f"Progress: {hub.url}/campaigns/{campaign_of(out)}" in out
    assert "edgeprof compare" in out


def test_a_price_needs_a_source_and_is_kept(run: Run, hub: Live, agent: FakeAgent) -> None:
    assert run("price", "agent-1", "80").refused_with("bad_usage")
    assert run("price", "agent-1", "80", "--source", " ").refused_with("no_source")
    assert run("price", "agent-1", "80", "--source", "a shop, 2026-11").code == 0
    assert hub.client.devices()[0].price_usd == 80.0


def test_a_renamed_device_answers_to_its_new_name(run: Run, hub: Live, agent: FakeAgent) -> None:
    assert run("rename", "device", "agent-1", "kitchen").code == 0
    assert hub.client.devices()[0].name == "kitchen"
    assert run("rename", "model", "none", "other").refused_with("unknown_model")


def test_nothing_is_deleted_without_a_yes(run: Run, hub: Live, agent: FakeAgent) -> None:
    run("flash", DIGITS, "--all", "--name", "digits", "--no-wait")
    assert run("delete", "model", "digits").refused_with("not_confirmed")
    assert len(hub.client.models()) == 1
    assert run("delete", "model", "digits", "--yes").code == 0
    assert hub.client.models() == []
    assert run("delete", "result", "no-id", "--yes").refused_with("bad_result_id")
    assert fleet.device_id(1) in run("devices").out


def campaign_of(text: str) -> str:
    return text.split("campaign ")[1].split(".")[0]


def test_a_campaign_is_cancelled_and_what_failed_of_one_is_queued_again(run: Run, hub: Live, agent: FakeAgent) -> None:
    first = campaign_of(run("flash", DIGITS, "--all", "--no-wait").out)
    assert run("cancel", first).code == 0
    assert {job.state for job in hub.client.campaign(first).jobs} == {"cancelled"}
    assert run("retry", first).refused_with("nothing_failed")
    second = campaign_of(run("flash", DIGITS, "--all", "--no-wait").out)
    eventually(lambda: len(agent.got(m.Job)) == 2)
    job = next(
        job for job in agent.got(m.Job) if job.job_id in {one.job_id for one in hub.client.campaign(second).jobs}
    )
    agent.send(m.Ack(job_id=job.job_id, attempt=job.attempt, status="refused", reason="The outbox is full."))
    eventually(lambda: hub.client.campaign(second).jobs[0].state == "failed")
    assert "1 job(s) queued" in run("retry", second).out
    for command in ("retry", "cancel"):
        assert run(command, "../models").refused_with("bad_campaign_id")


def test_a_result_is_run_again(run: Run, hub: Live, agent: FakeAgent) -> None:
    job_campaign = campaign_of(run("flash", DIGITS, "--all", "--no-wait").out)
    (job,) = hub.client.campaign(job_campaign).jobs
    result = fleet.result(1, hub.client.models()[0], fleet.vision_rows(0.4, 0.01))
    agent.post(result)
    eventually(lambda: hub.hub.reader.result(result.result_id))
    again = campaign_of(run("again", result.result_id).out)
    (repeated,) = hub.client.campaign(again).jobs
    assert (repeated.device_id, repeated.model_id) == (job.device_id, job.model_id)
    assert run("again", "no-id").refused_with("bad_result_id")
