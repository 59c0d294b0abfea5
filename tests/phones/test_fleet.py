"""Phones come and go: each is one agent, over USB and Wi-Fi at once, and again after it was away."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeprof.sd_notify import Notifier
from edgeprof_agent import config
from edgeprof_agent.phones import fleet as fleets
from edgeprof_agent.phones.fleet import Fleet
from tests.phones.adb_server import AdbServer
from tests.phones.adbd import Phone
from tests.phones.conftest import Plug
from tests.phones.pixel import make_pixel

pytestmark = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")
"""adbutils 2.12 leaves the socket of a phone that has left to the garbage collector."""


@pytest.fixture
def fleet(server: AdbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Fleet]:
    """It runs; no hub answers it. It looks often, and gives a phone up soon."""
    monkeypatch.setattr(fleets, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(fleets, "GONE_AFTER_S", 0.5)
    settings = config.load({"hub": "http://127.0.0.1:1", "data": tmp_path / "agents"}, {})
    with _running(Fleet(server.bridge(), settings, {})) as running:
        yield running


def test_a_phone_on_usb_and_on_wifi_is_one_device_and_stays_while_one_of_them_is_there(
    fleet: Fleet, plug: Plug, server: AdbServer, tmp_path: Path
) -> None:
    usb, other = plug("SER1"), plug("SER2")
    wifi = Phone(make_pixel(tmp_path / "the-same-phone", "SER1"))
    try:
        server.plug(wifi)
        _until(lambda: len(fleet.online()) == 2)
        usb.unplug()
        server.run("disconnect", usb.serial)
        time.sleep(0.8)  # longer than a phone that left would stay
        assert len(fleet.online()) == 2
        other.unplug()
        _until(lambda: len(fleet.online()) == 1)
    finally:
        wifi.close()
        server.run("disconnect", wifi.serial)


def test_a_phone_that_comes_back_is_the_same_device_in_the_same_folder(
    fleet: Fleet, plug: Plug, server: AdbServer, tmp_path: Path
) -> None:
    first = plug("SER1")
    _until(lambda: fleet.online())
    (device_id,) = fleet.online()
    first.unplug()
    _until(lambda: not fleet.online())
    again = Phone(first.root)
    try:
        server.plug(again)
        _until(lambda: fleet.online() == [device_id])
    finally:
        again.close()
        server.run("disconnect", again.serial)
    assert [path.name for path in (tmp_path / "agents").iterdir()] == [device_id]
    assert (tmp_path / "agents" / device_id / "device_id").read_text() == device_id


def test_a_phone_that_has_not_allowed_this_computer_is_named_once_in_the_log(
    fleet: Fleet, plug: Plug, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = plug("SER1", authorized=False)
    _until(lambda: any("phone.unusable" in line for line in caplog.messages))
    time.sleep(0.3)
    lines = [line for line in caplog.messages if "unauthorized" in line]
    assert len(lines) <= 1
    assert waiting.serial in "".join(caplog.messages)
    assert fleet.online() == []


@contextmanager
def _running(fleet: Fleet) -> Generator[Fleet]:
    thread = threading.Thread(target=fleet.run, args=(Notifier({}),))
    thread.start()
    try:
        yield fleet
    finally:
        fleet.stop()
        thread.join(30)
        assert not thread.is_alive()


def _until(holds: Callable[[], object], patience_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
