"""Installing, upgrading and uninstalling: what is refused, what is removed, and what runs afterwards."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.wire.join_token import JoinToken
from edgeprof_agent.installing import access, units
from edgeprof_agent.installing import install as installing
from edgeprof_agent.installing.access import Access, enrol
from edgeprof_agent.installing.alone import alone
from edgeprof_agent.installing.board import Board
from edgeprof_agent.installing.building import Build
from edgeprof_agent.installing.changes import Changes
from edgeprof_agent.installing.hub_source import HubSource, Plan
from edgeprof_agent.installing.install import Wish, install, uninstall
from edgeprof_agent.installing.join_token import Credential
from edgeprof_agent.installing.places import Places
from edgeprof_agent.installing.switching import set_current

BOARD = Board(machine="x86_64", python=(3, 11), glibc="2.36", flags=frozenset(), system="", model="", has_systemd=False)
JOIN = JoinToken(ca_key_sha256="0" * 64, secret="s" * 43)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    folders = {name: tmp_path / name for name in ("prefix", "etc", "units", "state")}
    for folder in folders.values():
        folder.mkdir()
    return Places(**folders)


def test_a_join_token_is_refused_over_plain_http_before_the_hub_is_reached(places: Places) -> None:
    wish = Wish(hub="http://127.0.0.1:9", credential=Credential(join=JOIN))
    with pytest.raises(EdgeprofError) as refused:
        install(wish, places, lambda _: None, BOARD)
    assert refused.value.code == "tls_needed"
    assert not any(places.prefix.iterdir())


def a_program(folder: Path, script: str) -> Path:
    """In place of the edgeprof that was installed. `$state` is the folder that `agent join` is given."""
    program = folder / "edgeprof"
    program.write_text(f"#!/bin/sh\nstate=$8\n{script}\n")
    program.chmod(0o755)
    return program


class FakeService:
    """An agent that runs; `calls`: in their order."""

    def __init__(self, *, runs: bool = True) -> None:
        self.runs = runs
        self.calls: list[str] = []

    def is_running(self) -> bool:
        return self.runs

    def start(self, program: Path) -> None:
        self.calls.append(f"start {program}")

    def commit(self) -> None:
        self.calls.append("commit")

    def stop(self) -> None:
        self.calls.append("stop")

    def remove(self) -> None:
        self.calls.append("remove")

    def last_words(self) -> str:
        return ""


@pytest.mark.parametrize("runs", [True, False])
def test_an_agent_that_ran_runs_again_where_the_join_fails(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, runs: bool
) -> None:
    service = FakeService(runs=runs)
    made = Build(tmp_path / "made", "0.1.0", is_new=True)
    made.program.parent.mkdir(parents=True)
    a_program(made.program.parent, "exit 1")

    def pin(*_: object) -> None: ...

    def plan(*_: object) -> Plan:
        return Plan("0.1.0", (), (), ())

    def build(*_: object) -> Build:
        return made

    def service_of(*_: object, has_systemd: bool) -> FakeService:
        return service

    monkeypatch.setattr(HubSource, "pin", pin)
    monkeypatch.setattr(HubSource, "plan", plan)
    monkeypatch.setattr(installing, "build", build)
    monkeypatch.setattr(installing, "service_of", service_of)
    with pytest.raises(EdgeprofError) as failed:
        install(Wish(hub="https://127.0.0.1:9", credential=Credential(join=JOIN)), places, lambda _: None, BOARD)
    assert failed.value.code == "join_failed"
    assert service.calls == ["stop", *([f"start {places.program}"] if runs else [])]


def test_a_join_that_does_not_end_is_a_failed_join(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "JOIN_WITHIN_S", 0.05)
    with pytest.raises(EdgeprofError) as failed:
        enrol(a_program(tmp_path, "exec sleep 5"), "https://127.0.0.1:9", JOIN, places.state)
    assert failed.value.code == "join_failed"


def test_the_owner_of_what_a_link_names_stays(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    follows: list[bool] = []

    def chown(_path: str, _uid: int, _gid: int, *, dir_fd: int, follow_symlinks: bool) -> None:
        assert os.path.samestat(os.fstat(dir_fd), (places.state / "identity").stat())
        follows.append(follow_symlinks)

    monkeypatch.setattr(os, "chown", chown)
    program = a_program(tmp_path, 'mkdir "$state/identity" && ln -s /etc/passwd "$state/identity/token"')
    enrol(program, "https://127.0.0.1:9", JOIN, places.state)
    assert follows == [False]


def test_an_identity_folder_that_is_a_link_is_refused(places: Places, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (places.state / "identity").symlink_to(elsewhere)
    program = a_program(tmp_path, 'touch "$state/identity/device.key"')
    with pytest.raises(EdgeprofError) as refused:
        enrol(program, "https://127.0.0.1:9", JOIN, places.state)
    assert refused.value.code == "identity_is_link"
    assert not any(elsewhere.iterdir())


def test_an_identity_folder_that_becomes_a_link_is_refused(places: Places, tmp_path: Path) -> None:
    program = a_program(tmp_path, 'ln -s /etc "$state/identity"')
    with pytest.raises(EdgeprofError) as refused:
        enrol(program, "https://127.0.0.1:9", JOIN, places.state)
    assert refused.value.code == "identity_is_link"


def test_uninstalling_removes_only_what_is_edgeprofs(places: Places) -> None:
    foreign = [places.prefix / "share/man", places.prefix / "venv/lib", places.prefix / "versions/node"]
    foreign += [places.etc / "hosts", places.state / "notes"]
    own = [places.prefix / "share/operating-agent.md", places.prefix / "versions/0.1.0-1/edgeprof-installed.json"]
    own += [places.etc / "agent.toml", places.state / "agent.db-wal", places.state / "identity/ca.pem"]
    for file in (*foreign, *own):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    uninstall(places, lambda _: None, purge=True, board=BOARD)
    assert all(file.exists() for file in foreign)
    assert not any(file.exists() for file in own)


def test_a_folder_that_is_not_edgeprofs_is_not_replaced_by_the_link(places: Places, tmp_path: Path) -> None:
    (places.current / "lib").mkdir(parents=True)
    with pytest.raises(EdgeprofError, match="not an environment of edgeprof"):
        set_current(places, Build(tmp_path, "0.1.0", is_new=True), None, Changes(lambda _: None))
    assert (places.current / "lib").is_dir()


def given(answer: object) -> Callable[..., object]:
    return lambda *_: answer


def test_a_person_s_drop_ins_outlive_the_units(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "_group_exists", given(True))
    monkeypatch.setattr(units, "_run", given(True))
    lines: list[str] = []
    assert units.put_units(places, Changes(lines.append))
    assert [line.split()[0] for line in lines] == ["created"] * 6
    assert f"ExecStart={places.prefix}/venv/bin/python" in (places.units / "edgeprof-runner@.service").read_text()
    mine = places.units / "edgeprof-agent.service.d/mine.conf"
    mine.write_text("[Service]\nNice=5\n")
    assert not units.put_units(places, Changes(lines.append))
    units.remove_units(places, Changes(lines.append))
    assert [path.name for path in places.units.rglob("*")] == ["edgeprof-agent.service.d", "mine.conf"]
    assert lines[-1] == "removed    the group edgeprof-runner"


def test_a_board_without_groupadd_gets_the_agent_alone(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "_group_exists", given(False))
    monkeypatch.setattr(units, "_run", given(False))
    lines: list[str] = []
    units.put_units(places, Changes(lines.append))
    assert not [path.name for path in places.units.iterdir() if "runner" in path.name]
    assert places.unit.exists()
    assert lines[-1].startswith("skipped    edgeprof-runner.socket: groupadd could not make the group")


def test_nothing_is_installed_or_uninstalled_while_an_upgrade_runs(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def known(*_: object) -> Access:
        return access.by_token("http://127.0.0.1:9", None, places.state)

    def plan(*_: object) -> Plan:
        return Plan("0.1.0", (), (), ())

    monkeypatch.setattr(installing, "_tried", known)
    monkeypatch.setattr(HubSource, "plan", plan)
    places.versions.mkdir()
    with alone(places):
        with pytest.raises(EdgeprofError, match="Another upgrade"):
            uninstall(places, lambda _: None, purge=True, board=BOARD)
        with pytest.raises(EdgeprofError, match="Another upgrade"):
            install(Wish(hub="http://127.0.0.1:9"), places, lambda _: None, BOARD)
    assert places.versions.is_dir()
