"""A device joins a hub with TLS by the page's line: its own certificate, no token on it, the CA checked first."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.version import __version__
from edgeprof_hub.joining.wheel_index import FOLDER
from tests.hub import made_wheels
from tests.hub.test_joining import Device
from tests.hub.tls_hub import TlsHub, serving_tls

pytestmark = pytest.mark.mosquitto
TOKEN = "a-token-for-tests-only"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsHub]:
    data = tmp_path_factory.mktemp("hub")
    for name in (*made_wheels.AGENT_NEEDS, "pip"):
        made_wheels.of_installed(data / FOLDER, name)
    with serving_tls(data, TOKEN) as served:
        yield served


@pytest.fixture(scope="module")
def device(hub: TlsHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    made = Device(tmp_path_factory.mktemp("device"), f"https://127.0.0.1:{hub.port}")
    _, script = hub.ask("GET", "/install.sh")
    made.script.write_bytes(script)
    yield made
    if made.program.exists():
        made.run(str(made.program), "agent", "install", "--uninstall", "--purge")


def line_of_page(hub: TlsHub) -> str:
    """What a person copies: made by the page's button."""
    _, page = hub.ask("POST", "/add-device", token=TOKEN)
    found = re.search(r'id="join-line">([^<]+)<', page.decode())
    assert found
    return found[1].replace("&#34;", '"').replace("&amp;", "&").replace("&#39;", "'")


def test_the_page_shows_no_secret_before_the_button(hub: TlsHub) -> None:
    _, page = hub.ask("GET", "/add-device", token=TOKEN)
    assert "Make the line" in page.decode()
    assert "ep1." not in page.decode()


def test_a_hub_with_another_ca_is_refused_before_anything_is_sent_or_changed(hub: TlsHub, device: Device) -> None:
    token = f"ep1.{'0' * 64}.{hub.secret()}"
    done = device.run("sh", str(device.script), "--hub", device.url, "--join", "-", stdin=token)
    assert (done.returncode, "[wrong_ca]" in done.stderr) == (1, True)
    assert [path.name for path in device.folder.iterdir()] == [device.script.name]


def test_a_device_joins_by_the_line_of_the_page(hub: TlsHub, device: Device) -> None:
    line = line_of_page(hub)
    fetch, check, run = line.split(" && ")
    assert fetch == f"curl -fsSk {device.url}/install.sh -o edgeprof-install.sh"
    assert "sha256sum -c" in check
    shown = run.replace("sudo sh edgeprof-install.sh", f"sh {device.script}")
    done = device.run("sh", "-c", f"cd {device.folder} && {check} && {shown} --extras none --start --name attic")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "joined     the hub hears this device as attic" in done.stdout
    kept = device.folder / "state" / "identity"
    assert {"ca.pem", "device.key", "device.pem"} <= {file.name for file in kept.iterdir()}
    assert (kept / "device.key").stat().st_mode & 0o077 == 0
    assert not (device.folder / "etc" / "token").exists()
    (known,) = hub.hub.reader.devices()
    assert (known.online, known.agent_version) == (True, __version__)


def test_joining_again_needs_no_secret(device: Device) -> None:
    done = device.run("sh", str(device.script), "--hub", device.url, "--extras", "none", "--start")
    assert done.returncode == 0, done.stderr
    assert {text.split()[0] for text in done.stdout.splitlines()} == {"board", "unchanged", "joined"}


def test_an_upgrade_is_settled_by_the_devices_own_certificate(hub: TlsHub, device: Device) -> None:
    folder = hub.folder / FOLDER
    made_wheels.changed(next((folder / "own").glob("*.whl")), folder, "0.1.1", {})
    done = device.run(str(device.program), "agent", "upgrade", "--within-s", "30")
    assert done.returncode == 0, done.stderr
    assert "with edgeprof 0.1.1" in done.stdout


def test_a_secret_works_once(hub: TlsHub, device: Device, tmp_path: Path) -> None:
    other = Device(tmp_path, device.url)
    token = line_of_page(hub).partition("printf %s ")[2].split()[0]
    first = hub.ask("POST", "/api/v1/enrol", {"secret": token.split(".")[2], "device_id": "d-1", "csr_pem": None})
    assert first[0] == 200
    done = other.run("sh", str(device.script), "--hub", device.url, "--join", "-", "--extras", "none", stdin=token)
    assert (done.returncode, "[join_failed]" in done.stderr) == (1, True)
    assert "secret" in done.stderr
