"""Scenarios on a disk of a few MiB that this process mounts for itself.

`unshare -rm python -m tests.faults.small_disk NAME FOLDER` ends with 0 where nothing was lost and the agent lived on.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire.messages import Receipt
from edgeprof_agent.daemon import store
from tests.agent import agent_process, pieces
from tests.agent.agent_process import Running, Slow
from tests.agent.minimal_hub import MinimalHub, Mosquitto, eventually
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import serving

CONTENTS = {"model.onnx": b"tiny" * 100}
MIB = 2**20


@contextmanager
def disk(folder: Path, options: str) -> Generator[Path]:
    """A file system of its own, gone with this process."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    yield folder


def fill(folder: Path) -> Path:
    """Not a byte is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        for size in (MIB // 4, 4096, 1):
            try:
                while stream.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


@contextmanager
def agent_on(
    place: Path, options: str, measure: Slow | None = None, resend_after_s: float = 30.0
) -> Generator[tuple[MinimalHub, Running, Path]]:
    """An agent whose state is on the small disk; hub and broker are elsewhere."""
    broker = Mosquitto(place)
    hub = MinimalHub(broker.port)
    with disk(place / "disk", options) as folder:
        settings = agent_process.settings(hub.url, folder / "agent", resend_after_s)
        agent = Running(agent_process.make(settings, measure or agent_process.quick))
        try:
            eventually(lambda: hub.is_online(agent.device_id))
            yield hub, agent, folder
            assert agent.error is None, agent.error
        finally:
            agent.stop()
            hub.close()
            broker.kill()


def full_while_a_result_is_stored(place: Path) -> None:
    """The run ends on a full disk: its result waits in memory, and is stored and sent once there is room."""
    slow = Slow()
    with agent_on(place, "size=6m", slow) as (hub, agent, folder):
        job = offer(hub)
        hub.send(agent.device_id, job)
        eventually(lambda: slow.started == [job.job_id])
        filler = fill(folder)
        slow.release.set()
        stays(lambda: not hub.results and agent.error is None)
        filler.unlink()
        eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)


def full_while_results_wait(place: Path) -> None:
    """Results that get no receipt are sent again and again; what the agent notes about that does not fit."""
    with agent_on(place, "size=6m", resend_after_s=0.1) as (hub, agent, folder):
        hub.lose_receipts = 1_000_000
        hub.send(agent.device_id, offer(hub))
        eventually(lambda: len(hub.results) == 1)
        filler = fill(folder)
        stays(lambda: agent.error is None)
        filler.unlink()
        hub.lose_receipts = 0
        eventually(lambda: agent.agent.unreceipted() == 0)


def full_when_a_job_comes(place: Path) -> None:
    """It is not accepted, so the hub sends it again, and it runs once there is room."""
    with agent_on(place, "size=6m") as (hub, agent, folder):
        job = offer(hub)
        filler = fill(folder)
        hub.send(agent.device_id, job)
        stays(lambda: not hub.results and agent.error is None)
        filler.unlink()
        hub.send(agent.device_id, job)
        eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)


def no_inodes(place: Path) -> None:
    """Bytes are free and no name is left: an artifact needs one."""
    slow = Slow()
    with agent_on(place, "size=6m,nr_inodes=60", slow) as (hub, agent, folder):
        job = offer(hub)
        hub.send(agent.device_id, job)
        eventually(lambda: slow.started == [job.job_id])
        names = folder / "names"
        names.mkdir()
        try:
            for number in range(100):
                (names / str(number)).touch()
        except OSError:
            pass
        slow.release.set()
        stays(lambda: not hub.results and agent.error is None)
        shutil.rmtree(names)
        eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)


def read_only_at_the_start(place: Path) -> None:
    """A card that the kernel has made read-only: a sentence, and nothing is lost once it can be written again."""
    with agent_on(place, "size=6m") as (hub, agent, folder):
        hub.send(agent.device_id, offer(hub))
        eventually(lambda: len(hub.results) == 1 and agent.agent.unreceipted() == 0)
        agent.stop()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        settings = agent_process.settings(hub.url, folder / "agent")
        with pytest.raises(EdgeprofError) as raised:
            agent_process.make(settings)
        assert raised.value.code == "state_unusable"
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        again = Running(agent_process.make(settings))
        assert (again.agent.unreceipted(), again.device_id) == (0, agent.device_id)
        again.stop()


def hub_and_broker_full(place: Path) -> None:
    """mosquitto cannot save and the hub cannot store: no receipt is given, and all arrives once there is room."""
    with disk(place / "disk", "size=12m") as folder, serving(folder / "hub", broker="mosquitto") as live:
        model = fleet.model("digits", "digits")
        live.hub.writer.call(lambda store: store.save_model(model))
        with FakeAgent(live.hub.endpoint.port) as agent:
            eventually(lambda: agent.is_connected)
            agent.post(fleet.result(1, model, fleet.vision_rows(1.0, 0.1)))
            agent.wait_until_empty()
            filler = fill(folder)
            (broker,) = (folder / "hub").rglob("mosquitto.pid")
            os.kill(int(broker.read_text()), 10)  # SIGUSR1: save now
            for number in range(40):
                agent.post(fleet.result(1, model, fleet.vision_rows(2.0 + number, 0.1)))
            stays(lambda: len(agent.got(Receipt)) < 40)
            filler.unlink()
            agent.wait_until_empty()
        assert len(live.hub.reader.results()) == 41


def offer(hub: MinimalHub) -> pieces.Job:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return pieces.job(model)


def stays(holds: Callable[[], bool], for_s: float = 1.5) -> None:
    """It holds all the time."""
    try:
        eventually(lambda: not holds(), for_s)
    except AssertionError:
        return
    raise AssertionError("it did not stay so")


SCENARIOS = (
    full_while_a_result_is_stored,
    full_while_results_wait,
    full_when_a_job_comes,
    no_inodes,
    read_only_at_the_start,
    hub_and_broker_full,
)

if __name__ == "__main__":
    store.HEADROOM_BYTES = 0  # else a disk of a few MiB counts as full from the start
    wanted = {each.__name__: each for each in SCENARIOS}[sys.argv[1]]
    wanted(Path(sys.argv[2]))
