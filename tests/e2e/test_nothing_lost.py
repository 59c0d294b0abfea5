"""Kill what can be killed: every result arrives, once."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from edgeprof.wire.messages import RunProtocol
from tests.e2e.farm import Farm, eventually

LONG = RunProtocol(warmup_runs=2, window_s=4.0, max_runs=10_000_000, deadline_s=60.0)


def broker_of(farm: Farm) -> psutil.Process | None:
    assert farm.hub is not None
    children = psutil.Process(farm.hub.popen.pid).children(recursive=True)
    return children[0] if children else None


def result_ids(farm: Farm) -> list[str]:
    return [cell.result_id for cell in farm.client.compare().cells if cell.result_id]


def test_an_agent_killed_in_mid_run_reports_it_and_the_job_is_tried_again(farm: Farm, bundled: Path) -> None:
    alpha = farm.device("alpha")
    model = farm.put(bundled / "digits-cnn-fp32.onnx")
    campaign = farm.start([model], [alpha], LONG)
    eventually("it measures", lambda: farm.client.campaign(campaign.campaign_id).jobs[0].stage == "measure")
    farm.agents["alpha"].kill()
    farm.start_agent("alpha")
    job = farm.finish(campaign).jobs[0]
    assert (job.state, job.attempt) == ("measured", 2)


def test_the_broker_killed_in_mid_run_loses_nothing(farm: Farm, bundled: Path) -> None:
    alpha = farm.device("alpha")
    names = ("digits-cnn-fp32.onnx", "digits-cnn-int8.onnx", "digits-cnn-fp32.tflite", "digits-cnn-int8.tflite")
    models = [farm.put(bundled / name) for name in names]
    campaign = farm.start(models, [alpha])
    for _ in range(2):
        broker = eventually("a broker runs", lambda: broker_of(farm))
        eventually(
            "something runs", lambda: any(j.state == "running" for j in farm.client.campaign(campaign.campaign_id).jobs)
        )
        broker.send_signal(signal.SIGKILL)
        eventually("the broker is another one", lambda old=broker.pid: (b := broker_of(farm)) and b.pid != old)
    jobs = farm.finish(campaign).jobs
    assert [job.state for job in jobs] == ["measured"] * 4
    assert len(set(result_ids(farm))) == 4


def test_a_hub_killed_while_results_are_due_gets_each_once(farm: Farm, bundled: Path) -> None:
    alpha = farm.device("alpha")
    model = farm.put(bundled / "digits-cnn-fp32.onnx")
    campaign = farm.start([model], [alpha], LONG)
    eventually("it measures", lambda: farm.client.campaign(campaign.campaign_id).jobs[0].stage == "measure")
    assert farm.hub is not None
    farm.hub.kill()
    farm.start_hub()
    assert farm.finish(campaign).jobs[0].state == "measured"
    assert len(result_ids(farm)) == 1


def test_an_agent_may_start_before_its_hub(empty_farm: Farm) -> None:
    empty_farm.start_agent("early")
    empty_farm.start_hub()
    assert empty_farm.device("early").online


def test_two_agents_may_share_a_name_and_are_told_apart(farm: Farm) -> None:
    farm.start_agent("beta")
    farm.device("beta")
    farm.start_agent("beta-2", "--name", "beta")
    both = eventually(
        "both are there",
        lambda: (
            found if len(found := [d for d in farm.client.devices() if d.name == "beta" and d.online]) == 2 else None
        ),
    )
    assert len({device.device_id for device in both}) == 2
    assert len({device.label for device in both}) == 2
    done = subprocess.run(
        [sys.executable, "-m", "edgeprof", "rename", "device", "beta", "gamma", "--hub", farm.client.url],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "ambiguous_device" in done.stderr
    assert all(device.device_id in done.stderr for device in both)


def test_a_copied_state_folder_waits_while_the_first_agent_is_there_and_begins_nothing(
    farm: Farm, bundled: Path
) -> None:
    alpha = farm.device("alpha")
    campaign = farm.start([farm.put(bundled / "digits-cnn-fp32.onnx")], [alpha], LONG)
    eventually("it measures", lambda: farm.client.campaign(campaign.campaign_id).jobs[0].stage == "measure")
    shutil.copytree(farm.folder / "alpha", farm.folder / "copy")  # with a job that runs
    copy = farm.start_agent("copy")
    eventually("the copy is refused", lambda: "is in use by an agent on" in copy.log.read_text())
    farm.client.delete("devices", alpha.device_id)
    assert farm.device("alpha").device_id == alpha.device_id
    campaign = farm.start([farm.put(bundled / "digits-cnn-fp32.onnx")], [alpha])
    assert [job.state for job in farm.finish(campaign).jobs] == ["measured"]
    log = copy.log.read_text()
    assert copy.popen.poll() is None
    assert log.count("is in use by an agent on") == 1
    assert not [word for word in ("job.started", "outbox", "delete", "link.online") if word in log]


def test_an_agent_that_is_killed_and_started_again_at_once_is_let_in(farm: Farm) -> None:
    log = farm.agents["alpha"].log
    for births in range(2, 7):
        farm.agents["alpha"].kill()
        farm.start_agent("alpha")
        eventually("it is back", lambda births=births: log.read_text().count("link.online") == births, 20.0)
    assert "in use" not in log.read_text()
