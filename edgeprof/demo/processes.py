"""The demo's hub and agents as real processes of their own: start, wait until they answer, stop, show why one died."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from edgeprof.client.http_client import HubClient, HubError
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.1


class DemoProcess:
    """One process of the demo; its output goes to a log file."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            # A session of its own: Ctrl-C in the terminal reaches only the demo, which stops the parts in order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edgeprof", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check_alive(self) -> None:
        """Raises EdgeprofError with the last line that the process wrote, if it has ended."""
        code = self._process.poll()
        if code is not None:
            lines = self.log.read_text(errors="replace").strip().splitlines() or ["it printed nothing"]
            raise EdgeprofError(
                "part_died", f"The demo's {self.name} exited with code {code}: {lines[-1]} ({self.log})"
            )

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for one that does not listen."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def check_port_free(port: int) -> None:
    """Raises UsageError if something listens on the loopback port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError("port_in_use", f"Port {port} is in use. Choose another with --port {port + 1}.") from error


def wait_for_hub(part: DemoProcess, client: HubClient) -> None:
    """Until the hub answers."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        part.check_alive()
        try:
            client.devices()
            return
        except HubError as error:
            if time.monotonic() > deadline:
                raise EdgeprofError("hub_silent", f"The demo's hub does not answer. See {part.log}.") from error
        time.sleep(POLL_S)


def wait_for_agents(parts: Sequence[DemoProcess], client: HubClient, names: Sequence[str]) -> list[rest.DeviceRecord]:
    """Until each named agent is online with its facts; returns their devices in that order."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while True:
        for part in parts:
            part.check_alive()
        here = {item.name: item for item in client.devices() if item.online and item.facts is not None}
        if all(name in here for name in names):
            return [here[name] for name in names]
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(set(names) - set(here)))
            raise EdgeprofError(
                "agent_silent", f"The demo's agent {missing} did not report. See {parts[0].log.parent}."
            )
        time.sleep(POLL_S)
