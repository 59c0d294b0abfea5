"""One hub and its boards, as a person has them: the hub with TLS and mosquitto, each board installed by the one line.

Each board has an environment, settings, a state folder and an agent of its own. They share this machine.
"""

import os
import platform
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.fault_fleet import Daemon, end
from benchmarks.hub_footprint import answers
from benchmarks.weak_link import HUB_ADDRESS
from edgeprof.client.http_client import HubClient

AT_ONCE = 2
"""Installations at a time: as many as this machine has cores."""
START_LIMIT_S = 60.0
HEARD = "the hub hears this device as"
SMALL_STORE_MIB = "1"
KIND = f"{platform.machine()}-cp{sys.version_info[0]}{sys.version_info[1]}"


@dataclass(frozen=True)
class Joined:
    """One board's installation: from Enter to the installer's last word."""

    name: str
    took_s: float
    fetched_mb: float
    said: str
    """All that the installer printed."""


class Boards:
    """The boards of one run. They live in the network namespace `space`; `folder` holds everything."""

    def __init__(self, folder: Path, number: int, space: str) -> None:
        self.folder = folder
        self._space = space
        self.names = tuple(f"board-{index:02}" for index in range(1, number + 1))

    @property
    def full(self) -> str:
        """The board that has room for no model: its failure must have a name."""
        return self.names[-1]

    def join(self, name: str, line: str) -> Joined:
        """Paste the page's line into a terminal of this board. Raises SystemExit with the installer's words."""
        home = self.folder / "boards" / name
        home.mkdir(parents=True)
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("EDGEPROF_", "PYTHON"))}
        where = {"PREFIX": f"{home}/opt", "ETC": f"{home}/etc", "UNITS": f"{home}/units"}
        where["STATE"] = str(self.folder / name)
        if name == self.full:
            where["EDGEPROF_AGENT_STORE_BUDGET_MIB"] = SMALL_STORE_MIB
        command = f"{line.replace('| sudo sh', '| sh')} --name {name} --extras onnx --start"
        began_s = time.monotonic()
        done = subprocess.run(
            ["ip", "netns", "exec", self._space, "sh", "-c", command],
            cwd=home,
            env=clean | where,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        took_s = time.monotonic() - began_s
        if done.returncode or HEARD not in done.stdout:
            raise SystemExit(f"{name} did not join after {took_s:.0f} s:\n{done.stdout}")
        fetched = sum(map(float, re.findall(r"([\d.]+) MB from the hub", done.stdout)))
        return Joined(name, took_s, fetched, done.stdout)

    def join_all(self, names: Sequence[str], lines: Sequence[str]) -> list[Joined]:
        """Two at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.join, names, lines))

    def agents(self) -> list[psutil.Process]:
        """Those that run, by the lock in their state folders."""
        found: list[psutil.Process] = []
        for name in self.names:
            with suppress(OSError, ValueError, psutil.Error):
                found.append(psutil.Process(int((self.folder / name / "lock").read_text().strip())))
        return found

    def stop(self) -> None:
        """A clean end of each, then a hard one."""
        agents = self.agents()
        for agent in agents:
            with suppress(psutil.Error):
                agent.terminate()
        for agent in psutil.wait_procs(agents, timeout=30)[1]:
            with suppress(psutil.Error):
                agent.kill()


class Site:
    """The hub's machine: its hub starts again by itself two seconds after it died, as under systemd."""

    RESTART_S = 2.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.page = f"https://{HUB_ADDRESS}:8766"
        self._plain = "http://127.0.0.1:8765"
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("EDGEPROF_")}
        self.environment |= {"EDGEPROF_STATE": str(folder / "state"), "EDGEPROF_CACHE": str(folder / "cache")}
        self.environment |= {"EDGEPROF_HUB": self._plain, "EDGEPROF_TOKEN": secrets.token_urlsafe(24)}
        serve = ["hub", "serve", "--data", str(folder / "hub"), "--host", "0.0.0.0", "--tls", "--broker", "mosquitto"]
        self._hub = Daemon(serve, folder / "hub.log", self.environment)
        self.client = HubClient(self._plain, self.token)

    @property
    def token(self) -> str:
        """The hub's shared token, for a person's requests. No board learns it."""
        return self.environment["EDGEPROF_TOKEN"]

    def fill_wheels(self) -> str:
        """For this machine's kind. Needs the network; returns the command's words."""
        return self.run("hub", "wheels", "--data", str(self.folder / "hub"), "--for", KIND, "--extras", "onnx")

    def run(self, *words: str) -> str:
        """One command on the hub's machine. Raises SystemExit with its words."""
        command = [sys.executable, "-m", "edgeprof", *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr}")
        return done.stdout

    def start(self) -> None:
        """Raises SystemExit where the hub does not answer in time."""
        self._hub.start()
        deadline_s = time.monotonic() + START_LIMIT_S
        while not answers(f"{self._plain}/api/v1/healthz"):
            if time.monotonic() > deadline_s:
                raise SystemExit((self.folder / "hub.log").read_text()[-2000:])
            time.sleep(0.05)

    def kill_hub(self) -> None:
        """SIGKILL; it starts again by `tick`."""
        self._hub.kill(self.RESTART_S)

    def kill_broker(self) -> bool:
        """SIGKILL to mosquitto, which the hub starts again. False: none ran."""
        brokers = [child for child in self._hub.children() if child.name() == "mosquitto"]
        end(brokers)
        return bool(brokers)

    def tick(self) -> None:
        """Often: starts the hub where it is due."""
        self._hub.tick()

    def stop(self) -> None:
        """A clean end."""
        self._hub.stop()
