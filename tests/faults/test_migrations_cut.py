"""The hub is killed while it brings an older database up to date, at many statements: the next start goes on."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils

from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.schema import MIGRATIONS
from edgeprof_hub.store.writer import SqliteWriter

STEP = 7
"""Every so manieth statement."""
_UPGRADE_AND_DIE = """
import os, sqlite3, sys
from edgeprof_hub.store import schema
file, step = sys.argv[1], int(sys.argv[2])
for kill_at in range(1, 5_000, step):
    pid = os.fork()
    if pid == 0:
        connection = sqlite3.connect(file, isolation_level=None)
        seen = [0]
        def count(statement):
            seen[0] += 1
            if seen[0] == kill_at:
                os._exit(9)
        connection.set_trace_callback(count)
        schema.migrate(connection)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) == 0:
        print(kill_at)
        break
"""
with closing(sqlite3.connect(":memory:")) as empty:
    SCHEMAS = [migration.name for migration in MIGRATIONS.pending(sqlite_utils.Database(empty))]


def schema_of(file: Path) -> set[str]:
    """Ours: the library's list of migrations has an index that a kill at its very first statements leaves out."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE tbl_name NOT LIKE '%_migrations' AND sql != ''")
        return {str(row[0]) for row in rows}


@pytest.fixture(scope="module")
def todays(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    file = tmp_path_factory.mktemp("today") / DATABASE
    SqliteWriter(file).close()
    return schema_of(file)


def test_an_upgrade_that_is_killed_again_and_again_ends(tmp_path: Path, todays: set[str]) -> None:
    """Each try begins where the one before was killed, as a hub that is started again and again does."""
    file = tmp_path / DATABASE
    command = [sys.executable, "-c", _UPGRADE_AND_DIE, str(file), str(STEP)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > STEP, "it was never killed"
    SqliteWriter(file).close()
    assert schema_of(file) == todays


@pytest.mark.parametrize("last", SCHEMAS[1:])
def test_a_database_of_every_earlier_schema_is_upgraded(tmp_path: Path, todays: set[str], last: str) -> None:
    file = tmp_path / DATABASE
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        MIGRATIONS.apply(sqlite_utils.Database(connection), stop_before=last)
    SqliteWriter(file).close()
    assert schema_of(file) == todays
