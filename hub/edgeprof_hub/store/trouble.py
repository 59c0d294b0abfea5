"""What SQLite's errors mean for a person: a full disk, a damaged file. Everything else is a bug."""

import errno
import shutil
import sqlite3
from pathlib import Path

from edgeprof.errors import EdgeprofError

_FULL_BELOW_BYTES = 1024**2
"""On a disk with less than this, SQLite's `disk I/O error` and `unable to open` mean that it is full."""
_NO_TEXT = "Could not decode to UTF-8"
"""Python's own words, without a code of SQLite, which reads any bytes as text."""
_SALVAGE = "Look at it with `edgeprof hub check`, copy what can be read with `edgeprof hub check --salvage FOLDER`"


class Rotten(sqlite3.DatabaseError):
    """A stored row is not what was stored: its hash says so."""


def no_space(folder: Path) -> EdgeprofError:
    """The disk is full."""
    return EdgeprofError("no_space", f"The disk of {folder} is full. Free some space; nothing that was stored is lost.")


def damaged(file: Path, what: str) -> EdgeprofError:
    """The database is not whole any more."""
    return EdgeprofError("database_damaged", f"The database {file} is damaged ({what}). {_SALVAGE}.")


def unreadable(file: Path, why: str) -> EdgeprofError:
    """Nothing can be read of it, not even its beginning."""
    return EdgeprofError(
        "database_unreadable",
        f"Cannot use the database {file} ({why}). Restore it from a copy, or name an empty folder with --data.",
    )


def named(error: Exception, file: Path) -> EdgeprofError | None:
    """The error as a sentence; None for what no user can mend."""
    if isinstance(error, OSError):
        return no_space(file.parent) if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_FULL:
        return no_space(file.parent)
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(file.parent):
        return no_space(file.parent)
    is_rotten_text = primary is None and str(error).startswith(_NO_TEXT)
    if is_rotten_text or isinstance(error, Rotten) or primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(file, "a stored text is not readable" if is_rotten_text else str(error))
    return None


def is_of_file(error: Exception) -> bool:
    """Whether the file's own structure is broken. What is written then may go where it does not belong."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _FULL_BELOW_BYTES
    except OSError:
        return False
