"""Hub, broker and device lose power at once; the broker's file tells of the time before. Everybody comes back."""

import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest

from edgeprof.wire.messages import RunProtocol
from tests.e2e.farm import Farm, eventually

pytestmark = pytest.mark.mosquitto
LONG = RunProtocol(warmup_runs=2, window_s=3.0, max_runs=10_000_000, deadline_s=60.0, energy=False, cold_start=False)


def _saved_ns(farm: Farm) -> int:
    return max((file.stat().st_mtime_ns for file in (farm.folder / "hub").rglob("mosquitto.db")), default=0)


def cut_power(farm: Farm) -> None:
    """mosquitto saves what it keeps (by the clock, here at once); then everything is dead."""
    assert farm.hub is not None
    (broker,) = [child for child in psutil.Process(farm.hub.popen.pid).children() if "mosquitto" in child.name()]
    saved_ns = _saved_ns(farm)
    broker.send_signal(signal.SIGUSR1)
    eventually("the broker has saved", lambda: _saved_ns(farm) > saved_ns)
    for process in (*farm.agents.values(), farm.hub):
        os.kill(process.popen.pid, signal.SIGSTOP)  # nobody notices the death of another
    for process in (*farm.agents.values(), farm.hub):
        process.kill()
    broker.kill()
    broker.wait()


def test_after_a_power_cut_every_device_is_let_in_and_its_jobs_end(empty_farm: Farm, bundled: Path) -> None:
    farm = empty_farm
    farm.start_hub("--broker", "mosquitto")
    farm.start_agent("alpha")
    alpha = farm.device("alpha")
    model = farm.put(bundled / "digits-cnn-fp32.onnx")
    campaigns = [farm.start([model], [alpha], LONG) for _ in range(2)]
    eventually("one runs", lambda: farm.client.campaign(campaigns[0].campaign_id).jobs[0].stage == "measure")
    cut_power(farm)
    farm.start_hub("--broker", "mosquitto")
    eventually("nobody counts as there", lambda: not any(device.online for device in farm.client.devices()), 5.0)
    log = farm.start_agent("alpha").log
    eventually("it is let in", lambda: log.read_text().count("link.online") == 2, 30.0)
    ends = [farm.finish(campaign).jobs[0] for campaign in campaigns]
    assert [(job.state, job.attempt) for job in ends] == [("measured", 2), ("measured", 1)]


def test_a_card_moved_to_another_machine_after_a_power_cut_is_let_in(empty_farm: Farm) -> None:
    """The same files at another place: nothing that was kept may shut them out for longer than a silence."""
    farm = empty_farm
    farm.start_hub("--broker", "mosquitto")
    farm.start_agent("alpha")
    device_id = farm.device("alpha").device_id
    cut_power(farm)
    (farm.folder / "alpha").rename(farm.folder / "old")
    shutil.copytree(farm.folder / "old", farm.folder / "alpha")
    farm.start_hub("--broker", "mosquitto")
    log = farm.start_agent("alpha").log
    eventually("it is let in", lambda: log.read_text().count("link.online") == 2, 60.0)
    assert farm.device("alpha").device_id == device_id
