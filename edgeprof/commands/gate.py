"""`edgeprof gate`: what the variants of a family must hold, and whether they do."""

import click

from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.tables import figures


@click.command()
@click.argument("family")
@click.argument("gates", nargs=-1, metavar="[GATE]...")
@click.option("--delete", "is_deleted", is_flag=True, help="Remove the family's gates.")
@hub_options
def gate(family: str, gates: tuple[str, ...], is_deleted: bool, hub_url: str, token_file: str | None) -> None:
    """Set the gates of FAMILY on a hub, or show them with their verdicts.

    A GATE is a line such as 'fashion-mnist: accuracy >= source - 1'. A variant that fails one is never ranked.
    """
    if is_deleted and gates:
        raise UsageError("bad_gate", "Give gates, or --delete, but not both.")
    client = client_of(hub_url, token_file)
    found = client.set_gates(family, gates) if gates or is_deleted else client.gates(family)
    if not found.gates:
        click.echo(f"{figures.clean(family)} has no gate.")
    for line in found.gates:
        click.echo(figures.clean(line))
        if not gates:
            for verdict in found.verdicts:
                if verdict.gate == line:
                    click.echo(f"  {figures.clean(verdict.sentence)}")
    if gates:
        click.echo(f"Verdicts follow within seconds: edgeprof gate {figures.clean(family)}")
