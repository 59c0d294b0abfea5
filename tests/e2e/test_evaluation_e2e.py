"""A set goes to the hub, a real agent answers it, and an agent that is killed in mid-set goes on where it stood."""

import dataclasses
from collections import Counter
from pathlib import Path

from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.sets.folder import read_set, write_set
from edgeprof.wire import rest
from edgeprof.wire.messages import Result, RunProtocol
from tests.e2e.farm import QUICK, Farm, Process, eventually

DIGITS = Path(__file__).parents[2] / "edgeprof/quality/packaged/bundled/digits"
BRIEF = dataclasses.replace(QUICK, energy=False, cold_start=False, window_s=0.1, window_limit_s=0.1)
LONG = 100_000


def digits(folder: Path, count: int) -> Path:
    """A set of so many items: the packaged digits, again and again under other ids."""
    found = read_set(DIGITS)
    files = {file.path: DIGITS / file.path for file in found.files}
    items = [{**found.items[number % len(found.items)], "id": f"i{number}"} for number in range(count)]
    facts: SetFacts = dataclasses.replace(found.facts, name=f"digits {count}")
    write_set(folder, facts, items, files)
    return folder


def evaluate(
    farm: Farm, bundled: Path, one: rest.EvaluationSetRecord, protocol: RunProtocol = BRIEF
) -> tuple[rest.Campaign, rest.JobRecord]:
    """The campaign, and its job that evaluates."""
    model = farm.put(bundled / "digits-cnn-int8.onnx")
    campaign = farm.client.start_campaign(
        rest.CampaignRequest(
            model_ids=(model.model_id,),
            device_ids=(farm.device("alpha").device_id,),
            threads=1,
            protocol=protocol,
            evaluation_sets=(one.set_id,),
            evaluate_only=True,
        )
    )
    return campaign, next(job for job in campaign.jobs if job.config.evaluation_set)


def job_now(farm: Farm, campaign: rest.Campaign, job: rest.JobRecord) -> rest.JobRecord:
    return next(each for each in farm.client.campaign(campaign.campaign_id).jobs if each.job_id == job.job_id)


def result_of(farm: Farm, campaign: rest.Campaign, job: rest.JobRecord) -> Result:
    ended = farm.finish(campaign)
    assert {each.state for each in ended.jobs} == {"measured"}, ended.jobs
    result_id = job_now(farm, campaign, job).result_id
    assert result_id is not None
    return farm.client.result(result_id).result


def test_a_set_is_pushed_answered_on_the_device_and_kept_apart_from_speed(
    farm: Farm, bundled: Path, tmp_path: Path
) -> None:
    folder = digits(tmp_path / "set", 300)
    command = ("flash", str(bundled / "digits-cnn-int8.onnx"), "--to", "alpha", "--evaluate", str(folder))
    quick = ("--precision", "0.5", "--no-energy", "--items", "200", "--hub", farm.client.url)
    farm.device("alpha")
    flash = Process(farm.folder / "flash.log", [*command, *quick], {})
    assert flash.popen.wait(120) == 0, flash.log.read_text()
    said = flash.log.read_text()
    assert "digits-cnn-int8 on digits 300: Accuracy 9" in said
    assert "200 of 200 items" in said
    (found,) = farm.client.evaluations()
    result = farm.client.result(found.result_id).result
    assert result.evaluation is not None
    assert (result.evaluation.ended, result.evaluation.asked, result.evaluation.answered) == ("item_limit", 200, 200)
    assert (found.metric, found.set_name) == ("accuracy_percent", "digits 300")
    assert found.value is not None
    assert found.value > 90
    (cell,) = farm.cells().values()
    assert cell.config_key == found.base_key
    assert "accuracy_percent" not in cell.metrics
    assert list((farm.folder / "alpha" / "evaluations").iterdir()) == []


def test_a_killed_agent_goes_on_in_mid_set_and_answers_every_item_once(
    farm: Farm, bundled: Path, tmp_path: Path
) -> None:
    one = farm.client.add_set(digits(tmp_path / "set", LONG))
    campaign, job = evaluate(farm, bundled, one)

    def in_mid_set() -> bool:
        now = job_now(farm, campaign, job)
        return now.stage == "evaluate" and (now.fraction or 0) > 0.05

    eventually("items are answered", in_mid_set)
    assert "items" in job_now(farm, campaign, job).note
    farm.agents["alpha"].kill()
    farm.start_agent("alpha")
    result = result_of(farm, campaign, job)
    assert result.attempt == 2
    assert result.evaluation is not None
    assert 0 < result.evaluation.resumed < LONG
    assert (result.evaluation.ended, result.evaluation.answered) == ("all", LONG)
    (artifact,) = [each for each in result.artifacts if each.name == "outcomes"]
    outcomes = list(decode_outcomes(farm.client.artifact(artifact.sha256)))
    assert [outcome.item_id for outcome in outcomes] == [f"i{number}" for number in range(LONG)]
    assert set(Counter(outcome.item_id for outcome in outcomes).values()) == {1}
