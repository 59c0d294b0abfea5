"""A hub's data folder for commands about people: asked and changed beside a hub that may run."""

import getpass
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.paths import state_dir
from edgeprof_hub.commands.parts import parts_of_the_hub

if TYPE_CHECKING:
    from edgeprof_hub.store.reader import SqliteReader

T = TypeVar("T")

MAX_LINE_CHARS = 1000


def folder_of(data: Path | None) -> Path:
    """The hub's data folder."""
    return data or state_dir("hub")


def ask(folder: Path, question: "Callable[[SqliteReader], T]", *, or_new: bool = False) -> T:
    """Ask the database. `or_new`: make it where the folder has none. Raises UsageError no_hub."""
    with parts_of_the_hub():
        from edgeprof_hub.commands import data_check
        from edgeprof_hub.context import DATABASE
        from edgeprof_hub.store.reader import SqliteReader

    if or_new:
        change(folder, lambda _: None)
    data_check.require(folder)
    with closing(SqliteReader(folder / DATABASE)) as reader:
        return question(reader)


def change(folder: Path, do: Callable[[sqlite3.Connection], T]) -> T:
    """Change the database, as one transaction. Raises EdgeprofError hub_is_older; what `SqliteWriter` raises."""
    with parts_of_the_hub():
        from edgeprof_hub.context import DATABASE
        from edgeprof_hub.store import health, trouble
        from edgeprof_hub.store.writer import SqliteWriter

    file = folder / DATABASE
    health.refuse_missing(file, folder / "blobs")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _refuse_older_hub(folder, file)
        with closing(SqliteWriter(file)) as writer:
            return writer.change(do)
    except (sqlite3.Error, OSError) as error:
        raise trouble.named(error, file) or error from error


def _refuse_older_hub(folder: Path, file: Path) -> None:
    """A hub that runs must not find its database converted by a newer release."""
    from edgeprof_hub.locking import locked
    from edgeprof_hub.store import integrity, schema

    try:
        with locked(folder):
            return
    except EdgeprofError as error:
        if error.code != "data_in_use":
            raise
    with closing(integrity.read_only(file)) as connection:
        if not schema.is_current(connection):
            raise EdgeprofError(
                "hub_is_older", f"The hub that runs over {folder} is of an older release. Restart it with this one."
            )


def ask_password(words: str) -> str:
    """From a prompt, typed twice; from the first line of standard input if that is not a terminal. Never from argv."""
    if sys.stdin.isatty():
        return str(click.prompt(words, hide_input=True, confirmation_prompt=True, err=True))
    line = sys.stdin.readline(MAX_LINE_CHARS).rstrip("\r\n")
    if not line:
        raise UsageError("weak_password", "Standard input has no password. Pipe it in, or run this at a terminal.")
    return line


def actor() -> str:
    """Who runs the command, for the audit log."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):
        return "command line"


def date(at_s: float) -> str:
    """`2026-11-30 21:15:04 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at_s))
