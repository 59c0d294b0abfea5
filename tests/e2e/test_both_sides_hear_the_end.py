"""What a device has ended ends at the hub, and what a restored hub has lost comes back."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edgeprof.client.http_client import HubError
from edgeprof.wire import rest
from edgeprof.wire.messages import Result, RunProtocol
from tests.e2e.farm import QUICK, Farm, eventually

LONG = RunProtocol(warmup_runs=2, window_s=2.0, max_runs=10_000_000, deadline_s=60.0, energy=False, cold_start=False)


def outbox(farm: Farm, state: str) -> list[tuple[str, str]]:
    """(result id, artifacts) of the agent's results in this state."""
    with closing(sqlite3.connect(f"file:{farm.folder / 'alpha' / 'agent.db'}?mode=ro", uri=True)) as connection:
        sql = "SELECT result_id, artifacts FROM results WHERE state = ? ORDER BY seq"
        return connection.execute(sql, (state,)).fetchall()


def queue_one(farm: Farm, bundled: Path) -> tuple[rest.Campaign, Path]:
    """A result that waits for a hub that is away: its campaign, and the first of its artifacts."""
    model = farm.put(bundled / "digits-cnn-fp32.onnx")
    alpha = farm.device("alpha")
    farm.finish(farm.start([model], [alpha]))
    eventually("a receipt", lambda: bool(outbox(farm, "receipted")))
    campaign = farm.start([model], [alpha], LONG)
    eventually("it measures", lambda: farm.client.campaign(campaign.campaign_id).jobs[0].stage == "measure")
    assert farm.hub is not None
    farm.hub.kill()
    eventually("a result waits", lambda: bool(outbox(farm, "queued")))
    farm.agents["alpha"].stop()
    ((_, artifacts),) = outbox(farm, "queued")
    return campaign, farm.folder / "alpha" / "artifacts" / json.loads(artifacts)[0]


def stored(farm: Farm, result_id: str) -> Result | None:
    try:
        return farm.client.result(result_id).result
    except HubError:
        return None


def test_a_result_whose_artifact_is_gone_arrives_without_it(farm: Farm, bundled: Path) -> None:
    campaign, artifact = queue_one(farm, bundled)
    artifact.unlink()
    farm.start_hub()
    farm.start_agent("alpha")
    job = farm.finish(campaign).jobs[0]
    assert job.state == "measured"
    assert job.result_id is not None
    result = farm.client.result(job.result_id).result
    assert [lost.reason for lost in result.lost_artifacts] == ["missing on the device's disk"]
    assert not outbox(farm, "aside")


def test_a_result_that_rotted_ends_its_job_and_whoever_waits_for_it(farm: Farm, bundled: Path) -> None:
    campaign, _ = queue_one(farm, bundled)
    with closing(sqlite3.connect(farm.folder / "alpha" / "agent.db")) as connection, connection:
        connection.execute("UPDATE results SET payload = substr(payload, 1, 100) WHERE state = 'queued'")
    farm.start_hub()
    farm.start_agent("alpha")
    job = farm.finish(campaign).jobs[0]
    assert (job.state, job.result_id) == ("failed", None)
    assert job.note == "The result stays on the device: its bytes are damaged on this device's disk."
    listed = subprocess.run(
        [sys.executable, "-m", "edgeprof", "agent", "outbox", "--data", farm.folder / "alpha"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "0 waiting, 1 quarantined" in listed.stdout
    assert "its bytes are damaged on this device's disk" in listed.stdout


def test_a_hub_restored_from_a_backup_gets_back_what_the_agent_still_holds(farm: Farm, bundled: Path) -> None:
    alpha = farm.device("alpha")
    models = [farm.put(bundled / name) for name in ("digits-cnn-fp32.onnx", "digits-cnn-int8.onnx")]
    farm.run(models[:1], [alpha])
    assert farm.hub is not None
    farm.hub.stop()
    shutil.copytree(farm.folder / "hub", farm.folder / "backup")
    farm.start_hub()
    farm.device("alpha")
    after = farm.finish(farm.start(models, [alpha], QUICK))
    lost = [str(job.result_id) for job in after.jobs]
    before = [farm.client.result(result_id).result for result_id in lost]
    farm.hub.kill()
    shutil.rmtree(farm.folder / "hub")
    (farm.folder / "backup").rename(farm.folder / "hub")
    farm.start_hub()
    eventually("they are back", lambda: all(stored(farm, result_id) for result_id in lost))
    assert [stored(farm, result_id) for result_id in lost] == before
