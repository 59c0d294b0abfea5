"""A real adb server of this test alone: the one that adbutils carries, on a free port, with a home of its own."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from adbutils import adb_path

from edgeprof_agent.phones.bridge import Bridge
from tests.phones.adbd import Phone
from tests.ports import free_port


class AdbServer:
    """The running server."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        # It looks for no phones of its own: neither on USB, which takes it 3 s, nor for emulators and on the network.
        self.environment = {
            "ANDROID_ADB_SERVER_PORT": str(self.port),
            "ADB_LOCAL_TRANSPORT_MAX_PORT": "0",
            "ADB_USB": "0",
            "ADB_MDNS": "0",
            "HOME": str(home),
            "ANDROID_USER_HOME": str(home),
        }
        self.run("start-server")

    def run(self, *arguments: str) -> str:
        """One adb command."""
        done = subprocess.run(
            [adb_path(), *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout + done.stderr

    def plug(self, phone: Phone) -> str:
        """Make the server see a phone; gives back its serial."""
        self.run("connect", phone.serial)
        return phone.serial

    def bridge(self) -> Bridge:
        return Bridge("127.0.0.1", self.port)


@contextmanager
def adb_server(home: Path) -> Generator[AdbServer]:
    """Runs meanwhile."""
    server = AdbServer(home)
    try:
        yield server
    finally:
        server.run("kill-server")
