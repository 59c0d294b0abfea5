"""A real hub and real agents as processes of their own, on free loopback ports, in a folder that goes away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from edgeprof.client.http_client import HubClient, HubError
from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.record import Labels, record_of_file
from edgeprof.wire import rest
from edgeprof.wire.messages import RunProtocol
from tests.ports import free_port

T = TypeVar("T")

QUICK = RunProtocol(warmup_runs=2, warmup_limit_s=0.5, window_s=0.5, window_limit_s=0.5, deadline_s=90.0)
PATIENCE_S = 60.0


def eventually(what: str, ask: Callable[[], T | None], patience_s: float = PATIENCE_S) -> T:
    """The first answer that is neither None nor False."""
    deadline = time.monotonic() + patience_s
    while True:
        answer = ask()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < deadline, f"waited {patience_s} s in vain: {what}"
        time.sleep(0.1)


class Process:
    """One `edgeprof` process with its log."""

    def __init__(
        self, log: Path, arguments: Sequence[str], environment: Mapping[str, str], python: Path | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as stream:
            self.popen = subprocess.Popen(
                [str(python or sys.executable), "-m", "edgeprof", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=log.parent,  # away from the source tree, which `-m` would import from
                env={**os.environ, **environment},
            )

    def stop(self) -> None:
        self.popen.terminate()
        try:
            self.popen.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to the process alone: what it had started must not live on by itself."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()


class Farm:
    """A hub, its client, and the agents by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.client = HubClient(f"http://127.0.0.1:{self.port}")
        self.agents: dict[str, Process] = {}
        self.hub: Process | None = None

    def start_hub(self, *arguments: str, python: Path | None = None) -> None:
        base = ["hub", "serve", "--data", str(self.folder / "hub"), "--port", str(self.port)]
        self.hub = Process(self.folder / "hub.log", [*base, *arguments], {}, python)
        eventually("the hub answers", self._answers)

    def _answers(self) -> bool:
        assert self.hub is not None
        assert self.hub.popen.poll() is None, self.hub.log.read_text()
        try:
            self.client.devices()
        except HubError:
            return False
        return True

    def start_agent(
        self,
        name: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        python: Path | None = None,
    ) -> Process:
        base = ["agent", "run", "--hub", self.client.url, "--name", name, "--data", str(self.folder / name)]
        process = Process(self.folder / f"{name}.log", [*base, *arguments], environment or {}, python)
        self.agents[name] = process
        return process

    def device(self, name: str) -> rest.DeviceRecord:
        """The device of that name, once it is online with its facts."""

        def online() -> rest.DeviceRecord | None:
            found = [item for item in self.client.devices() if item.name == name and item.online and item.facts]
            return found[0] if found else None

        return eventually(f"{name} is online", online)

    def put(self, path: Path, name: str | None = None) -> rest.ModelRecord:
        model = inspect(path)
        return self.client.add_model(model, record_of_file(model, path, Labels(name=name)))

    def start(
        self, models: Sequence[rest.ModelRecord], devices: Sequence[rest.DeviceRecord], protocol: RunProtocol = QUICK
    ) -> rest.Campaign:
        return self.client.start_campaign(
            rest.CampaignRequest(
                model_ids=tuple(item.model_id for item in models),
                device_ids=tuple(item.device_id for item in devices),
                threads=1,
                protocol=protocol,
            )
        )

    def finish(self, campaign: rest.Campaign, patience_s: float = 120.0) -> rest.Campaign:
        def ended() -> rest.Campaign | None:
            now = self.client.campaign(campaign.campaign_id)
            return now if all(job.state in rest.TERMINAL_STATES for job in now.jobs) else None

        return eventually("the campaign ends", ended, patience_s)

    def run(self, models: Sequence[rest.ModelRecord], devices: Sequence[rest.DeviceRecord]) -> rest.Campaign:
        return self.finish(self.start(models, devices))

    def cells(self) -> dict[tuple[str, str], rest.Cell]:
        """The newest cells by (device id, model id)."""
        return {(cell.device_id, cell.model_id): cell for cell in self.client.compare().cells}

    def stop(self) -> None:
        for process in self.agents.values():
            process.stop()
        if self.hub:
            self.hub.stop()
