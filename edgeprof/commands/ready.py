"""`edgeprof ready`: which model on which device meets a service level, and what is missing where none does."""

import click

from edgeprof.commands.hub_options import client_of, hub_options


@click.command()
@click.argument("level", metavar="'SERVICE LEVEL'")
@click.option("--family", default="", help="Only models with these words in family, name, task or tags.")
@click.option("--device", default="", help="Only devices with these words in name, profile or tags.")
@click.option(
    "--utilisation",
    type=click.FloatRange(0.05, 1),
    default=0.7,
    show_default=True,
    help="Share of a device that the load may take.",
)
@click.option("-n", "--rows", type=click.IntRange(1, 10_000), default=12, show_default=True, help="Rows to print.")
@click.option("-v", "--verbose", is_flag=True, help="Print each condition with its evidence.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@hub_options
def ready(
    level: str,
    family: str,
    device: str,
    utilisation: float,
    rows: int,
    verbose: bool,
    as_json: bool,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Check which model on which device meets a SERVICE LEVEL.

    Examples: '30 frames/s, p95 under 33 ms, 5 W, 95 % accuracy' or '10 tokens/s for 8 users at 2,000 tokens'. Each
    verdict rests on the hub's newest results; docs/readiness.md has the rules.
    """
    import msgspec

    from edgeprof.readiness.parse import service_level
    from edgeprof.tables.ready import ready_lines

    service_level(level)  # wrong use ends here, before a hub is asked
    answer = client_of(hub_url, token_file).ready(
        level, device=device, family=family, utilisation=utilisation, limit=10_000 if as_json else rows
    )
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
        return
    for line in ready_lines(answer, is_verbose=verbose):
        click.echo(line)
