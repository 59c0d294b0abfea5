"""`edgeprof agent record`: this board as a folder that others can replay and test against."""

import sys
from pathlib import Path

import click

from edgeprof.commands.options import FiniteRange
from edgeprof_agent import machine
from edgeprof_agent.commands.view.profile import Stages
from edgeprof_agent.recorded.capture import capture, identifiers
from edgeprof_agent.recorded.scrub import scrubbed
from edgeprof_agent.recorded.writing import write
from edgeprof_agent.sensors import registry
from edgeprof_agent.telemetry.state import read_state

PERIOD_S = 0.5
_NEXT = """
Next: look through {folder}, fill in `profile` in its tree.toml, try it
      edgeprof profile MODEL --replay {folder}
and send it as a pull request that adds it to tests/machines/."""


def _read_as(root: Path) -> dict[str, object]:
    """What a test holds the record against: as this machine reads now, on the real thing."""
    facts = machine.bare_facts(root)
    sensor, state = registry.best(root), read_state(root)
    return {
        "machine": facts.machine,
        "cores": facts.cores,
        "cpu_model": facts.cpu_model and scrubbed(facts.cpu_model),
        "power_source": sensor and sensor.name,
        "power_scope": sensor and sensor.scope,
        "temperature_source": state.temperature_source and scrubbed(state.temperature_source),
        "power_mode": state.power_mode and scrubbed(state.power_mode),
    }


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER", help="Output folder.")
@click.option(
    "--seconds", type=FiniteRange(1, 3600), default=20, show_default=True, help="Seconds of idle, and again of load."
)
@click.option("--load/--no-load", default=True, show_default=True, help="Also record with all cores busy.")
@click.option("--root", type=click.Path(path_type=Path, exists=True), default=Path("/"), hidden=True)
def record(out: Path, seconds: float, load: bool, root: Path) -> None:
    """Record what edgeprof reads from this board, without serial numbers, addresses or names.

    Support for a board starts with a record: with it, tests and pages run where nobody has the board.
    """
    with Stages(sys.stderr) as stages:
        found = capture(root, seconds, PERIOD_S, with_load=load, tell=stages.show)
    write(out, found, _read_as(root), identifiers(root), seconds, PERIOD_S)
    varied = sum(len({*found.idle[path], *found.load.get(path, [])}) > 1 for path in found.idle)
    click.echo(f"{len(found.content)} files in {out}, {varied} of them with their changes over time.")
    if found.unreadable:
        click.echo(f"{len(found.unreadable)} files could not be read: {', '.join(found.unreadable[:5])} …")
    click.echo(_NEXT.format(folder=out))
