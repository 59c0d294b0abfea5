"""`edgeprof devices | flash | price | rename | delete`: what a person does with a hub from a terminal."""

import sys
from collections.abc import Sequence
from dataclasses import replace

import click

from edgeprof.client import resolve, resolve_sets
from edgeprof.client.http_client import HubClient
from edgeprof.commands import complete
from edgeprof.commands.flash_end import end_of
from edgeprof.commands.flash_options import campaign_of, campaign_options
from edgeprof.commands.grouped_help import GroupedCommand
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.commands.live import Describe, LiveBoard, watch
from edgeprof.commands.model import proposal_text
from edgeprof.commands.options import FiniteRange
from edgeprof.errors import UsageError
from edgeprof.modelfiles.record import Labels
from edgeprof.tables.terminal import painter, terminal_width
from edgeprof.wire import rest
from edgeprof.wire.tasks import TASKS, Task

KINDS = ("device", "model", "result")


@click.command(cls=GroupedCommand)
@click.argument("models", nargs=-1, required=True, shell_complete=complete.model_or_file)
@click.option(
    "--to",
    "targets",
    multiple=True,
    metavar="DEVICE",
    shell_complete=complete.device,
    help="A device's name or id, or tag:TAG; repeat it for several.",
)
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.group,
    help="Every device of this group; repeat it for several.",
)
@click.option("--all", "everywhere", is_flag=True, help="Every device that is online.")
@click.option("--name", help="The model's name on the hub (default: the file's name).")
@click.option("--family", help="Groups the variants of one network (default: proposed from the file and its name).")
@click.option(
    "--quantization", help="Free-text name of the variant, such as int8-static (default: proposed from the file)."
)
@click.option(
    "--task",
    type=click.Choice(TASKS),
    help="Selects the cloud baseline; see docs/cost.md (default: proposed from the file).",
)
@click.option(
    "--evaluate",
    "sets",
    multiple=True,
    metavar="NAME|FOLDER",
    help="Also answer this evaluation set: a folder, one on the hub, or a packaged one; may be repeated.",
)
@click.option("--evaluate-only", is_flag=True, help="Measure no speed; answer the sets of --evaluate alone.")
@click.option("--shots", type=int, default=0, help="Solved examples before each item of --evaluate (default: 0).")
@click.option("--items", type=int, default=0, help="Answer only the first N items of --evaluate; 0 is all.")
@campaign_options
@click.option(
    "--no-run",
    is_flag=True,
    help="Only flash: each device stores the model, checks it, loads it once and switches to it.",
)
@click.option("--no-wait", is_flag=True, help="Queue the jobs and return at once.")
@hub_options
def flash(
    models: tuple[str, ...],
    targets: tuple[str, ...],
    groups: tuple[str, ...],
    everywhere: bool,
    name: str | None,
    family: str | None,
    quantization: str | None,
    task: Task | None,
    sets: tuple[str, ...],
    evaluate_only: bool,
    shots: int,
    items: int,
    no_run: bool,
    no_wait: bool,
    hub_url: str,
    token_file: str | None,
    **options: object,
) -> None:
    """Flash MODELS to devices and profile them there.

    A model is a file, the name or id of a model on the hub, or the name of a recipe (`edgeprof models list`).
    """
    measuring = campaign_of(options, models)
    if not sets and (shots or items or evaluate_only):
        raise UsageError("bad_usage", "--evaluate-only, --shots and --items need --evaluate.")
    if name and len(models) > 1:
        raise UsageError("one_name", f"--name applies to one model; you gave {len(models)}. Flash them one by one.")
    client = client_of(hub_url, token_file)
    of_groups = resolve.group_members(client.groups(), groups) if groups else ()
    chosen = resolve.devices(client.devices(), (*targets, *of_groups), everywhere)
    labels = Labels(name=name, family=family, quantization=quantization, task=task)
    records = [resolve.put_model(client, text, labels, say_progress) for text in models]
    known = client.models()
    for record in records:
        if message := resolve.namesakes(known, record):
            click.echo(message, err=True)
        if (sentence := proposal_text(record)) is not None:
            click.echo(sentence, err=True)
    evaluated = [resolve_sets.put_set(client, text, say_progress) for text in dict.fromkeys(sets)]
    request = replace(
        measuring,
        evaluation_sets=tuple(one.set_id for one in evaluated),
        shots=shots,
        evaluate_only=evaluate_only,
        flash_only=no_run,
        protocol=replace(measuring.protocol, evaluation_items=items),
        model_ids=tuple(record.model_id for record in records),
        device_ids=tuple(device.device_id for device in chosen),
    )
    campaign = client.start_campaign(request)
    speed_jobs = [job for job in campaign.jobs if not job.config.evaluation_set]
    left_out = 0 if evaluate_only else len(records) * len(chosen) * request.repeats - len(speed_jobs)
    if left_out:
        click.echo(
            f"Skipped {left_out} of the requested runs. Endpoints measure served models only, and other devices "
            "measure model files only. Older agents measure no ORT models.",
            err=True,
        )
    for device in chosen:
        if not device.online:
            click.echo(f"{device.label} is offline. Its jobs wait until it reconnects.", err=True)
    describe = resolve.describer(chosen, records, evaluated)
    if no_wait:
        refused = [job for job in campaign.jobs if job.state == "failed"]
        for job in refused:
            click.echo(f"{describe(job)}: {job.note}", err=True)
        click.echo(f"Queued {len(campaign.jobs) - len(refused)} job(s) as campaign {campaign.campaign_id}.")
        click.echo(f"Progress: {client.url}/campaigns/{campaign.campaign_id} or `edgeprof jobs`")
        click.echo(f"Figures:  {client.url}/ or `edgeprof compare`")
        return
    sys.exit(_follow(client, campaign, describe, chosen, records))


def _follow(
    client: HubClient,
    campaign: rest.Campaign,
    describe: Describe,
    devices: Sequence[rest.DeviceRecord],
    models: Sequence[rest.ModelRecord],
) -> int:
    """Show progress to the end. Ctrl-C leaves the jobs running; 1 where one did not end in a measurement."""
    board = LiveBoard(describe, sys.stderr)
    try:
        ended = watch(client, campaign.campaign_id, board)
    except KeyboardInterrupt:
        click.echo(
            f"\nThe jobs keep running. Progress: {client.url}/campaigns/{campaign.campaign_id} or `edgeprof jobs`"
        )
        return 130
    found = end_of(client, ended.jobs, devices, models, describe)
    for line in found.lines(terminal_width(), painter(sys.stdout)):
        click.echo(line)
    click.echo("")
    is_measured = any(job.config.is_speed or job.config.evaluation_set for job in ended.jobs)
    click.echo(f"Compare: {client.url}/" if is_measured else f"Campaign: {client.url}/campaigns/{campaign.campaign_id}")
    return 0 if all(job.state == "measured" for job in ended.jobs) else 1


def say_progress(text: str) -> None:
    """One line of an upload, redrawn on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=text.endswith("."), err=True)
    elif text.endswith("."):
        click.echo(text, err=True)


@click.command()
@click.argument("which", metavar="DEVICE", shell_complete=complete.device)
@click.argument("usd", type=FiniteRange(min=0, min_open=True))
@click.option("--source", required=True, help="Where the price comes from, such as a shop and a date, or an invoice.")
@hub_options
def price(which: str, usd: float, source: str, hub_url: str, token_file: str | None) -> None:
    """Set a device's price in US dollars. Its cost per inference uses it."""
    if not source.strip():
        raise UsageError("no_source", "A price needs a source, such as --source 'the shop, the date'.")
    client = client_of(hub_url, token_file)
    client.set_price(resolve.item_id(client, "device", which), usd, source)
    click.echo(f"{which} costs {usd:g} USD ({source}).")


@click.command()
@click.argument("kind", type=click.Choice(KINDS[:2]))
@click.argument("which", shell_complete=complete.of_kind)
@click.argument("name")
@hub_options
def rename(kind: str, which: str, name: str, hub_url: str, token_file: str | None) -> None:
    """Rename a device or a model. Its id and its results stay."""
    client = client_of(hub_url, token_file)
    client.rename(f"{kind}s", resolve.item_id(client, kind, which), name)
    click.echo(f"Renamed {kind} {which} to {name}.")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("which", shell_complete=complete.of_kind)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@hub_options
def delete(kind: str, which: str, yes: bool, hub_url: str, token_file: str | None) -> None:
    """Delete a device, a model or a result, with everything that belongs to it."""
    client = client_of(hub_url, token_file)
    item_id = resolve.item_id(client, kind, which)
    also = "" if kind == "result" else " and all its results"
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("not_confirmed", f"This deletes {kind} {which}{also}. Confirm with --yes.")
        click.confirm(f"Delete {kind} {which}{also}?", abort=True)
    client.delete(f"{kind}s", item_id)
    click.echo(f"Deleted {kind} {which}{also}.")
