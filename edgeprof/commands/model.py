"""`edgeprof model`: what the hub knows of a model, shown and edited."""

import click

from edgeprof.client import resolve
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.tasks import TASKS

UNCERTAIN = {"quantization": "unknown", "task": "other", "parameters": None}
"""Values that say nothing, and so are no proposals."""


@click.group()
def model() -> None:
    """Show or edit what the hub knows of a model."""


@model.command()
@click.argument("which", metavar="MODEL", shell_complete=complete.model)
@hub_options
def show(which: str, hub_url: str, token_file: str | None) -> None:
    """Show MODEL's family, quantization, task and parameters."""
    client = client_of(hub_url, token_file)
    model_id = resolve.item_id(client, "model", which)
    for line in lines_of(next(record for record in client.models() if record.model_id == model_id)):
        click.echo(line)


@model.command()
@click.argument("which", metavar="MODEL", shell_complete=complete.model)
@click.option("--name", help="Its name on the hub.")
@click.option("--family", help="Groups the variants of one network.")
@click.option("--quantization", help="Free-text name of the variant, such as int8-static.")
@click.option("--task", type=click.Choice(TASKS), help="Selects the cloud baseline; see docs/cost.md.")
@click.option("--parameters", type=click.IntRange(min=1), help="Number of the model's parameters.")
@hub_options
def edit(
    which: str,
    name: str | None,
    family: str | None,
    quantization: str | None,
    task: str | None,
    parameters: int | None,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Change what the hub knows of MODEL. Its id and its results stay, and pages and costs follow."""
    changes = rest.ModelPatch(name=name, family=family, quantization=quantization, task=task, parameters=parameters)
    if changes == rest.ModelPatch():
        raise UsageError("no_change", "Name what to change: --name, --family, --quantization, --task or --parameters.")
    client = client_of(hub_url, token_file)
    model_id = resolve.item_id(client, "model", which)
    client.edit_model(model_id, changes)
    for line in lines_of(next(record for record in client.models() if record.model_id == model_id)):
        click.echo(line)


def lines_of(record: rest.ModelRecord) -> list[str]:
    """One line for each fact, marked where it is proposed."""
    facts = {
        "family": record.family,
        "quantization": record.quantization,
        "task": record.task,
        "parameters": "unknown" if record.parameters is None else f"{record.parameters:,}",
    }
    return [
        f"{record.name}  (model {record.model_id[:12]}, {record.format})",
        *(f"{name:<13}{text}{'  (proposed)' if name in record.proposed else ''}" for name, text in facts.items()),
    ]


def proposal_text(record: rest.ModelRecord) -> str | None:
    """What was proposed from a file, and how to change it; None where nothing was."""
    values = {name: getattr(record, name) for name in record.proposed}
    said = [
        f"{value:,} {name}" if name == "parameters" else f"{name} {value}"
        for name, value in values.items()
        if name not in UNCERTAIN or value != UNCERTAIN[name]
    ]
    if not said:
        return None
    return (
        f"{record.name}: proposed {', '.join(said)}. Change: `edgeprof model edit {record.model_id[:12]} --family ...`"
    )
