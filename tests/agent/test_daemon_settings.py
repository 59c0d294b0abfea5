"""Settings: which source wins, what a wrong one is answered with, and what the command says when it cannot start."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_agent import config
from edgeprof_agent.config import parse_cores
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.folder import StateFolder

HUB = {"hub": "http://h:8765"}


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text('hub = "http://file"\nname = "file"\nstore_budget_mib = 100\n')
    settings = config.load(
        {"name": "line", "hub": None}, {"EDGEPROF_HUB": "http://env", "EDGEPROF_AGENT_NAME": "env"}, file
    )
    assert (settings.hub, settings.name, settings.store_budget_mib) == ("http://env", "line", 100)


def test_without_anything_set_the_host_names_the_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path))
    settings = config.load(HUB, {})
    assert (settings.name, settings.data, settings.token) == (socket.gethostname(), tmp_path / "agent", None)


def test_the_token_comes_from_the_environment_or_a_file_and_the_later_source_wins(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    assert config.load(HUB, {"EDGEPROF_TOKEN": "from-env"}).token == "from-env"
    assert config.load({**HUB, "token_file": str(file)}, {"EDGEPROF_TOKEN": "from-env"}).token == "from-file"


@pytest.mark.parametrize(
    ("line", "named"),
    [("colour = 1", "colour"), ("store_budget_mib = 'lots'", "store_budget_mib"), ("hub = ", "not TOML")],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, line: str, named: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(line)
    with pytest.raises(UsageError, match=named):
        config.load(HUB, {}, file)


def test_a_missing_hub_is_asked_for() -> None:
    with pytest.raises(UsageError, match="--hub"):
        config.load({}, {})


def test_cores_are_a_number_or_a_list() -> None:
    allowed = {0, 1, 2, 3, 4, 5}
    assert parse_cores("2", allowed) == (0, 1)
    assert parse_cores("0,2", allowed) == (0, 2)
    assert parse_cores("1-3,5", allowed) == (1, 2, 3, 5)
    assert parse_cores("4-4", allowed) == (4,)


@pytest.mark.parametrize("text", ["0", "-1", "x", "1-", "", "7", "5,6", "3-1"])
def test_cores_that_cannot_be_had_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_cores(text, {0, 1, 2, 3, 4, 5})


def test_the_device_id_is_made_once_and_kept(tmp_path: Path) -> None:
    first = StateFolder(tmp_path)
    device_id = first.device_id()
    first.release()
    assert StateFolder(tmp_path).device_id() == device_id


def test_a_device_id_that_was_spoilt_is_not_replaced_in_silence(tmp_path: Path) -> None:
    (tmp_path / "device_id").write_text("../#")
    with pytest.raises(EdgeprofError, match="not a device id"):
        StateFolder(tmp_path).device_id()


def stored(folder: Path, *results: tuple[str, str]) -> Path:
    """A state folder whose id was damaged, with these results: each its state and what it holds."""
    database = Database(folder / "agent.db")
    with database.transaction() as change:
        for number, (state, payload) in enumerate(results):
            row = (number, f"r-{number}", "j-1", 1, payload.encode(), "0" * 64, "[]", state, 0.0, None)
            change.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    database.close()
    (folder / "device_id").write_bytes(b"\0\0\0\0")
    return folder


@pytest.mark.parametrize("state", ["queued", "receipted"])
def test_a_damaged_device_id_is_taken_back_from_the_results_made_under_it(tmp_path: Path, state: str) -> None:
    held = [("queued", '{"device_id": "d-before"}'), (state, '{"device_id": "d-mine"}'), ("queued", "{")]
    folder = StateFolder(stored(tmp_path, *held, ("aside", '{"device_id": "d-other"}')))
    assert folder.device_id() == "d-mine"
    assert folder.device_id() == (tmp_path / "device_id").read_text() == "d-mine"


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ((), "No result waits under it. Remove the file"),
        ((("queued", "{"),), "1 result waits under the id that it held. Restore the file"),
        ((("aside", "{"), ("queued", '{"device_id": "#"}')), "2 results wait under the id that it held. Restore"),
    ],
)
def test_a_damaged_device_id_is_removed_only_where_no_result_waits(
    tmp_path: Path, results: tuple[tuple[str, str], ...], said: str
) -> None:
    with pytest.raises(EdgeprofError, match=said):
        StateFolder(stored(tmp_path, *results)).device_id()
    assert (tmp_path / "device_id").read_bytes() == b"\0\0\0\0"


def test_nothing_is_removed_beside_a_database_that_cannot_be_read(tmp_path: Path) -> None:
    stored(tmp_path)
    (tmp_path / "agent.db").write_bytes(b"not a database" * 100)
    with pytest.raises(EdgeprofError, match="Results may wait under the id that it held"):
        StateFolder(tmp_path).device_id()


def run_agent(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from edgeprof.cli import main; main()", "agent", "run", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_agent_on_one_folder_ends_with_a_sentence(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = run_agent("--hub", "http://127.0.0.1:1", "--data", str(tmp_path))
    assert run.returncode == 1
    assert "Another agent" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_url_that_is_none_ends_with_a_sentence(tmp_path: Path) -> None:
    run = run_agent("--hub", "ftp://x", "--data", str(tmp_path))
    assert run.returncode == 2
    assert "is not a hub URL" in run.stderr
    assert "Traceback" not in run.stderr
