"""A device joins a real hub from the hub's own wheels, is upgraded, and goes back from a version that does not work.

Real processes throughout: the hub's script under `sh`, pip, the agent, the broker.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof.wire.fleet import FleetChange, FleetQuery
from edgeprof_hub.joining.wheel_index import FOLDER, WheelIndex, index_of
from tests.hub import made_wheels
from tests.hub.live import Live, eventually, serving

TOKEN = "a-token-for-tests-only"
BROKEN = {
    "edgeprof_agent/daemon/agent.py": (
        "        log.info(",
        '        raise RuntimeError("broken on purpose")\n        log.info(',
    )
}
"""It can tell its version, and its agent ends as soon as it runs."""


@dataclass(frozen=True)
class Device:
    """Folders of its own in place of the system's, no systemd, and no network but the hub."""

    folder: Path
    url: str

    @property
    def script(self) -> Path:
        return self.folder / "edgeprof-install.sh"

    @property
    def program(self) -> Path:
        return self.folder / "opt" / "venv" / "bin" / "edgeprof"

    @property
    def versions(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "opt" / "versions").iterdir())

    def run(self, *command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        places = {"PREFIX": "opt", "ETC": "etc", "UNITS": "units", "STATE": "state"}
        variables = {name: str(self.folder / place) for name, place in places.items()}
        return subprocess.run(
            command,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder), "PIP_NO_INDEX": "1", **variables},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, live: Live, *options: str) -> "subprocess.CompletedProcess[str]":
        self.script.write_text(live.app_get("/install.sh"))
        return self.run("sh", str(self.script), "--hub", self.url, "--join", "-", *options, stdin=TOKEN)

    def upgrade(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return self.run(str(self.program), "agent", "upgrade", "--within-s", "30", *options)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    data = tmp_path_factory.mktemp("hub")
    for name in (*made_wheels.AGENT_NEEDS, "pip"):
        made_wheels.of_installed(data / FOLDER, name)
    with serving(data, token=TOKEN) as served:
        yield served


@pytest.fixture(scope="module")
def device(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    made = Device(tmp_path_factory.mktemp("device"), live.url)
    yield made
    if made.program.exists():
        made.run(str(made.program), "agent", "install", "--uninstall", "--purge")


def ids(live: Live) -> list[tuple[str, bool, str]]:
    return [(one.device_id, one.online, one.agent_version) for one in live.client.devices()]


def test_a_dry_run_prints_each_change_and_makes_none(live: Live, device: Device) -> None:
    done = device.install(live, "--extras", "none", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "would be installed edgeprof" in done.stdout
    assert f"would be created {device.folder}/etc/agent.toml" in done.stdout
    assert [path.name for path in device.folder.iterdir()] == ["edgeprof-install.sh"]


def test_a_wrong_token_changes_nothing(live: Live, device: Device) -> None:
    done = device.run("sh", str(device.script), "--hub", device.url, "--join", "-", stdin="another-token-of-24-chars")
    assert (done.returncode, "[token_wrong]" in done.stderr) == (1, True)
    assert [path.name for path in device.folder.iterdir()] == ["edgeprof-install.sh"]


def test_a_device_joins_and_the_hub_hears_it(live: Live, device: Device) -> None:
    done = device.install(live, "--extras", "none", "--start", "--name", "attic")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "joined     the hub hears this device as attic" in done.stdout
    assert TOKEN not in done.stdout
    (known,) = ids(live)
    assert known[1:] == (True, __version__)
    secret = device.folder / "etc" / "token"
    assert (secret.read_text().strip(), secret.stat().st_mode & 0o077) == (TOKEN, 0)


def test_joining_again_changes_nothing_and_lets_the_agent_run(live: Live, device: Device) -> None:
    before = (device.folder / "state" / "lock").read_text()
    done = device.install(live, "--extras", "none", "--start")
    assert done.returncode == 0, done.stderr
    words = {line.split()[0] for line in done.stdout.splitlines()}
    assert words == {"board", "unchanged", "joined"}
    assert (device.folder / "state" / "lock").read_text() == before


def test_the_command_that_the_installer_prints_without_systemd_works(live: Live, device: Device) -> None:
    done = device.install(live, "--extras", "none")
    command = done.stdout.partition("Start the agent with: ")[2].split()
    stopped = device.run(str(device.program), "agent", "install", "--uninstall", "--dry-run")
    assert stopped.returncode == 0
    refused = device.run(*command)  # the agent of the test before still holds its folder
    assert "[state_in_use]" in refused.stderr


def ordered(live: Live) -> tuple[str, str]:
    """State and note of the one device's order."""
    (entry,) = live.client.fleet(FleetQuery()).entries
    return (entry.upgrade.state, entry.upgrade.note) if entry.upgrade else ("", "")


def test_a_device_that_has_not_joined_over_tls_takes_no_order(live: Live, device: Device) -> None:
    with pytest.raises(EdgeprofError, match=r"has edgeprof 0\.1\.0 already"):
        live.client.change_fleet(FleetChange(act="upgrade", query=FleetQuery()))
    index = index_of(live.hub.settings.data)
    newer = made_wheels.changed(index.own().file, index.folder, "0.1.0.1", {})
    assert live.client.change_fleet(FleetChange(act="upgrade", query=FleetQuery())) == 1
    eventually(lambda: ordered(live)[0] == "failed")
    assert "Nothing proves this order" in ordered(live)[1]
    assert "sudo edgeprof agent upgrade" in ordered(live)[1]
    assert (device.folder / "opt" / "venv").resolve().name.startswith("0.1.0-")
    newer.unlink()


def test_a_newer_version_of_the_hub_is_kept_once_the_hub_hears_it(live: Live, device: Device) -> None:
    index = index_of(live.hub.settings.data)
    made_wheels.changed(index.own().file, index.folder, "0.1.1", {})
    (before,) = ids(live)
    done = device.upgrade()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "with edgeprof 0.1.1" in done.stdout
    assert ids(live) == [(before[0], True, "0.1.1")]
    assert device.versions == ["0.1.0-1", "0.1.1-1"]
    assert (device.folder / "opt" / "venv").resolve().name == "0.1.1-1"
    assert device.upgrade().stdout.startswith("unchanged")


def test_a_version_that_does_not_work_goes_back_by_itself(live: Live, device: Device) -> None:
    index = index_of(live.hub.settings.data)
    made_wheels.changed(index.own().file, index.folder, "0.1.2", BROKEN)
    (before,) = ids(live)
    done = device.upgrade()
    assert done.returncode == 1
    assert "edgeprof 0.1.2 was not kept. edgeprof 0.1.1 runs again, and the hub hears it." in done.stderr
    assert "broken on purpose" in done.stderr
    assert "[upgrade_failed]" in done.stderr
    assert ids(live) == [before]
    assert device.versions == ["0.1.0-1", "0.1.1-1"]
    assert (device.folder / "opt" / "venv").resolve().name == "0.1.1-1"


def test_uninstalling_keeps_settings_and_results_unless_purged(live: Live, device: Device) -> None:
    done = device.run(str(device.program), "agent", "install", "--uninstall")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in device.folder.iterdir()) == ["edgeprof-install.sh", "etc", "state"]
    eventually(lambda: not any(online for _, online, _ in ids(live)))
    done = device.install(live, "--uninstall", "--purge")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in device.folder.iterdir()] == ["edgeprof-install.sh"]


def test_a_script_for_another_wheel_does_nothing(live: Live, device: Device) -> None:
    """The wheel's hash stands in the script, so whoever sends the wheel cannot change it."""
    script = device.folder / "other.sh"
    script.write_text(live.app_get("/install.sh").replace("SHA256=", "SHA256=0", 1))
    done = device.run("sh", str(script), "--hub", device.url)
    assert (done.returncode, "is not what this script expects" in done.stderr) == (1, True)
    assert not (device.folder / "opt").exists()


def test_a_script_that_was_cut_off_does_nothing(live: Live, device: Device) -> None:
    whole = live.app_get("/install.sh")
    for share in (0.5, 0.9, 0.99):
        script = device.folder / "part.sh"
        script.write_text(whole[: int(len(whole) * share)])
        device.run("sh", str(script), "--hub", device.url)
        assert not (device.folder / "opt").exists()


def test_a_script_needs_a_hub_and_a_python(live: Live, device: Device, tmp_path: Path) -> None:
    script = tmp_path / "e.sh"
    script.write_text(live.app_get("/install.sh"))
    assert "Name the hub: sudo sh" in device.run("sh", str(script)).stderr
    for name in ("mktemp", "rm"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    run = subprocess.run(
        ["/bin/sh", str(script), "--hub", device.url],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Python 3.10 or newer is not installed" in run.stderr


def test_the_script_is_the_same_under_each_address_of_the_hub(live: Live) -> None:
    own = WheelIndex(live.hub.settings.data / FOLDER).own()
    assert own.sha256 in live.app_get("/install.sh")
    assert live.url not in live.app_get("/install.sh")
    assert os.access(own.file, os.R_OK)
