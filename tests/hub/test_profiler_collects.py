"""The profiler's results from a hub that lacks some of their artifacts."""

import time
from dataclasses import replace
from pathlib import Path

from edgeprof.client.http_client import HubClient
from edgeprof.profiler import hub_runs
from edgeprof.profiler.models import ModelSource
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.targets import Target
from edgeprof.wire import rest
from edgeprof.wire.messages import ArtifactRef
from tests.hub import fleet
from tests.hub.live import serving

MODEL = fleet.model("digits", "digits")


class Ended(HubClient):
    """A hub on which this campaign has ended."""

    made: rest.Campaign

    def campaign(self, campaign_id: str) -> rest.Campaign:
        """The campaign."""
        return self.made


def test_a_result_stands_without_the_artifact_that_the_hub_lacks(tmp_path: Path) -> None:
    lost = ArtifactRef(name="samples", sha256="d" * 64, size=9, media_type="application/json")
    result = replace(fleet.result(1, MODEL), samples_ms=(), artifacts=(lost,))
    job = replace(fleet.job(1, MODEL), state="measured", result_id=result.result_id)
    plan = Plan(models=("a.onnx",), metrics=("latency",), deployment_targets=("alpha",))
    target = Target(text="alpha", kind="hub", device="alpha", record=fleet.record(1, fleet.facts(1)))
    source = ModelSource(name="a.onnx", record=MODEL, format="onnx")
    with serving(tmp_path / "data") as live:
        live.hub.writer.call(lambda store: fleet.fill(store, replace(fleet.typical(), jobs=[])))
        live.hub.writer.call(lambda store: store.save_model(MODEL))
        live.hub.writer.call(lambda store: store.save_result(result, "1" * 64, time.time()))
        client = Ended(live.url, live.hub.settings.token)
        client.made = rest.Campaign(campaign_id=job.campaign_id, created_s=0.0, jobs=(job,))
        started = hub_runs.Started(campaign=client.made, sources=((MODEL.model_id, source),))
        found = list(hub_runs.collect(plan, client, target, started, lambda stage, fraction, note: None))
    ((cell, artifacts),) = found
    assert cell.failures == ()
    assert [one.result_id for one in cell.results] == [result.result_id]
    assert artifacts == {}
