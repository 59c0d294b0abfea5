"""`edgeprof set push`: a set goes to the hub, from which devices fetch it."""

import click

from edgeprof.commands.hub_options import client_of, hub_options


@click.command()
@click.argument("which", metavar="NAME|FOLDER")
@click.option("--name", default="", help="Name on the hub.  [default: the set's own]")
@hub_options
def push(which: str, name: str, hub_url: str, token_file: str | None) -> None:
    """Send a set to the hub: a folder, or a packaged set, which is fetched first."""
    from edgeprof.client import resolve_sets

    client = client_of(hub_url, token_file)
    record = resolve_sets.push(client, which, _say, name)
    names = ", ".join(record.names)
    click.echo(f"{names}: {record.items:,} items, {record.task}, set {record.set_id[:12]}. See {client.url}/sets")


def _say(text: str) -> None:
    """Sentences; what has no full stop is progress, of which a set of many files has too much."""
    if text.endswith("."):
        click.echo(f"  {text}", err=True)
