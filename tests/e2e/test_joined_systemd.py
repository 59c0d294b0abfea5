"""A device with systemd joins by the line: the units of agent and runner, renewed by an upgrade, removed whole.

A real systemd in namespaces of its own, a real hub, wheels of what is installed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgeprof.wire.fleet import FleetChange, FleetQuery, Upgrade
from edgeprof_hub.joining.wheel_index import FOLDER, index_of
from tests.agent import systemd_here
from tests.agent.systemd_here import Systemd
from tests.hub import made_wheels
from tests.hub.live import Live, eventually, serving

pytestmark = [pytest.mark.full, pytest.mark.mosquitto]
TOKEN = "a-token-for-tests-only"
UNITS = Path("/etc/systemd/system")
OWN = ("edgeprof-agent.service", "edgeprof-runner.socket", "edgeprof-runner@.service", "edgeprof-upgrade.path")
NEW_UNIT = {"edgeprof_agent/packaging/edgeprof-agent.service": ("RestartSec=5", "RestartSec=7")}
BROKEN = {
    **{"edgeprof_agent/packaging/edgeprof-agent.service": ("RestartSec=7", "RestartSec=9")},
    "edgeprof_agent/daemon/agent.py": ("        log.info(", '        raise RuntimeError("broken")\n        log.info('),
}


@dataclass(frozen=True)
class Board:
    systemd: Systemd
    live: Live

    def install(self, *options: str) -> str:
        script = self.live.app_get("/install.sh")
        assert self.systemd.call("sh", "-c", "umask 077; cat >/run/e.sh", stdin=script).returncode == 0
        done = self.systemd.call("sh", "/run/e.sh", "--hub", self.live.url, "--join", "-", *options, stdin=TOKEN)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def shell(self, command: str) -> str:
        return self.systemd.call("sh", "-c", command).stdout.strip()

    def online(self) -> list[tuple[bool, str]]:
        return [(one.online, one.agent_version) for one in self.live.client.devices()]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    if reason := systemd_here.why_not():
        pytest.skip(reason)
    data = tmp_path_factory.mktemp("hub")
    for name in (*made_wheels.AGENT_NEEDS, "pip"):
        made_wheels.of_installed(data / FOLDER, name)
    with serving(data, token=TOKEN) as live, systemd_here.fresh(tmp_path_factory.mktemp("systemd")) as systemd:
        yield Board(systemd, live)


def test_a_dry_run_names_every_unit_and_makes_none(board: Board) -> None:
    text = board.install("--extras", "none", "--dry-run")
    for place in (*OWN, "edgeprof-agent.service.d/runner.conf"):
        assert f"would be created {UNITS / place}" in text
    assert "would be created the group edgeprof-runner" in text
    assert board.shell(f"ls {UNITS}") == ""


def test_a_board_that_joins_has_the_sandbox(board: Board) -> None:
    text = board.install("--extras", "none", "--name", "attic")
    assert "joined     the hub hears this device as attic" in text
    assert board.shell("systemctl is-active edgeprof-agent edgeprof-runner.socket") == "active\nactive"
    assert board.shell("systemctl is-enabled edgeprof-agent edgeprof-runner.socket") == "enabled\nenabled"
    assert board.shell("stat -c '%U:%G %a' /run/edgeprof-runner.socket") == "root:edgeprof-runner 660"


def test_joining_again_changes_nothing(board: Board) -> None:
    board.shell(f"printf '[Service]\nNice=5\n' >{UNITS}/edgeprof-agent.service.d/mine.conf")
    before = board.shell("systemctl show -P MainPID edgeprof-agent")
    words = {line.split()[0] for line in board.install("--extras", "none").splitlines()}
    assert words == {"board", "unchanged", "joined"}
    assert board.shell("systemctl show -P MainPID edgeprof-agent") == before


def test_an_upgrade_renews_the_units_and_keeps_drop_ins(board: Board) -> None:
    index = index_of(board.live.hub.settings.data)
    made_wheels.changed(index.own().file, index.folder, "0.1.1", NEW_UNIT)
    done = board.systemd.call("/opt/edgeprof/venv/bin/edgeprof", "agent", "upgrade", "--within-s", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"updated    {UNITS}/edgeprof-agent.service" in done.stdout
    assert board.online() == [(True, "0.1.1")]
    assert board.shell("systemctl show -P RestartUSec edgeprof-agent") == "7s"
    assert board.shell("systemctl show -P Nice edgeprof-agent") == "5"


def test_the_way_back_brings_the_units_back(board: Board) -> None:
    index = index_of(board.live.hub.settings.data)
    made_wheels.changed(index.own().file, index.folder, "0.1.2", BROKEN)
    done = board.systemd.call("/opt/edgeprof/venv/bin/edgeprof", "agent", "upgrade", "--within-s", "20")
    assert "edgeprof 0.1.2 was not kept. edgeprof 0.1.1 runs again" in done.stderr
    assert board.shell("systemctl show -P RestartUSec edgeprof-agent") == "7s"
    assert board.online() == [(True, "0.1.1")]


def test_the_unit_of_root_is_there_and_takes_no_order_without_tls(board: Board) -> None:
    index = index_of(board.live.hub.settings.data)
    index.own().file.unlink()
    made_wheels.changed(index.own().file, index.folder, "0.1.3", {})
    every = FleetQuery()
    assert board.shell("systemctl is-active edgeprof-upgrade.path") == "active"
    assert board.live.client.change_fleet(FleetChange(act="upgrade", query=every)) == 1

    def order() -> Upgrade | None:
        return board.live.client.fleet(every).entries[0].upgrade

    eventually(lambda: (one := order()) is not None and one.state == "failed")
    assert (one := order()) is not None
    assert one.note.startswith("Nothing proves this order")
    assert board.online() == [(True, "0.1.1")]


def test_uninstalling_removes_what_was_installed(board: Board) -> None:
    board.install("--uninstall")
    assert board.shell(f"find {UNITS} -type f") == f"{UNITS}/edgeprof-agent.service.d/mine.conf"
    assert board.shell("getent group edgeprof-runner") == ""
    assert board.shell("ls -A /opt") == ""
    eventually(lambda: not board.online()[0][0])
