"""`edgeprof paths`: where things lie, and that removing them is told rightly."""

import shlex
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from edgeprof import paths
from edgeprof.commands.paths import size_mib
from edgeprof_agent.daemon.database import TABLES
from tests.cli.conftest import Run


def test_the_environment_moves_cache_and_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "c"))
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path / "s"))
    assert paths.cache_dir() == tmp_path / "c"
    assert paths.state_dir("hub") == tmp_path / "s" / "hub"


def test_sizes_count_a_hard_link_once_and_follow_no_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(1 << 20))
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to("/proc/self/exe")
    assert size_mib(tmp_path) == pytest.approx(1.0, abs=0.001)
    assert size_mib(tmp_path / "nothing") == 0


def test_what_is_there_is_shown_with_its_size(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "model").write_bytes(bytes(3 << 20))
    lines = run("paths").out.splitlines()
    assert lines[0].split() == ["cache", "3.0", "MiB", str(tmp_path / "cache")]
    assert [line for line in lines if "hub state" in line and "not there" in line]


def test_clearing_the_cache_leaves_the_state(run: Run, tmp_path: Path) -> None:
    for folder in ("cache", "state/hub"):
        (tmp_path / folder).mkdir(parents=True)
    assert run("paths", "--clear-cache").code == 0
    assert not (tmp_path / "cache").exists()
    assert (tmp_path / "state" / "hub").exists()


def test_the_command_it_gives_removes_everything_and_nothing_else(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPROF_STATE", str(tmp_path / "my state"))
    for folder in ("cache", "my state/hub", "my state/agent", "my state/kept"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    command = run("paths").out.splitlines()[-1].split(": ", 1)[1]
    assert shlex.split(command)[0] == "rm"
    subprocess.run(["sh", "-c", command], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["my state"]
    assert [path.name for path in (tmp_path / "my state").iterdir()] == ["kept"]


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["queued"], "no hub has confirmed 1 result in it"),
        (["queued", "receipted", "aside"], "no hub has confirmed 2 results in it"),
        (["receipted"], None),
        ([], None),
        (None, "may hold results that no hub has"),
    ],
)
@pytest.mark.parametrize("place", ["agent", "demo/board 1"])
def test_results_that_no_hub_has_are_named_and_not_removed(
    run: Run, tmp_path: Path, place: str, states: list[str] | None, said: str | None
) -> None:
    folder = tmp_path / "state" / place
    folder.mkdir(parents=True)
    kept = tmp_path / "state" / place.split("/")[0]
    if states is None:
        (folder / "agent.db").write_bytes(b"not a database" * 100)
    else:
        with closing(sqlite3.connect(folder / "agent.db")) as connection, connection:
            connection.execute(TABLES["results"])
            for number, state in enumerate(states):
                row = (number, f"r-{number}", "j-1", 1, b"{}", "0" * 64, "[]", state, 0.0, None)
                connection.execute("INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    out = run("paths").out
    removal = out.splitlines()[-1]
    assert (str(kept) in shlex.split(removal)) == (said is None)
    assert str(tmp_path / "state" / "hub") in shlex.split(removal)
    assert removal.startswith("To remove the rest: " if said else "To remove everything: ")
    assert said is None or said in out
    assert f"Keep {kept}: " in out or said is None
