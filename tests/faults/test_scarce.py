"""An agent without file descriptors lives on and hands over its result when it has some again; many runs leak none."""

import os
import resource
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from edgeprof.wire.messages import ModelRef, State
from tests.agent import pieces
from tests.agent.minimal_hub import MinimalHub, eventually

pytestmark = pytest.mark.mosquitto
CONTENTS = {"model.onnx": b"tiny" * 100}
WARM, RUNS = 30, 200
MAX_GROWTH_MIB = 5.0


@pytest.fixture
def tiny(hub: MinimalHub) -> ModelRef:
    model = pieces.model("tiny", CONTENTS)
    hub.offer(model, CONTENTS)
    return model


@contextmanager
def agent_process(hub: MinimalHub, folder: Path) -> Generator["subprocess.Popen[bytes]"]:
    """An agent that ends with the block."""
    command = [sys.executable, "-m", "tests.agent.agent_process", hub.url, str(folder / "agent"), "quick"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_agent_without_file_descriptors_waits_for_them(hub: MinimalHub, tiny: ModelRef, tmp_path: Path) -> None:
    with agent_process(hub, tmp_path) as process:
        eventually(lambda: any(state.online for state in hub.received_of(State)))
        device_id = hub.received_of(State)[-1].device_id
        hub.send(device_id, pieces.job(tiny))
        eventually(lambda: len(hub.results) == 1)
        open_now = max(int(name) for name in os.listdir(f"/proc/{process.pid}/fd")) + 1
        before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        assert open_now < before[0]
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        job = pieces.job(tiny)
        hub.send(device_id, job)
        with pytest.raises(AssertionError):
            eventually(lambda: len(hub.results) == 2, 1.0)
        assert process.poll() is None, "the agent died"
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
        hub.send(device_id, job)  # as a hub does with a job that was not answered
        eventually(lambda: len(hub.results) == 2)


def test_many_runs_leak_neither_memory_nor_descriptors(hub: MinimalHub, tiny: ModelRef, tmp_path: Path) -> None:
    """A month of idling has fewer messages than these runs."""
    with agent_process(hub, tmp_path) as process:
        eventually(lambda: any(state.online for state in hub.received_of(State)))
        device_id = hub.received_of(State)[-1].device_id
        agent = psutil.Process(process.pid)

        def run_to(count: int) -> tuple[float, int]:
            while len(hub.results) < count:
                known = len(hub.results)
                for _ in range(min(10, count - known)):
                    hub.send(device_id, pieces.job(tiny))
                eventually(lambda: len(hub.results) >= min(count, known + 10))  # noqa: B023
            return agent.memory_info().rss / 2**20, agent.num_fds()

        warm_mib, warm_fds = run_to(WARM)
        mib, fds = run_to(RUNS)
    assert mib - warm_mib < MAX_GROWTH_MIB
    assert fds <= warm_fds + 2
