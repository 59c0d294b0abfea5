"""`edgeprof integration`: what it takes to use a model with a runtime on a device, each fact with its source."""

import click

from edgeprof.commands.hub_options import client_of, hub_options


@click.command()
@click.argument("which", metavar="MODEL")
@click.option("--device", default="", help="A device's name or id, for its system, Python and instruction sets.")
@click.option("--runtime", default="", help="Runtime variant (default: the device's, else the first for the format).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@hub_options
def integration(which: str, device: str, runtime: str, as_json: bool, hub_url: str, token_file: str | None) -> None:
    """State what it takes to use MODEL: packages, size, licences, operators, pre- and post-processing.

    Each fact has its source, or says that it is not known.
    """
    import msgspec

    from edgeprof.client import resolve
    from edgeprof.tables.columns import table
    from edgeprof.tables.figures import clean

    client = client_of(hub_url, token_file)
    model_id = resolve.item_id(client, "model", which)
    device_id = resolve.device(client.devices(), device).device_id if device else ""
    answer = client.integration(model_id, device_id=device_id, runtime=runtime)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
        return
    click.echo(f"{clean(answer.model)} with {answer.runtime} on {clean(answer.target)}")
    click.echo(answer.score)
    click.echo("")
    rows = [
        (fact.title, "?" if fact.effort == "unknown" else fact.effort, clean(fact.value), f"[{clean(fact.source)}]")
        for fact in answer.facts
    ]
    for line in table([("fact", "work", "value", "[source]"), *rows], left=4):
        click.echo(line)
