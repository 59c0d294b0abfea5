"""`edgeprof agent phones`, and the states of a real adb server."""

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from adbutils import AdbError
from click.testing import CliRunner, Result

from edgeprof_agent.commands.phones import phones
from edgeprof_agent.phones.bridge import Bridge, NoAdbServer, _reason  # pyright: ignore[reportPrivateUsage]
from edgeprof_agent.phones.states import STATES, problem
from tests.phones.adb_server import AdbServer, adb_server
from tests.phones.conftest import Plug
from tests.ports import free_port

pytestmark = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")
"""adbutils 2.12 leaves the socket of a server that does not answer to the garbage collector."""


@pytest.fixture
def here(server: AdbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command asks this test's server."""
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))


def _listed(*arguments: str) -> Result:
    return CliRunner().invoke(phones, arguments)


def test_without_a_phone_the_command_tells_how_to_attach_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with adb_server(tmp_path) as empty:
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(empty.port))
        done = _listed()
    assert done.exit_code == 1
    assert done.output.startswith("adb sees no phone.\nPlug one in with a data cable, turn on USB debugging")


@pytest.mark.usefixtures("here")
def test_a_ready_phone_and_one_that_has_not_allowed_this_computer(plug: Plug) -> None:
    ready, waiting = plug("SER1"), plug("SER2", authorized=False)
    done = _listed()
    assert done.exit_code == 0
    lines = done.output.splitlines()
    (line,) = [line for line in lines if line.startswith(ready.serial)]
    assert line.startswith(f"{ready.serial}  ready  Pixel 8 (")
    (at,) = [number for number, line in enumerate(lines) if line.startswith(waiting.serial)]
    assert lines[at].partition("  ")[2] in (
        "unauthorized: the phone has not allowed this computer",
        "authorizing: the phone is being asked",
    )
    assert "accept `Allow USB debugging?`" in lines[at + 1]


@pytest.mark.usefixtures("here")
def test_a_phone_that_has_left_is_offline_and_json_names_every_field(plug: Plug) -> None:
    phone = plug("SER1")
    phone.unplug()
    (line,) = [each for each in json.loads(_listed("--json").stdout) if each["serial"] == phone.serial]
    assert (line["state"], line["device_id"]) == ("offline", None)
    assert "adb reconnect offline" in line["remedy"]


def test_without_an_adb_program_the_line_that_installs_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBUTILS_ADB_PATH", "/nowhere/adb")
    with pytest.raises(NoAdbServer, match="apt-get install adb"):
        Bridge("127.0.0.1", free_port()).attached()


@pytest.mark.parametrize("state", [name for name in STATES if name != "device"])
def test_every_state_has_a_meaning_and_a_remedy(state: str) -> None:
    assert problem(state).meaning
    assert problem(state).remedy.endswith(".")


def test_the_states_that_no_phone_of_ours_can_show_are_read_from_the_servers_documented_text() -> None:
    text = (
        "A1\tno permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com]\n"
        "A2\trecovery\nA3\tbootloader\nA4\tan-unheard-of-state\n"
    )
    with _answering(text) as port:
        found = {each.serial: each.state for each in Bridge("127.0.0.1", port).attached()}
    assert found == {"A1": "no permissions", "A2": "recovery", "A3": "bootloader", "A4": "an-unheard-of-state"}
    assert "plugdev" in problem(found["A1"]).remedy
    assert "an-unheard-of-state" in problem(found["A4"]).meaning


class _answering:
    """A server that answers `host:devices` once, as adb's docs/dev/services.md describes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self._listener.getsockname()[1]

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, suppress(OSError):
            connection.recv(4 + len("host:devices"))
            connection.sendall(b"OKAY" + f"{len(self._text):04x}{self._text}".encode())


def test_what_adb_says_of_a_phone_is_told_without_its_serial_number() -> None:
    gone = AdbError("device '0A1B2C3D' not found")
    assert _reason(gone, "0A1B2C3D") == "device 'the phone' not found"
    away = AdbError("failed to connect to 192.168.1.7:5555")
    assert _reason(away, "192.168.1.7:5555") == "failed to connect to the phone"
