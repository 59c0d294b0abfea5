"""`edgeprof agent outbox`: what waits for the hub, what never will, and why. Reads; the agent may run meanwhile."""

import json
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.paths import state_dir
from edgeprof_agent.daemon.database import read_only

WORDS = {"queued": "waiting", "quarantined": "quarantined"}
KEPT_AS = {"aside": "quarantined"}
"""The database's word, which its table prescribes, and the one that people and `--json` get."""
WAITS = "the hub has not confirmed it yet"


class _Glance(msgspec.Struct):
    """What is shown of a result."""

    model_name: str = "unknown model"
    status: str = "unreadable"


@dataclass(frozen=True)
class Listed:
    """A result that the hub has not confirmed."""

    result_id: str
    state: str
    model: str
    status: str
    since_s: float
    reason: str


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="The agent's data folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def outbox(data: Path | None, as_json: bool) -> None:
    """List the results that the hub has not confirmed, with the reason."""
    set_folder = os.environ.get("EDGEPROF_AGENT_DATA")
    folder = data or (Path(set_folder) if set_folder else state_dir("agent"))
    listed, confirmed = read(folder)
    if as_json:
        click.echo(json.dumps({"confirmed": confirmed, "results": [asdict(each) for each in listed]}, indent=2))
        return
    counts = [f"{sum(each.state == state for each in listed)} {word}" for state, word in WORDS.items()]
    click.echo(f"{folder}: {', '.join(counts)}, {confirmed} confirmed and still here.")
    now_s = time.time()
    for each in listed:
        click.echo(f"{each.result_id}  {WORDS[each.state]} {_age(now_s - each.since_s)}  {each.model} ({each.status})")
        click.echo(f"  {each.reason}")


def read(folder: Path) -> tuple[list[Listed], int]:
    """Results without a receipt in the order they were made, and how many have one. Raises EdgeprofError."""
    file = folder / "agent.db"
    if not file.is_file():
        raise EdgeprofError("state_unusable", f"{folder} holds no agent's data. Name the folder with --data.")
    try:
        with closing(read_only(file)) as connection:
            rows = connection.execute(
                "SELECT result_id, state, payload, changed_s, reason FROM results"
                " WHERE state != 'receipted' ORDER BY seq"
            ).fetchall()
            confirmed = connection.execute("SELECT count(*) FROM results WHERE state = 'receipted'").fetchone()[0]
    except sqlite3.Error as error:
        raise EdgeprofError("state_unusable", f"Cannot read the agent's database {file}: {error}.") from error
    return [_listed(*row) for row in rows], int(confirmed)


def _listed(result_id: str, state: str, payload: object, changed_s: float, reason: str | None) -> Listed:
    try:
        glance = msgspec.json.decode(payload if isinstance(payload, bytes) else b"", type=_Glance)
    except msgspec.MsgspecError:
        glance = _Glance()
    return Listed(
        str(result_id), KEPT_AS.get(state, state), glance.model_name, glance.status, changed_s, reason or WAITS
    )


def _age(seconds: float) -> str:
    for size_s, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size_s:
            return f"for {seconds / size_s:.0f} {unit}"
    return f"for {max(0.0, seconds):.0f} s"
