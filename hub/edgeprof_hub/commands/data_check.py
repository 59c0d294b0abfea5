"""A hub's data folder, looked at whole: its database, and every file against the hash that is its name."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire.identity import file_sha256
from edgeprof_hub.blobs import is_hash
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store import health, integrity, salvage, trouble

FOLDERS = {"blobs": ("model_file", "evaluation_set_file"), "artifacts": ("artifact",)}
"""Each folder of files, with the tables that name them."""


@dataclass
class FilesReport:
    """The files of one folder. `missing`: the database names them, and they are not there."""

    checked: int = 0
    rotten: list[str] = field(default_factory=list[str])
    missing: list[str] = field(default_factory=list[str])

    @property
    def is_whole(self) -> bool:
        return not (self.rotten or self.missing)


@dataclass
class Report:
    """Everything that was found."""

    database: integrity.DatabaseReport
    files: dict[str, FilesReport]

    @property
    def is_whole(self) -> bool:
        return self.database.is_whole and all(report.is_whole for report in self.files.values())


def require(data: Path) -> None:
    """Raises EdgeprofError for a folder that holds no hub's database."""
    file = data / DATABASE
    health.refuse_missing(file, data / "blobs")
    if not file.exists():
        raise UsageError(
            "no_hub", f"{data} has no hub's database. Name the folder of `edgeprof hub serve` with --data."
        )


def check(data: Path, on_result: Callable[[], object], on_file: Callable[[int], object]) -> Report:
    """Read everything and change nothing; a hub may run meanwhile. `on_file` gets the bytes of each file.

    Raises EdgeprofError where there is no database, or nothing of it can be read.
    """
    require(data)
    file = data / DATABASE
    try:
        database = integrity.examine(file, on_result)
    except sqlite3.DatabaseError as error:
        raise trouble.named(error, file) or trouble.unreadable(file, str(error)) from error
    return Report(
        database, {name: _files(data / name, _named(file, tables), on_file) for name, tables in FOLDERS.items()}
    )


def size_of(data: Path) -> tuple[int, int]:
    """Results and bytes of files: what a check has to go through."""
    try:
        with closing(integrity.read_only(data / DATABASE)) as connection:
            results = int(connection.execute("SELECT count(*) FROM result").fetchone()[0])
    except sqlite3.Error:
        results = 0
    return results, sum(each.stat().st_size for name in FOLDERS for each in blobs(data / name))


def salvaged(data: Path, into: Path) -> salvage.Salvaged:
    """Copy what can be read into a new folder that a hub can serve. Raises EdgeprofError for one in use."""
    try:
        if into.exists() and any(into.iterdir()):
            raise UsageError("folder_not_empty", f"{into} is not empty. Name a new folder with --salvage.")
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        done = salvage.salvage(data / DATABASE, into / DATABASE)
        for name in FOLDERS:
            for file in blobs(data / name):
                if _is_whole(file):
                    target = into / name / file.parent.name / file.name
                    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    _link_or_copy(file, target)
    except OSError as error:
        raise trouble.named(error, into / DATABASE) or _cannot_copy(into, error) from error
    except sqlite3.Error as error:
        raise trouble.named(error, into / DATABASE) or trouble.unreadable(data / DATABASE, str(error)) from error
    return done


def _cannot_copy(into: Path, error: OSError) -> EdgeprofError:
    return EdgeprofError(
        "file_unwritable",
        f"Cannot copy to {into} ({error.strerror}: {error.filename}). Name another folder with --salvage.",
    )


def _link_or_copy(file: Path, target: Path) -> None:
    """Both folders may share the bytes: a blob is never changed in place."""
    try:
        os.link(file, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            raise
        shutil.copyfile(file, target)


def _files(folder: Path, named: set[str], on_file: Callable[[int], object]) -> FilesReport:
    report = FilesReport()
    present: set[str] = set()
    for file in blobs(folder):
        try:
            size = file.stat().st_size
            is_whole = _is_whole(file)
        except FileNotFoundError:  # deleted by the hub that runs
            continue
        present.add(file.name)
        report.checked += 1
        if not is_whole:
            report.rotten.append(file.name)
        on_file(size)
    report.missing = sorted(named - present)
    return report


def _is_whole(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return file_sha256(stream) == file.name
    except OSError as error:
        if error.errno == errno.EIO:
            return False
        raise


def blobs(folder: Path) -> list[Path]:
    """The files of one folder of files, by their names, which are their hashes."""
    return sorted(each for each in folder.glob("??/*") if is_hash(each.name) and each.is_file())


def _named(file: Path, tables: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for table in tables:
        try:
            with closing(integrity.read_only(file)) as connection:
                found |= {str(row[0]) for row in connection.execute(f"SELECT sha256 FROM {table}")}
        except sqlite3.DatabaseError:  # an older release's database, or one that the report calls unreadable already
            continue
    return found
