"""Flash only on the hub: which jobs it makes, which agents get them; no page takes the load test for a speed."""

from dataclasses import replace

import pytest

from edgeprof.errors import UsageError
from edgeprof.tables.flashed import flashed_text
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.broker.dispatch import CANNOT_FLASH
from edgeprof_hub.campaigns import planning
from tests.hub import fleet
from tests.hub.api_cases import add_digits
from tests.hub.conftest import Open
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually


def flashed(made: fleet.Fleet, failed: bool = False) -> m.Result:
    """The load test of the first model on the first device."""
    model = made.models[0]
    base = next(each for each in made.results if each.model_id == model.model_id and each.status == "measured")
    config = replace(base.config, load_only=True)
    failure = m.Failure(stage="load", code="load_error", message="It does not load.") if failed else None
    return replace(
        base,
        result_id=identity.new_id(),
        config=config,
        config_key=identity.config_key(config),
        status="failed" if failed else "measured",
        failure=failure,
        effective=None,
        metrics=() if failed else (fleet.row("load_cold_ms", 412.0), fleet.row("peak_memory_mib", 66.4)),
        absent=(m.AbsentMetric(metric="latency_p50_ms", reason="its speed was not measured"),),
        samples_ms=(),
        artifacts=(),
        trust=None,
        timing=None,
        memory=None,
        conditions=None,
    )


def test_a_load_test_is_shown_as_one_and_fills_no_cell(open_hub: Open) -> None:
    made = fleet.typical()
    before = len(made.results)
    one = flashed(made)
    made.results.append(one)
    client = open_hub(made)
    cells = client.get("/api/v1/compare").json()["cells"]
    assert one.config_key not in {cell["config_key"] for cell in cells}
    page = client.get(f"/runs/{one.result_id}").text
    assert "flashed" in page
    assert "412" in page
    for wrong in ("predates trust badges", "No price", "history of this cell", "Perfetto", "Warm-up"):
        assert wrong not in page
    assert "flashed; loads in 412 ms (cold), 66 MiB" in client.get("/").text
    assert "flashed; loads in" in client.get(f"/models/{one.model_id}").text
    assert client.get(f"/api/v1/runs/{one.result_id}").json()["lead"]["metric"] == "load_cold_ms"
    assert client.get(f"/api/v1/results/{one.result_id}/cost").json()["error"]["code"] == "no_cost"
    assert client.get(f"/api/v1/results/{one.result_id}/bundle").json()["error"]["code"] == "evaluation_run"
    assert before + 1 == len(client.get("/api/v1/results?limit=1000").json())


def test_a_load_test_that_failed_is_a_failed_run(open_hub: Open) -> None:
    made = fleet.typical()
    one = flashed(made, failed=True)
    made.results.append(one)
    client = open_hub(made)
    page = client.get(f"/runs/{one.result_id}").text
    assert "load_error" in page
    assert "flashed" not in page


def test_a_text_without_figures_says_so() -> None:
    bare = replace(flashed(fleet.typical()), metrics=())
    assert flashed_text(bare) == "flashed; load time not measured, memory not measured"


def test_an_older_agent_is_not_given_the_job(live: Live, agent: FakeAgent) -> None:
    """It would measure the speed instead."""
    request = rest.CampaignRequest(
        model_ids=(add_digits(live).model_id,), device_ids=(agent.device_id,), flash_only=True
    )
    campaign = live.client.start_campaign(request)
    eventually(lambda: live.client.campaign(campaign.campaign_id).jobs[0].state == "failed")
    assert live.client.campaign(campaign.campaign_id).jobs[0].note == CANNOT_FLASH
    assert agent.got(m.Job) == []


def test_an_agent_that_can_gets_it_with_the_family(live: Live, agent: FakeAgent) -> None:
    agent.send(replace(agent.facts, abilities=("evaluate", "flash")))
    record = add_digits(live)
    request = rest.CampaignRequest(
        model_ids=(record.model_id,),
        device_ids=(agent.device_id,),
        flash_only=True,
        protocol=m.RunProtocol(download_limit_mbps=4.0),
    )
    eventually(lambda: live.hub.reader.abilities(agent.device_id) == ("evaluate", "flash"))
    live.client.start_campaign(request)
    eventually(lambda: len(agent.got(m.Job)) == 1)
    (job,) = agent.got(m.Job)
    assert (job.config.load_only, job.protocol.download_limit_mbps, job.model.family) == (True, 4.0, record.family)
    assert job.config_key == identity.config_key(job.config)
    live.hub.writer.call(lambda store: store.save_job_state(job.job_id, 1, "measured", "", None, ""))
    campaigns = live.client.campaigns()
    assert [(dict(one.counts), one.flashed) for one in campaigns] == [({"measured": 1}, 1)]
    assert "1 flashed" in live.app_get("/jobs")


@pytest.mark.parametrize(
    "changes",
    [{"repeats": 2}, {"evaluation_sets": ("x",)}, {"protocol": m.RunProtocol(soak_s=60.0)}],
)
def test_what_only_measuring_has_a_use_for_is_refused(changes: dict[str, object]) -> None:
    model, device = fleet.typical().models[0], fleet.record(1)
    request = rest.CampaignRequest(model_ids=("m",), device_ids=("d",), flash_only=True)
    with pytest.raises(UsageError) as caught:
        planning.plan(replace(request, **changes), [model], [device], 0.0)  # type: ignore[arg-type]
    assert caught.value.code in ("flash_only", "unknown_set")
