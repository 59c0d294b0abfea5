"""A real mosquitto for the virtual meters."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import find_program
from tests.hub.live import free_port


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a broker that lets anybody in."""
    port = free_port()
    config = Path(tmp_path_factory.mktemp("mosquitto")) / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    program = find_program("mosquitto")
    assert program is not None
    process = subprocess.Popen([program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _await(port: int) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        try:
            Client(CallbackAPIVersion.VERSION2).connect("127.0.0.1", port)
            return
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)
