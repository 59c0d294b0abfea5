"""Back to the version before on one device: from its page to the job, and what is refused."""

import pytest
from starlette.testclient import TestClient

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.rollout.going_back import go_back
from tests.hub import rollout_cases
from tests.hub.live import Live, eventually
from tests.hub.rollout_cases import Agent, Behaviour, keep, variant

OLD, NEW, OTHER = variant("cnn fp32", "digits", "fp32"), variant("cnn int8", "digits"), variant("other", "words")


def test_the_version_before_is_flashed_again_and_anything_else_is_refused(live: Live) -> None:
    models = {each.model_id: Behaviour() for each in (OLD, NEW, OTHER)}
    keep(live.hub, OLD, NEW, OTHER)
    with Agent(live.hub.endpoint.port, 1, models, live.hub, abilities=("evaluate", "flash")) as agent:
        rollout_cases.online(live, [agent])
        for model in (OLD, NEW, OTHER):
            flash = rest.CampaignRequest(model_ids=(model.model_id,), device_ids=(agent.device_id,), flash_only=True)
            flashed(live, live.client.start_campaign(flash).campaign_id)
        path = f"/devices/{agent.device_id}"
        page = live.app_get(path)
        assert page.count("Back to the previous version") == 1  # the other family has one version
        assert f'name="model_id" value="{OLD.model_id}"' in page

        for wrong, code in ((NEW, "no_previous_version"), (OTHER, "no_previous_version")):
            refused(live, agent, wrong.model_id, code)
        refused(live, agent, "0" * 64, "not_found")
        browser = TestClient(live.app, base_url=live.url, follow_redirects=False)
        wrong = browser.post(f"{path}/back", data={"model_id": NEW.model_id})
        assert (wrong.status_code, "is not the version before" in wrong.text) == (400, True)
        assert len(agent.runs) == 3

        answer = browser.post(f"{path}/back", data={"model_id": OLD.model_id})
        assert answer.status_code == 303
        flashed(live, answer.headers["location"].rpartition("/")[2])
        assert (agent.runs[-1].model.model_id, agent.runs[-1].config.load_only) == (OLD.model_id, True)
        assert f'name="model_id" value="{NEW.model_id}"' in live.app_get(path)

        live.client.retire_device(agent.device_id)
        refused(live, agent, NEW.model_id, "device_retired")
        assert "Back to the previous version" not in live.app_get(path)
        assert len(agent.runs) == 4


def refused(live: Live, agent: Agent, model_id: str, code: str) -> None:
    with pytest.raises(EdgeprofError) as caught:
        go_back(live.hub, agent.device_id, model_id)
    assert caught.value.code == code


def flashed(live: Live, campaign_id: str) -> None:
    eventually(lambda: live.client.campaign(campaign_id).jobs[0].state == "measured")
