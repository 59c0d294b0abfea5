"""`edgeprof model`: what the hub knows of a model, shown and edited."""

import json
import time
from pathlib import Path

import click

from edgeprof.client import resolve
from edgeprof.commands import complete
from edgeprof.commands.family import print_effects
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.tasks import TASKS

UNCERTAIN = {"quantization": "unknown", "task": "other", "parameters": None}
"""Values that say nothing, and so are no proposals."""
MAX_CHANGES = 10


@click.group()
def model() -> None:
    """Show or edit a model's labels; take it away with its bill of materials."""


@model.command()
@click.argument("which", metavar="MODEL", shell_complete=complete.model)
@hub_options
def show(which: str, hub_url: str, token_file: str | None) -> None:
    """Show MODEL's family, variant, quantization, task, parameters and tags, and the newest changes."""
    client = client_of(hub_url, token_file)
    model_id = resolve.item_id(client, "model", which)
    for line in lines_of(next(record for record in client.models() if record.model_id == model_id)):
        click.echo(line)
    for each in client.label_changes("model", model_id, MAX_CHANGES):
        click.echo(figures.clean(change_text(each)))


@model.command()
@click.argument("which", metavar="MODEL", shell_complete=complete.model)
@click.option("--name", help="Its name on the hub.")
@click.option("--family", help="Groups the variants of one network.")
@click.option("--variant", help="What tells it from its family's other models, such as int8-static or pruned-50.")
@click.option("--quantization", help="Free-text name of the weights' types, such as int8-static.")
@click.option("--task", type=click.Choice(TASKS), help="Selects the cloud baseline; see docs/cost.md.")
@click.option("--parameters", type=click.IntRange(min=1), help="Number of the model's parameters.")
@click.option("--dry-run", is_flag=True, help="Print what another family would move, and change nothing.")
@hub_options
def edit(
    which: str,
    name: str | None,
    family: str | None,
    variant: str | None,
    quantization: str | None,
    task: str | None,
    parameters: int | None,
    dry_run: bool,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Change what the hub knows of MODEL. Its id and its results stay, and pages and costs follow.

    Another family moves its cells and evaluations there; what moves is printed first. Tags: `edgeprof tag model`.
    """
    changes = rest.ModelPatch(
        name=name, family=family, variant=variant, quantization=quantization, task=task, parameters=parameters
    )
    if changes == rest.ModelPatch():
        raise UsageError(
            "no_change", "Name what to change: --name, --family, --variant, --quantization, --task or --parameters."
        )
    client = client_of(hub_url, token_file)
    model_id = resolve.item_id(client, "model", which)
    record = next(record for record in client.models() if record.model_id == model_id)
    if family is not None and family != record.family:
        move = rest.FamilyChange(act="move", family=record.family, into=family, model_ids=(model_id,), dry_run=True)
        print_effects(client.change_family(move))
    if dry_run:
        return
    client.edit_model(model_id, changes)
    for line in lines_of(next(record for record in client.models() if record.model_id == model_id)):
        click.echo(line)


@model.command()
@click.argument("which", metavar="MODEL", shell_complete=complete.model)
@hub_options
def bom(which: str, hub_url: str, token_file: str | None) -> None:
    """Print MODEL's bill of materials (ML-BOM): CycloneDX 1.6 as JSON."""
    client = client_of(hub_url, token_file)
    document = client.model_bom(resolve.item_id(client, "model", which))
    click.echo(json.dumps(json.loads(document), indent=2, ensure_ascii=False))


@model.command()
@click.argument("which", metavar="MODEL", shell_complete=complete.model)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write (default: edgeprof-model-ID.zip).")
@hub_options
def bundle(which: str, out: Path | None, hub_url: str, token_file: str | None) -> None:
    """Save MODEL as one ZIP file that the hub has signed: files, bill of materials, manifest."""
    client = client_of(hub_url, token_file)
    model_id = resolve.item_id(client, "model", which)
    target = out or Path(f"edgeprof-model-{model_id[:12]}.zip")
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as stream:
            for chunk in client.model_bundle(model_id):
                stream.write(chunk)
        part.replace(target)
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write {target}: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{target}: {target.stat().st_size / 2**20:,.1f} MiB. Check it: edgeprof model verify-bundle {target}")


@model.command("verify-bundle")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", required=True, metavar="HEX", help="The hub's public key, as `edgeprof hub job-key` prints it.")
def verify_bundle(file: Path, key: str) -> None:
    """Check that every byte of a bundle is the one that the hub with this key signed. Needs no hub."""
    from edgeprof.signing import bundle as signed  # the other commands need none of it

    try:
        wanted = bytes.fromhex(key)
    except ValueError as error:
        raise UsageError("bad_key", f"{key[:80]!r} is not a key: it has 64 hexadecimal digits.") from error
    found = signed.verify(file, [wanted])
    size = sum(each.size for each in found.files)
    click.echo(f"{file} is whole: {figures.clean(found.name)}, {len(found.files)} files, {size:,} bytes.")
    click.echo(f"Signed by hub {found.hub_id} at {time.strftime('%Y-%m-%d %H:%M', time.gmtime(found.issued_s))} UTC.")


def lines_of(record: rest.ModelRecord) -> list[str]:
    """One line for each fact, marked where it is proposed."""
    facts = {
        "family": record.family,
        "variant": record.variant,
        "quantization": record.quantization,
        "task": record.task,
        "parameters": "unknown" if record.parameters is None else f"{record.parameters:,}",
        "tags": ", ".join(record.tags) or "none",
    }
    return [
        f"{record.name}  (model {record.model_id[:12]}, {record.format})",
        *(f"{name:<13}{text}{'  (proposed)' if name in record.proposed else ''}" for name, text in facts.items()),
    ]


def change_text(change: rest.LabelChange) -> str:
    """`2026-11-30 18:20 UTC  family: net -> net-v2`."""
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(change.at_s))
    return f"{at}  {change.field}: {change.before or 'none'} -> {change.after or 'none'}"


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
