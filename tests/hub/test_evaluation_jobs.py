"""Jobs that evaluate: one more for each cell and set, refused by name, and never a part of the speed of a cell."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeprof.commands.hub import flash
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.outcomes import Outcome, encode_outcomes
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.evaluation import Evaluation, EvaluationEnd, ItemProblem
from edgeprof.wire.identity import manifest_of, sha256_hex
from edgeprof_hub.broker.dispatch import CANNOT_EVALUATE, SET_DELETED
from edgeprof_hub.campaigns import evaluation_jobs
from edgeprof_hub.campaigns.planning import plan
from edgeprof_hub.registry.evaluation_reading import items_of, outcomes_of
from edgeprof_hub.store.evaluations import base_key_of, save_set
from edgeprof_hub.store.salvage import salvage
from tests.hub import fleet, stores
from tests.hub.api_cases import error_of
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually, serving
from tests.hub.test_evaluation_sets import made

ABLE = replace(fleet.facts(1), abilities=("evaluate",), disk_free_mib=10_000.0)
CNN, LLM = fleet.model("cnn", "digits", task="image-classification"), fleet.model("llm", "smol", "gguf")
REQUEST = rest.CampaignRequest(model_ids=(), device_ids=())


def a_set(name: str = "shapes", size_bytes: int = 1_000_000) -> rest.EvaluationSetRecord:
    return rest.EvaluationSetRecord(
        set_id=sha256_hex(name.encode()),
        names=(name,),
        task="image-classification",
        domain="vision",
        language="",
        items=200,
        size_bytes=size_bytes,
        licence="CC0-1.0",
        source="",
        manifest=manifest_of("set.json", [m.FileRef(path="set.json", size=9, sha256="1" * 64)]),
        facts={},
        created_s=fleet.NOW_S,
    )


SHAPES = a_set()


def planned(
    *models: rest.ModelRecord,
    facts: m.Facts | None = ABLE,
    sets: Sequence[rest.EvaluationSetRecord] = (SHAPES,),
    request: rest.CampaignRequest = REQUEST,
) -> list[rest.JobRecord]:
    return plan(request, models, [fleet.record(1, facts)], 0.0, sets=sets)


def test_each_cell_gets_one_more_job_for_each_set_after_all_speed() -> None:
    other = fleet.model("cnn 2", "digits")
    jobs = planned(CNN, other, sets=(SHAPES, a_set("forms")), request=replace(REQUEST, repeats=2, threads=3))
    speed, evaluations = jobs[:4], jobs[4:]
    assert {job.config.evaluation_set for job in speed} == {""}
    assert [(job.model_id, job.config.evaluation_set) for job in evaluations] == [
        (model.model_id, one.set_id) for model in (CNN, other) for one in (SHAPES, a_set("forms"))
    ]
    assert len({job.job_id for job in jobs}) == 8
    for job in evaluations:
        assert (job.config.threads, job.config.runtime, job.state) == (3, "onnxruntime", "queued")
        assert job.config_key == identity.config_key(job.config) not in {one.config_key for one in speed}
        assert base_key_of(job.config) == speed[0].config_key


def test_a_campaign_may_only_evaluate_and_then_needs_a_set() -> None:
    only = replace(REQUEST, evaluate_only=True)
    assert [job.config.evaluation_set for job in planned(CNN, request=only)] == [SHAPES.set_id]
    with pytest.raises(UsageError, match="name the evaluation sets"):
        planned(CNN, sets=(), request=only)


def test_only_the_evaluation_is_told_how_many_items() -> None:
    protocol = m.RunProtocol(evaluation_items=50, soak_s=20.0)
    speed, evaluation = planned(CNN, request=replace(REQUEST, protocol=protocol))
    assert (speed.protocol.evaluation_items, speed.protocol.soak_s) == (0, 20.0)
    assert (evaluation.protocol.evaluation_items, evaluation.protocol.soak_s) == (50, 0.0)


def test_a_set_goes_to_models_of_its_kind_and_one_that_fits_none_is_refused() -> None:
    assert [job.model_id for job in planned(CNN, LLM) if job.config.evaluation_set] == [CNN.model_id]
    with pytest.raises(UsageError, match="for models with tensors") as refused:
        planned(LLM)
    assert refused.value.code == "wrong_set"


@pytest.mark.parametrize("shots", [-1, 65, 1])
def test_shots_out_of_range_or_without_a_set_are_refused(shots: int) -> None:
    with pytest.raises(UsageError) as refused:
        planned(CNN, sets=(), request=replace(REQUEST, shots=shots))
    assert refused.value.code == "bad_shots"


def test_more_shots_than_a_set_has_examples_are_refused_before_anything_runs() -> None:
    quiz = replace(a_set("quiz"), task="multiple-choice", facts={"preparation": {"examples": [{}, {}]}})
    capable = replace(
        ABLE, runtimes=(m.RuntimeFact(variant="llama-capi", formats=("gguf",), version="1"), *ABLE.runtimes)
    )
    asked = replace(REQUEST, shots=2)
    assert planned(LLM, facts=capable, sets=(quiz,), request=asked)[1].config.shots == 2
    with pytest.raises(UsageError, match="The set quiz has 2 examples; use --shots 2 or less"):
        planned(LLM, facts=capable, sets=(quiz,), request=replace(REQUEST, shots=3))
    refused = planned(LLM, sets=(quiz,))[1]
    assert (refused.state, refused.note) == (
        "failed",
        "xllamacpp shows no logits, which multiple-choice needs. Use --runtime llama-capi or llama-cpp-python.",
    )


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(ABLE, abilities=()), CANNOT_EVALUATE),
        (replace(ABLE, disk_free_mib=1.0), "Set and model need 1 MiB; the device has 1 MiB free."),
    ],
)
def test_what_a_device_cannot_do_is_a_failed_job_with_its_reason(facts: m.Facts, reason: str) -> None:
    speed, evaluation = planned(CNN, facts=facts, sets=(a_set(size_bytes=1_200_000),))
    assert speed.state == "queued"
    assert evaluation.state == "failed"
    assert evaluation.note.startswith(reason)


def test_a_model_that_the_device_has_needs_no_more_room() -> None:
    full = replace(ABLE, disk_free_mib=1.0)
    large = replace(CNN, size_bytes=2_000_000_000)
    device = fleet.record(1, full)
    for ran, state in (([], "failed"), ([(device.device_id, large.model_id)], "queued")):
        jobs = plan(REQUEST, [large], [device], 0.0, sets=[a_set(size_bytes=1000)], ran=ran)
        assert [job.state for job in jobs] == ["queued", state]


def test_a_runtime_that_shows_no_logits_is_named_with_those_that_do() -> None:
    """The other kinds of set are answered without logits."""
    config, device = m.RunConfig(runtime="onnxruntime"), fleet.record(1, ABLE)
    assert evaluation_jobs.refusal(SHAPES, config, CNN, device, has_model=False) == ""
    for runtime, remedy in evaluation_jobs.WITHOUT_LOGITS.items():
        assert evaluation_jobs.no_logits("text", "multiple-choice", runtime) == (
            f"{runtime} shows no logits, which multiple-choice needs. {remedy}"
        )


def test_a_device_of_which_nothing_is_known_yet_gets_its_job() -> None:
    assert planned(CNN, facts=None)[1].state == "queued"


def evaluation_of(asked: int = 200, ended: EvaluationEnd = "all", problems: tuple[ItemProblem, ...] = ()) -> Evaluation:
    return Evaluation(
        set_id=SHAPES.set_id,
        set_name=SHAPES.name,
        task=SHAPES.task,
        asked=asked,
        answered=asked - len(problems),
        ended=ended,
        problems=problems,
        unanswered=len(problems),
        pipeline_parts_ms={"model": 1.5, "decode": 0.5},
    )


def evaluated(record: rest.ModelRecord, accuracy: float = 97.0, **changes: object) -> m.Result:
    """A run on SHAPES, of the device 1."""
    config = replace(fleet.config(record), evaluation_set=SHAPES.set_id)
    made_result = replace(
        fleet.result(1, record),
        config=config,
        config_key=identity.config_key(config),
        metrics=(fleet.row("accuracy_percent", accuracy, 2.0), fleet.row("pipeline_p50_ms", 2.0, 0.1)),
        absent=(),
        samples_ms=(),
        evaluation=evaluation_of(),
    )
    return replace(made_result, **changes)  # pyright: ignore[reportArgumentType]


def with_speed() -> fleet.Fleet:
    found = fleet.typical()
    return replace(found, jobs=[])


def test_an_evaluation_is_no_column_no_cell_and_no_history(tmp_path: Path) -> None:
    known = with_speed()
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, known)
        before = (store.reader.columns(), store.reader.cells(), store.reader.standings(_columns(store)))
        result = evaluated(known.models[0])
        assert store.writer.save_result(result, "1" * 64, fleet.NOW_S) == "stored"
        job = replace(fleet.job(1, known.models[0]), config=result.config, config_key=result.config_key)
        store.writer.create_campaign([job])
        store.writer.save_model(known.models[0])  # which makes cells of results that came before their model
        assert (store.reader.columns(), store.reader.cells(), store.reader.standings(_columns(store))) == before
        assert store.reader.result(result.result_id) == rest.StoredResult(result=result, received_s=fleet.NOW_S)
        assert [each.result.result_id for each in store.reader.results(limit=1)] == [result.result_id]


def _columns(store: stores.Store) -> list[tuple[str, str]]:
    return [(column.model_id, column.config_key) for column in store.reader.columns()]


def test_evaluations_are_found_by_cell_and_set_newest_first(tmp_path: Path) -> None:
    known = with_speed()
    model, other = known.models[:2]
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, known)
        store.writer.change(lambda connection: save_set(connection, SHAPES, ["1" * 64]))
        first, second, elsewhere = evaluated(model, 96.0), evaluated(model, 97.0), evaluated(other, 12.0)
        for number, result in enumerate((first, second, elsewhere)):
            store.writer.save_result(result, str(number) * 64, fleet.NOW_S + number)
        base_key = identity.config_key(fleet.config(model))
        found = store.reader.evaluations.newest(
            device_id=fleet.device_id(1), model_id=model.model_id, base_key=base_key, set_id=SHAPES.set_id
        )
        assert [(one.result_id, one.value) for one in found] == [(second.result_id, 97.0), (first.result_id, 96.0)]
        newest = found[0]
        assert (newest.metric, newest.ci_low, newest.ci_high) == ("accuracy_percent", 95.0, 99.0)
        assert (newest.set_name, newest.task, newest.asked, newest.ended) == ("shapes", SHAPES.task, 200, "all")
        assert len(store.reader.evaluations.newest()) == 3
        assert (fleet.device_id(1), model.model_id) in store.reader.evaluations.ran([fleet.device_id(1)])
        assert store.reader.evaluations.ran([fleet.device_id(3)]) == frozenset()
        store.writer.delete_result(second.result_id)
        assert [one.result_id for one in store.reader.evaluations.newest(model_id=model.model_id)] == [first.result_id]


def test_a_failed_evaluation_is_one_without_a_figure(tmp_path: Path) -> None:
    known = with_speed()
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, known)
        failed = evaluated(
            known.models[0], status="failed", failure=fleet.UNSUPPORTED, metrics=(), effective=None, evaluation=None
        )
        store.writer.save_result(failed, "1" * 64, fleet.NOW_S)
        (found,) = store.reader.evaluations.newest()
        assert (found.status, found.metric, found.value, found.set_id) == ("failed", None, None, SHAPES.set_id)


def test_an_interrupted_evaluation_is_queued_more_often_than_a_measurement(tmp_path: Path) -> None:
    known = with_speed()
    interrupted = m.Failure(stage="measure", code="interrupted", message="The agent stopped during the run.")
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, known)
        base = evaluated(known.models[0])
        job = replace(fleet.job(1, known.models[0]), config=base.config, config_key=base.config_key)
        store.writer.create_campaign([job])
        for attempt in (1, 2, 3):
            failed = replace(
                base,
                result_id=identity.new_id(),
                job_id=job.job_id,
                attempt=attempt,
                status="failed",
                failure=interrupted,
            )
            store.writer.save_result(failed, str(attempt) * 64, fleet.NOW_S)
            again = store.reader.job(job.job_id)
            assert again is not None
            assert (again.state, again.attempt) == ("queued", attempt + 1)


def test_outcomes_and_items_are_read_back_for_a_comparison(live: Live, tmp_path: Path) -> None:
    one = live.client.add_set(made(tmp_path / "set"))
    facts, items = items_of(one, live.hub.blobs)
    assert (facts.classes, list(items)) == (("round", "square"), ["i0", "i1", "i2"])
    outcomes = [Outcome(item_id=item_id, correct=True, score=1.0) for item_id in items]
    content = encode_outcomes(outcomes)
    ref = m.ArtifactRef(name="outcomes", sha256=sha256_hex(content), size=len(content), media_type="text/plain")
    result = evaluated(CNN, artifacts=(ref,))
    assert outcomes_of(result, {ref.sha256: content}.get) == tuple(outcomes)
    lost = m.LostArtifact(name="outcomes", reason="the disk was full")
    for damaged, held, why in (
        (result, {}, "not stored here"),
        (result, {ref.sha256: b"?"}, "line 1 is not an outcome"),
        (replace(result, artifacts=(), lost_artifacts=(lost,)), {}, "the disk was full"),
    ):
        with pytest.raises(EdgeprofError, match=why):
            outcomes_of(damaged, held.get)


def test_a_salvaged_database_still_has_its_sets_and_finds_its_evaluations(tmp_path: Path) -> None:
    known = with_speed()
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, known)
        store.writer.change(lambda connection: save_set(connection, SHAPES, ["1" * 64]))
        store.writer.save_result(evaluated(known.models[0]), "1" * 64, fleet.NOW_S)
        before = (store.reader.evaluations.sets(), store.reader.evaluations.newest(), store.reader.cells())
    (tmp_path / "new").mkdir()
    salvage(tmp_path / "hub.sqlite", tmp_path / "new" / "hub.sqlite")
    with stores.opened(tmp_path / "new") as store:
        assert (store.reader.evaluations.sets(), store.reader.evaluations.newest(), store.reader.cells()) == before
        assert store.reader.evaluations.files(SHAPES.set_id) == ["1" * 64]


def test_the_pages_of_speed_do_not_show_it_and_its_own_page_does(tmp_path: Path) -> None:
    known = with_speed()
    problems = (ItemProblem(item_id="i7", reason="files/7.png is not an image."),)
    result = evaluated(known.models[0], evaluation=evaluation_of(problems=problems, ended="time_limit"))
    with serving(tmp_path / "data") as live:
        live.hub.writer.call(lambda store: fleet.fill(store, known))
        before = live.client.compare()
        live.hub.writer.call(lambda store: store.save_result(result, "1" * 64, time.time()))
        after = live.client.compare()
        assert (after.columns, tuple(replace(cell, quality=None) for cell in after.cells)) == (
            before.columns,
            before.cells,
        )
        assert "accuracy_percent" not in live.app_get("/api/v1/metrics")
        home = live.app_get("/")
        assert "Accuracy 97.0 %" in home  # under recent runs
        page = live.app_get(f"/runs/{result.result_id}")
        for text in (
            "Evaluation on",
            "199 of 200",
            "The time limit ended the run",
            "i7",
            "files/7.png is not an image.",
            "97.0 %, 95 % ",
            "decode",
            f"/cells/{result.device_id}/{result.model_id}/{base_key_of(result.config)}",
        ):
            assert text in page
        assert "history of this cell" not in page
        assert "Perfetto" not in page  # it has no trace
        for address in (f"/models/{result.model_id}", f"/devices/{result.device_id}"):
            assert "<bdi>shapes</bdi>" in live.app_get(address)
        assert live.app_get(f"/api/v1/results/{result.result_id}/perfetto")
        assert "break-even" not in page.lower()
        assert error_of(live, "GET", f"/results/{result.result_id}/bundle")[1].code == "evaluation_run"
        rows = [json.loads(line) for line in live.client.export("ndjson")]
        mine = [row for row in rows if row["result_id"] == result.result_id]
        assert {(row["evaluation_set"], row["evaluation_set_id"]) for row in mine} == {("shapes", SHAPES.set_id)}
        assert {row["evaluation_set_id"] for row in rows if row["result_id"] != result.result_id} == {None}
        assert [one.result_id for one in live.client.evaluations(set_id=SHAPES.set_id)] == [result.result_id]


@pytest.fixture
def able(live: Live) -> Iterator[FakeAgent]:
    """An agent that can evaluate."""
    made_agent = FakeAgent(live.hub.endpoint.port)
    made_agent.facts = ABLE
    with made_agent as agent:
        yield agent


def ready(live: Live) -> rest.ModelRecord:
    live.hub.writer.call(lambda store: store.save_model(CNN))
    eventually(lambda: [device.facts for device in live.client.devices()] not in ([], [None]))
    return CNN


def start(live: Live, one: rest.EvaluationSetRecord) -> rest.JobRecord:
    """The job that evaluates, of one campaign."""
    campaign = live.client.start_campaign(
        rest.CampaignRequest(model_ids=(CNN.model_id,), device_ids=(fleet.device_id(1),), evaluation_sets=(one.set_id,))
    )
    return next(job for job in campaign.jobs if job.config.evaluation_set)


def test_the_job_on_the_wire_brings_the_sets_files(live: Live, able: FakeAgent, tmp_path: Path) -> None:
    agent = able
    ready(live)
    one = live.client.add_set(made(tmp_path / "set"))
    job = start(live, one)
    eventually(lambda: len(agent.got(m.Job)) == 2)
    sent = next(each for each in agent.got(m.Job) if each.job_id == job.job_id)
    assert sent.evaluation == m.EvaluationSetRef(
        set_id=one.set_id, name="shapes", task=one.task, items=3, manifest=one.manifest
    )
    assert next(each for each in agent.got(m.Job) if each.job_id != job.job_id).evaluation is None
    outcomes = encode_outcomes([Outcome(item_id="i0", correct=True, score=1.0)])
    with live.http("PUT", f"/artifacts/{sha256_hex(outcomes)}", outcomes) as answer:
        assert answer.status == 201
    artifact = m.ArtifactRef(
        name="outcomes", sha256=sha256_hex(outcomes), size=len(outcomes), media_type="application/x-ndjson"
    )
    base = evaluated(CNN, config=job.config, config_key=job.config_key)
    result = replace(base, job_id=job.job_id, artifacts=(artifact,))
    agent.post(result)
    agent.wait_until_empty()
    assert live.client.campaign(job.campaign_id).jobs[1].state == "measured"
    again = live.client.repeat_result(result.result_id)
    assert again.jobs[0].config == job.config


def test_an_older_agent_is_never_sent_a_job_that_evaluates(live: Live, agent: FakeAgent, tmp_path: Path) -> None:
    """It would measure speed instead, under the key of the speed."""
    ready(live)
    job = start(live, live.client.add_set(made(tmp_path / "set")))
    assert (job.state, job.note) == ("failed", CANNOT_EVALUATE)
    live.client.retry_campaign(job.campaign_id)
    eventually(lambda: live.client.campaign(job.campaign_id).jobs[1].attempt == 2)
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    ended = live.client.campaign(job.campaign_id).jobs[1]
    assert (ended.state, ended.note) == ("failed", CANNOT_EVALUATE)
    eventually(lambda: len(agent.got(m.Job)) == 1)
    assert agent.got(m.Job)[0].evaluation is None


def test_a_job_waits_for_the_facts_of_the_agents_present_session(live: Live, able: FakeAgent, tmp_path: Path) -> None:
    agent = able
    ready(live)
    newer = replace(agent.state, session_id="s-2")
    agent.send(newer)
    eventually(lambda: live.hub.reader.abilities(agent.device_id) is None)
    job = start(live, live.client.add_set(made(tmp_path / "set")))
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    assert live.hub.reader.job(job.job_id) == job
    agent.send(replace(ABLE, session_id="s-2"))
    eventually(lambda: live.hub.reader.abilities(agent.device_id) == ("evaluate",))
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    eventually(lambda: job.job_id in [each.job_id for each in agent.got(m.Job)])


def test_a_deleted_set_cancels_its_jobs_and_a_retry_says_why_it_cannot(
    live: Live, able: FakeAgent, tmp_path: Path
) -> None:
    agent = able
    ready(live)
    one = live.client.add_set(made(tmp_path / "set"))
    job = start(live, one)
    eventually(lambda: len(agent.got(m.Job)) == 2)
    live.client.delete("sets", one.set_id)
    eventually(lambda: m.Cancel(job_id=job.job_id, attempt=1) in agent.got(m.Cancel))
    assert live.client.campaign(job.campaign_id).jobs[1].state == "cancelled"
    live.hub.writer.call(lambda store: store.restart_job(job.job_id, 1))
    live.hub.writer.call(live.hub.dispatch.send_waiting)
    ended = live.hub.reader.job(job.job_id)
    assert ended is not None
    assert (ended.state, ended.note) == ("failed", SET_DELETED)


def test_the_terminal_names_what_a_device_cannot_do_also_where_nobody_waits(
    live: Live, agent: FakeAgent, tmp_path: Path
) -> None:
    ready(live)
    options = ["--evaluate", str(made(tmp_path / "set")), "--no-wait", "--hub", live.url]
    done = CliRunner().invoke(flash, [CNN.name, "--to", agent.device_id, *options])
    assert f"agent-1  cnn  on shapes: {CANNOT_EVALUATE}" in done.output
    assert "Queued 1 job(s) as campaign" in done.output


def test_a_set_that_is_not_there_is_refused(live: Live, agent: FakeAgent) -> None:
    ready(live)
    body = {"model_ids": [CNN.model_id], "device_ids": [agent.device_id], "evaluation_sets": ["0" * 64]}
    status, error = error_of(live, "POST", "/campaigns", json.dumps(body).encode())
    assert (status, error.code) == (404, "not_found")
