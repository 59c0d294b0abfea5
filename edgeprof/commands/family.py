"""`edgeprof family`: the families of models on a hub, merged, split and renamed."""

import sys
from dataclasses import replace

import click

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.model_names import distinct_names

_YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
_DRY = click.option("--dry-run", is_flag=True, help="Print what would move, and change nothing.")


@click.group()
def family() -> None:
    """List, merge, split or rename families of models.

    A family groups the variants of one network. Ranks, gates and the comparison's groups follow it.
    """


@family.command("list")
@hub_options
def list_(hub_url: str, token_file: str | None) -> None:
    """List every family with its variants and gates."""
    client = client_of(hub_url, token_file)
    models = {model.model_id: model for model in client.models()}
    names = distinct_names({model_id: model.name for model_id, model in models.items()})
    found = client.families()
    for one in found:
        mark = "  (proposed)" if one.is_proposed else ""
        click.echo(f"{figures.clean(one.name)}{mark}")
        for model_id in one.model_ids:
            if model := models.get(model_id):
                click.echo(f"  {figures.clean(names[model_id])}  {model.format} {figures.clean(model.quantization)}")
        for line in one.gates:
            click.echo(f"  gate: {line}")
    if not found:
        click.echo("No models yet. Send one: edgeprof flash FILE --all")


@family.command()
@click.argument("source", metavar="FAMILY", shell_complete=complete.family)
@click.argument("into", metavar="INTO", shell_complete=complete.family)
@_YES
@_DRY
@hub_options
def merge(source: str, into: str, yes: bool, dry_run: bool, hub_url: str, token_file: str | None) -> None:
    """Merge FAMILY, with its gates, into INTO."""
    asked = rest.FamilyChange(act="merge", family=source, into=into)
    change(client_of(hub_url, token_file), asked, yes, dry_run)


@family.command()
@click.argument("source", metavar="FAMILY", shell_complete=complete.family)
@click.argument("into", metavar="NEW")
@click.argument("models", metavar="MODEL...", shell_complete=complete.model, nargs=-1, required=True)
@click.option("--copy-gates", is_flag=True, help="Give NEW the same gates. Without it, NEW has none.")
@_YES
@_DRY
@hub_options
def split(
    source: str,
    into: str,
    models: tuple[str, ...],
    copy_gates: bool,
    yes: bool,
    dry_run: bool,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Move MODELs from FAMILY into a new family, NEW."""
    client = client_of(hub_url, token_file)
    ids = tuple(resolve.item_id(client, "model", which) for which in models)
    asked = rest.FamilyChange(act="split", family=source, into=into, model_ids=ids, copy_gates=copy_gates)
    change(client, asked, yes, dry_run)


@family.command()
@click.argument("source", metavar="FAMILY", shell_complete=complete.family)
@click.argument("into", metavar="NEW")
@_YES
@_DRY
@hub_options
def rename(source: str, into: str, yes: bool, dry_run: bool, hub_url: str, token_file: str | None) -> None:
    """Rename FAMILY to NEW. Its gates follow."""
    asked = rest.FamilyChange(act="rename", family=source, into=into)
    change(client_of(hub_url, token_file), asked, yes, dry_run)


def change(client: HubClient, asked: rest.FamilyChange, yes: bool, dry_run: bool) -> None:
    """Print what would move; then, unless it is only that, ask and do it."""
    effects = client.change_family(replace(asked, dry_run=True))
    print_effects(effects)
    if dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("not_confirmed", "Nothing is changed yet. Confirm with --yes.")
        click.confirm("Change it?", abort=True)
    client.change_family(replace(asked, model_ids=effects.model_ids, dry_run=False))
    click.echo("Done.")


def print_effects(effects: rest.FamilyEffects) -> None:
    """One line for each, warnings last."""
    for sentence in effects.sentences:
        click.echo(figures.clean(sentence))
    for warning in effects.warnings:
        click.echo(f"! {figures.clean(warning)}")
