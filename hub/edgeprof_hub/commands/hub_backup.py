"""A copy of a hub's data that a hub can serve, made while the hub runs."""

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import click

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub import private_file
from edgeprof_hub.commands import data_check, hub_check
from edgeprof_hub.config import IDENTITY, TOKEN_FILE
from edgeprof_hub.context import DATABASE
from edgeprof_hub.identity.authority import LEDGER
from edgeprof_hub.store import integrity, trouble


def run(data: Path, into: Path) -> int:
    """Copy, then read the whole copy back. Returns the exit code: 1 where something in the copy is damaged."""
    data_check.require(data)
    copy(data, into)
    code = hub_check.run(into, None, as_json=False)
    if code == 0:
        click.echo(f"To restore it, stop the hub, move {data} away, and copy {into} to its place.")
    return code


def copy(data: Path, into: Path) -> None:
    """The database first, then the files: what is added meanwhile is more than the database names, never less.

    Left out is what a hub makes again: the broker's files, unfinished uploads, and wheels. Raises EdgeprofError.
    """
    try:
        if into.exists() and any(into.iterdir()):
            raise UsageError("folder_not_empty", f"{into} is not empty. Name a new folder.")
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy_database(data / DATABASE, into / DATABASE)
        _copy_secrets(data, into)
        for name in data_check.FOLDERS:
            _copy_files(data / name, into / name)
        os.sync()  # said to be there only once the disk has it
    except OSError as error:
        raise trouble.named(error, into / DATABASE) or EdgeprofError(
            "file_unwritable", f"Cannot copy to {into} ({error.strerror}: {error.filename}). Name another folder."
        ) from error
    except sqlite3.Error as error:
        raise trouble.named(error, into / DATABASE) or trouble.unreadable(data / DATABASE, str(error)) from error


def _copy_database(file: Path, target: Path) -> None:
    """One moment of it, in one step: a hub that writes meanwhile is not held up, and its changes are not in it."""
    private_file.touch(target)
    with closing(integrity.read_only(file)) as source, closing(sqlite3.connect(target)) as made:
        source.backup(made)
        made.execute("PRAGMA journal_mode = DELETE")  # one whole file


def _copy_secrets(data: Path, into: Path) -> None:
    """The token, the CA's keys, the key that signs jobs: with the rights that they have."""
    if (data / TOKEN_FILE).exists():
        shutil.copy2(data / TOKEN_FILE, into / TOKEN_FILE)
    folder = data / IDENTITY
    if not folder.exists():
        return
    (into / IDENTITY).mkdir(mode=0o700)
    for file in sorted(folder.iterdir()):
        if file.name == LEDGER:
            _copy_database(file, into / IDENTITY / LEDGER)
        elif file.is_file() and not file.name.startswith((LEDGER, ".")):
            shutil.copy2(file, into / IDENTITY / file.name)


def _copy_files(folder: Path, target: Path) -> None:
    """Copies, not links: a link would rot with the original."""
    files = data_check.blobs(folder)
    with click.progressbar(files, label=f"Copying {folder.name:<9}", file=sys.stderr) as all_files:
        for file in all_files:
            copied = target / file.parent.name / file.name
            copied.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                shutil.copyfile(file, copied)
            except FileNotFoundError:  # deleted by the hub that runs; the check names it if it is missed
                continue
