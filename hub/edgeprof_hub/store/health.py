"""Whether a data folder's database is there and whole, as far as that can be seen in a few seconds."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from edgeprof.errors import EdgeprofError

CHECK_WITHIN_S = 5.0
"""At each start: a large database is not read to its end. `edgeprof hub check` has all the time it needs."""
STEPS = 20_000


def refuse_missing(file: Path, blob_folder: Path) -> None:
    """Raises EdgeprofError for a folder in the database's place, and for files of a hub whose database is gone."""
    if file.is_dir():
        raise EdgeprofError(
            "database_unreadable", f"{file} is a folder. Move it away, and restore the database from a copy."
        )
    if file.exists() and file.stat().st_size > 0:
        return
    log = file.with_name(file.name + "-wal")
    if log.exists() and log.stat().st_size > 0:
        raise _missing(file, f"its log {log.name} is still here")
    if (models := _count(blob_folder)) > 0:
        raise _missing(file, "1 model file is still here" if models == 1 else f"{models} model files are still here")


def damage(file: Path, within_s: float = CHECK_WITHIN_S) -> str | None:
    """What SQLite finds wrong with the file, or None: also where the time was up before it had seen all."""
    if not file.exists():
        return None
    deadline_s = time.monotonic() + within_s
    try:
        with closing(sqlite3.connect(file, timeout=10)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline_s, STEPS)
            verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if verdict == "ok" else verdict.replace("\n", " ")


def _missing(file: Path, why: str) -> EdgeprofError:
    return EdgeprofError(
        "database_missing",
        f"The database {file} is missing or empty, but {why}. Restore it from a copy, or name an empty folder with "
        "--data.",
    )


def _count(blob_folder: Path) -> int:
    return sum(1 for each in blob_folder.glob("??/*") if each.is_file()) if blob_folder.is_dir() else 0
