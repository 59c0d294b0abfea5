"""A hub, its broker and two agents as processes that are killed and started again."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from benchmarks.hub_footprint import answers, free_port
from edgeprof.client.http_client import HubClient, HubError
from edgeprof.wire import rest

Victim = Literal["hub", "broker", "agent", "worker", "pair", "everything"]
WEIGHTS: dict[Victim, int] = {"hub": 2, "broker": 5, "agent": 3, "worker": 5, "pair": 2, "everything": 1}
"""Broker and worker are seldom there to be killed: the one ends with its hub, the other lives for a second."""
AGENTS = ("alpha", "beta")
MAX_RESTART_S = 2.0
MAX_BETWEEN_S = 1.0
"""Of a pair: between the death of the hub and that of an agent, or the other way round."""
REFUSED_RESTART_S = 2.0
"""A service manager starts an agent again that ended by itself; systemd waits for 5 s."""
START_LIMIT_S = 120.0
CLEAN_STOP_S = 20.0


@dataclass
class Daemon:
    """One program that is started again and again, with one log for all its lives."""

    command: Sequence[str]
    log: Path
    environment: dict[str, str]
    process: psutil.Popen | None = None
    due_s: float | None = None
    """When it starts again; None while it runs."""
    ended_by_itself: int = 0

    def start(self) -> None:
        """A new life."""
        with self.log.open("ab") as stream:
            self.process = psutil.Popen(
                [sys.executable, "-m", "edgeprof", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self.environment,
            )
        self.due_s = None

    def is_running(self) -> bool:
        """Whether this life has not ended."""
        return self.process is not None and self.process.poll() is None

    def children(self) -> list[psutil.Process]:
        """What it has started, and what those have started."""
        with contextlib.suppress(psutil.Error):
            if self.process is not None and self.is_running():
                return self.process.children(recursive=True)
        return []

    def kill(self, restart_in_s: float) -> None:
        """SIGKILL, and start again after a pause."""
        if self.process is not None and self.is_running():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self.due_s = time.monotonic() + restart_in_s

    def tick(self) -> None:
        """Start it where it is due, also where it ended without having been killed. Nothing before its first start."""
        now_s = time.monotonic()
        if self.process is None:
            return
        if self.due_s is None and not self.is_running():
            self.ended_by_itself += 1
            self.due_s = now_s + REFUSED_RESTART_S
        elif self.due_s is not None and self.due_s <= now_s:
            self.start()

    def stop(self) -> None:
        """A clean end."""
        if self.process is None or not self.is_running():
            return
        self.process.terminate()
        try:
            self.process.wait(CLEAN_STOP_S)
        except psutil.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Fleet:
    """All processes of one run, in one folder. `tick` must be called often."""

    def __init__(self, folder: Path, broker: str, draw: random.Random) -> None:
        self.folder = folder
        self._draw = draw
        port, mqtt_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("EDGEPROF_")}
        clean |= {"EDGEPROF_STATE": str(folder / "state"), "EDGEPROF_CACHE": str(folder / "cache")}
        serve = ["hub", "serve", "--data", str(folder / "hub"), "--port", str(port)]
        self.hub = Daemon([*serve, "--broker", broker, "--mqtt-port", str(mqtt_port)], folder / "hub.log", clean)
        self.agents = {
            name: Daemon(
                ["agent", "run", "--hub", self.url, "--name", name, "--data", str(folder / name)],
                folder / f"{name}.log",
                clean,
            )
            for name in AGENTS
        }
        self._brokers: list[psutil.Process] = []
        self.killed: Counter[Victim] = Counter()

    def start(self) -> list[rest.DeviceRecord]:
        """Everything runs, and both devices are online with their facts. Returns the devices."""
        self.hub.start()
        self.wait_for("the hub answers", lambda: answers(f"{self.url}/api/v1/healthz"), START_LIMIT_S)
        for agent in self.agents.values():
            agent.start()
        client = HubClient(self.url)
        self.wait_for("both devices are online", lambda: len(online(client)) == len(AGENTS), START_LIMIT_S)
        return online(client)

    def wait_for(self, what: str, ask: Callable[[], bool], limit_s: float) -> None:
        """Raises SystemExit with the end of the hub's log where it does not come."""
        deadline = time.monotonic() + limit_s
        while not ask():
            if time.monotonic() > deadline:
                raise SystemExit(f"Not within {limit_s:.0f} s: {what}. Logs: {self.folder}")
            time.sleep(0.1)
            self.tick()

    def tick(self) -> None:
        """Start what is due, and note which broker runs."""
        for daemon in self._daemons():
            daemon.tick()
        self._brokers = [*self.hub.children(), *(broker for broker in self._brokers if broker.is_running())][:4]

    def kill_one(self, wanted: Victim | None = None) -> bool:
        """SIGKILL to a victim drawn among those that run, or to the wanted one, if it runs. False: none runs."""
        victims = dict(self._victims())
        if not victims:
            return False
        victim = wanted if wanted in victims else self._draw.choices(list(victims), [WEIGHTS[v] for v in victims])[0]
        victims[victim]()
        self.killed[victim] += 1
        return True

    def _victims(self) -> Iterator[tuple[Victim, Callable[[], None]]]:
        agents = [agent for agent in self.agents.values() if agent.is_running()]
        workers = [worker for agent in agents for worker in agent.children()]
        if self.hub.is_running():
            yield "hub", lambda: self.hub.kill(self._pause_s())
        if brokers := [broker for broker in self._brokers if broker.is_running()]:
            yield "broker", lambda: end(brokers)
        if agents:
            yield "agent", lambda: self._draw.choice(agents).kill(self._pause_s())
        if workers:
            yield "worker", lambda: end([self._draw.choice(workers)])
        if self.hub.is_running() and agents:
            yield "pair", lambda: self._kill_pair(self._draw.choice(agents))
            yield "everything", lambda: self._kill_everything(workers)

    def _kill_pair(self, agent: Daemon) -> None:
        """Hub and agent within one second, in either order: the one does not see the end of the other."""
        first, second = self._draw.sample([self.hub, agent], 2)
        first.kill(self._pause_s())
        time.sleep(self._draw.uniform(0.0, MAX_BETWEEN_S))
        second.kill(self._pause_s())

    def _kill_everything(self, workers: list[psutil.Process]) -> None:
        """As in a power cut, but for the disk: what was written stays in the kernel's cache."""
        brokers = [*self.hub.children(), *self._brokers]
        for daemon in self._daemons():
            daemon.kill(self._pause_s())
        end([*brokers, *workers])

    def _pause_s(self) -> float:
        """Half of what was killed starts again at once."""
        return self._draw.choice((0.0, self._draw.uniform(0.0, MAX_RESTART_S)))

    def stop(self) -> None:
        """A clean end of everything, agents first; what is left over is killed."""
        left = [*self.hub.children(), *self._brokers, *(child for a in self.agents.values() for child in a.children())]
        for daemon in (*self.agents.values(), self.hub):
            daemon.stop()
        end(left)

    def _daemons(self) -> Iterator[Daemon]:
        return iter((self.hub, *self.agents.values()))


def online(client: HubClient) -> list[rest.DeviceRecord]:
    """The devices that the hub calls online, with facts. None where it does not answer."""
    with contextlib.suppress(HubError):
        return [device for device in client.devices() if device.online and device.facts]
    return []


def end(processes: Sequence[psutil.Process]) -> None:
    """SIGKILL to each that still runs."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
