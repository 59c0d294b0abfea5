"""A rollout with a real agent, real models and a real runtime: measured, compared, and taken back."""

from pathlib import Path

from edgeprof.wire import rest
from edgeprof.wire.rollouts import Rollout, RolloutPlan, RolloutRequest
from tests.e2e.farm import QUICK, Farm, eventually


def rested(farm: Farm, started: Rollout) -> Rollout:
    def now() -> Rollout | None:
        found = farm.client.rollout(started.rollout_id)
        rests = found.ended_s is not None or found.groups[-1].state == "short"
        return found if rests else None

    return eventually("the rollout rests", now, patience_s=120.0)


def installed(farm: Farm, family: str) -> str:
    """The model that programs on the device find."""
    return (farm.folder / "alpha" / "installed" / family).resolve().name


def test_a_real_agent_is_a_canary_and_gets_its_model_back(farm: Farm, bundled: Path) -> None:
    device = farm.device("alpha")
    before, new = (farm.put(bundled / name) for name in ("digits-cnn-fp32.onnx", "digits-cnn-int8.onnx"))
    assert before.family == new.family
    farm.run([before], [device])
    run = rest.CampaignRequest(model_ids=(new.model_id,), device_ids=(device.device_id,), threads=1, protocol=QUICK)
    plan = RolloutPlan(compare_runs=1, max_slowdown_percent=900.0, gates=False)
    ended = rested(farm, farm.client.start_rollout(RolloutRequest(run=run, plan=plan)))
    assert (ended.state, ended.stands) == ("finished", "1 device: 1 succeeded.")
    (found,) = ended.devices
    assert found.compared is not None
    assert (found.reference_name, found.compared.reference_runs, found.compared.model_runs) == (before.shown_name, 1, 1)
    assert installed(farm, new.family) == new.model_id
    back = rested(farm, farm.client.change_rollout(ended.rollout_id, "rollback"))
    assert (back.kind, back.state, back.devices[0].model_id) == ("rollback", "finished", before.model_id)
    job = farm.client.campaign(back.groups[0].campaign_id).jobs[0]
    assert (job.state_word, job.model_id) == ("flashed", before.model_id)
    assert installed(farm, before.family) == before.model_id
