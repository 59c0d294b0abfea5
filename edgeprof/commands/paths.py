"""`edgeprof paths`: where everything lies, how large it is, and how to remove it."""

import os
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import click

from edgeprof.paths import cache_dir, state_dir

PARTS = ("agent", "hub", "demo")


@click.command()
@click.option("--clear-cache", is_flag=True, help="Delete the downloads. State (results, device ids) stays.")
def paths(clear_cache: bool) -> None:
    """Show where edgeprof stores files and how to remove them."""
    if clear_cache:
        freed_mib = size_mib(cache_dir())
        shutil.rmtree(cache_dir(), ignore_errors=True)
        click.echo(f"Deleted {cache_dir()} ({freed_mib:.1f} MiB).")
        return
    rows = [("cache", cache_dir()), *((f"{part} state", state_dir(part)) for part in PARTS)]
    for name, path in rows:
        size = f"{size_mib(path):9.1f} MiB" if path.exists() else "     not there"
        click.echo(f"{name:<12} {size}  {path}")
    click.echo("\nYou can delete the cache at any time: edgeprof paths --clear-cache")
    held = {path: sentence for _, path in rows if (sentence := unsent(path))}
    for sentence in held.values():
        click.echo(sentence)
    what = "the rest" if held else "everything"
    click.echo(f"To remove {what}: rm -rf {shlex.join(str(path) for _, path in rows if path not in held)}")


def unsent(folder: Path) -> str:
    """What in a folder no hub has confirmed, as a sentence; empty where that is nothing."""
    for file in sorted(folder.rglob("agent.db")):
        listing = f"edgeprof agent outbox --data {shlex.quote(str(file.parent))}"
        try:
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
                sql = "SELECT count(*) FROM results WHERE state != 'receipted'"
                count = int(connection.execute(sql).fetchone()[0])
        except sqlite3.Error as error:
            return f"Keep {folder}: {file} cannot be read ({error}), and may hold results that no hub has."
        if count:
            results = f"{count} result{'s' * (count != 1)}"
            return f"Keep {folder}: no hub has confirmed {results} in it. List: {listing}"
    return ""


def size_mib(folder: Path) -> float:
    """Size of all regular files below a folder, each hard link once; 0 for a folder that is not there."""
    seen: dict[tuple[int, int], int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                stat = os.lstat(os.path.join(root, name))
            except OSError:  # deleted while we walked
                continue
            seen[(stat.st_dev, stat.st_ino)] = stat.st_size
    return sum(seen.values()) / 2**20
