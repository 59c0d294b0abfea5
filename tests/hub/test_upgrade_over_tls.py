"""An order to upgrade reaches a device that has joined over TLS: carried out, and gone back from where it fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.wire.fleet import FleetChange, FleetQuery
from edgeprof_hub.fleet import acts
from edgeprof_hub.joining.wheel_index import FOLDER, index_of
from tests.hub import made_wheels
from tests.hub.live import eventually
from tests.hub.test_joining import BROKEN, Device
from tests.hub.tls_hub import HOST, TlsHub, serving_tls

pytestmark = pytest.mark.mosquitto


@pytest.fixture
def served(tmp_path: Path) -> Iterator[TlsHub]:
    data = tmp_path / "hub"
    for name in (*made_wheels.AGENT_NEEDS, "pip"):
        made_wheels.of_installed(data / FOLDER, name)
    with serving_tls(data, "a-token-for-tests-only") as hub:
        yield hub


@pytest.fixture
def device(served: TlsHub, tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "device", f"https://{HOST}:{served.port}")
    made.folder.mkdir()
    token, _ = served.identities.new_join_token(60.0, None)
    _, script = served.ask("GET", "/install.sh")
    made.script.write_bytes(script)
    options = ("--hub", made.url, "--join", "-", "--extras", "none", "--start")
    done = made.run("sh", str(made.script), *options, stdin=str(token))
    assert done.returncode == 0, done.stdout + done.stderr
    yield made
    made.run(str(made.program), "agent", "install", "--uninstall", "--purge")


def test_an_order_is_carried_out_and_a_broken_version_goes_back(served: TlsHub, device: Device) -> None:
    def order_of() -> tuple[str, str]:
        (known,) = served.hub.reader.devices()
        found = served.hub.reader.upgrades.of((known.device_id,)).get(known.device_id)
        return (found.state, found.note) if found else ("", "")

    index = index_of(served.hub.settings.data)
    made_wheels.changed(index.own().file, index.folder, "0.1.0.1", {})
    assert acts.act(served.hub, FleetChange(act="upgrade", query=FleetQuery())) == 1
    eventually(lambda: order_of()[0] in ("done", "failed"))
    assert order_of() == ("done", "")
    assert (device.folder / "opt" / "venv").resolve().name == "0.1.0.1-1"
    made_wheels.changed(index.own().file, index.folder, "0.1.0.2", BROKEN)
    assert acts.act(served.hub, FleetChange(act="upgrade", query=FleetQuery())) == 1
    eventually(lambda: order_of()[0] == "failed")
    assert "edgeprof 0.1.0.2 was not kept. edgeprof 0.1.0.1 runs again" in order_of()[1]
