"""`edgeprof rollout`: one model to many devices, in groups that start one after the other."""

import json
import sys
import time
from dataclasses import asdict, replace
from typing import cast

import click

from edgeprof.client import resolve, resolve_sets
from edgeprof.client.http_client import HubClient
from edgeprof.client.patience import Patience
from edgeprof.commands import complete
from edgeprof.commands.flash_options import campaign_of, campaign_options
from edgeprof.commands.grouped_help import GroupedCommand
from edgeprof.commands.hub import say_progress
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.commands.options import FiniteRange
from edgeprof.errors import UsageError
from edgeprof.modelfiles.record import Labels
from edgeprof.tables.rollouts import quarantines_text, rollout_text, rollouts_text
from edgeprof.wire import identity
from edgeprof.wire.rollout_words import canary_of, stages_of
from edgeprof.wire.rollouts import OPEN_ROLLOUTS, Approval, Rollout, RolloutAction, RolloutPlan, RolloutRequest

REFRESH_S = 2.0
PERCENT = FiniteRange(min=0, max=100)


@click.group()
def rollout() -> None:
    """Send a model to many devices in groups, a canary first."""


@rollout.command(cls=GroupedCommand)
@click.argument("model", shell_complete=complete.model_or_file)
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
@click.option(
    "--canary",
    "canary",
    multiple=True,
    metavar="N|P%|DEVICE",
    help="The first group: a number, a share, or devices by name (repeat it). Default: one of each kind.",
)
@click.option(
    "--stages",
    default="25,100",
    show_default=True,
    metavar="P,P,...",
    help="Shares of all devices that the groups after the canary bring the total to, in percent.",
)
@click.option("--success", "success", type=PERCENT, default=90.0, show_default=True, help="Percent that must succeed.")
@click.option(
    "--errors", "errors", type=PERCENT, default=10.0, show_default=True, help="Percent of a group that stops it."
)
@click.option(
    "--error-min",
    "error_min",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Failures that stop, at least.",
)
@click.option(
    "--max-slowdown",
    "max_slowdown",
    type=FiniteRange(min=0, max=1000),
    default=10.0,
    show_default=True,
    help="Percent by which the model may be slower than the reference.",
)
@click.option(
    "--max-p95-slowdown",
    "max_p95_slowdown",
    type=FiniteRange(min=0, max=1000),
    help="Percent by which its p95 may exceed that of the reference (default: not compared).",
)
@click.option(
    "--max-memory-growth",
    "max_memory_growth",
    type=FiniteRange(min=0, max=1000),
    help="Percent by which its peak memory may exceed that of the reference (default: not compared).",
)
@click.option("--no-compare", is_flag=True, help="Compare with no reference.")
@click.option(
    "--reference",
    metavar="MODEL",
    shell_complete=complete.model_or_file,
    help="Compare with this model (default: the one that each device ran before).",
)
@click.option(
    "--compare-runs",
    "compare_runs",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Runs of each model, interleaved, on each compared device.",
)
@click.option(
    "--check-all", "check_all", is_flag=True, help="Compare and evaluate in every group, not in the canary alone."
)
@click.option("--no-gates", is_flag=True, help="Do not check the family's quality gates.")
@click.option(
    "--approval",
    type=click.Choice(("none", "canary", "every")),
    default="none",
    show_default=True,
    help="After which groups a person must approve.",
)
@click.option("--at", "start_at", default="", metavar="TIME", help="Start at 2026-12-01T02:00 by the hub's clock.")
@click.option("--window", default="", metavar="HH:MM-HH:MM", help="Send jobs only in these hours of the hub's clock.")
@click.option(
    "--evaluate",
    "sets",
    multiple=True,
    metavar="NAME|FOLDER",
    help="Also answer this evaluation set: a folder, one on the hub, or a packaged one; may be repeated.",
)
@click.option("--shots", type=int, default=0, help="Solved examples before each item of --evaluate (default: 0).")
@click.option("--items", type=int, default=0, help="Answer only the first N items of --evaluate; 0 is all.")
@click.option("--no-run", is_flag=True, help="After the canary, flash without a run: store, load once, switch.")
@campaign_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@hub_options
def start(
    model: str,
    targets: tuple[str, ...],
    groups: tuple[str, ...],
    everywhere: bool,
    canary: tuple[str, ...],
    stages: str,
    success: float,
    errors: float,
    error_min: int,
    max_slowdown: float,
    max_p95_slowdown: float | None,
    max_memory_growth: float | None,
    no_compare: bool,
    reference: str | None,
    compare_runs: int,
    check_all: bool,
    no_gates: bool,
    approval: str,
    start_at: str,
    window: str,
    sets: tuple[str, ...],
    shots: int,
    items: int,
    no_run: bool,
    as_json: bool,
    hub_url: str,
    token_file: str | None,
    **options: object,
) -> None:
    """Send MODEL to devices in groups: a canary, then by share.

    A group starts when the one before it has succeeded. In the canary, the model is compared with the one that ran
    there before, and the family's quality gates are checked. A failure, a slowdown or a failed gate stops the rollout.
    """
    measuring = campaign_of(options, (model,))
    client = client_of(hub_url, token_file)
    known = client.devices()
    of_groups = resolve.group_members(client.groups(), groups) if groups else ()
    chosen = resolve.devices(known, (*targets, *of_groups), everywhere)
    try:
        first, shares = canary_of(canary), stages_of(stages)
    except ValueError as error:
        raise UsageError("bad_rollout", str(error)) from None
    record = resolve.put_model(client, model, Labels(), say_progress)
    plan = RolloutPlan(
        canary_devices=tuple(each.device_id for each in resolve.devices(known, first.names, False))
        if first.names
        else (),
        canary_count=first.count,
        canary_percent=first.percent,
        stages_percent=shares,
        success_percent=success,
        error_percent=errors,
        error_min=error_min,
        max_slowdown_percent=None if no_compare else max_slowdown,
        max_p95_slowdown_percent=None if no_compare else max_p95_slowdown,
        max_memory_growth_percent=None if no_compare else max_memory_growth,
        reference_model_id=resolve.item_id(client, "model", reference) if reference else "",
        compare_runs=compare_runs,
        check_every_group=check_all,
        gates=not no_gates,
        approval=cast(Approval, approval),
        start_at=start_at,
        window=window,
    )
    run = replace(
        measuring,
        evaluation_sets=tuple(resolve_sets.put_set(client, text, say_progress).set_id for text in dict.fromkeys(sets)),
        shots=shots,
        flash_only=no_run,
        protocol=replace(measuring.protocol, evaluation_items=items),
        model_ids=(record.model_id,),
        device_ids=tuple(device.device_id for device in chosen),
    )
    _print(client, client.start_rollout(RolloutRequest(run=run, plan=plan)), as_json)


@rollout.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Print at most this many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@hub_options
def list_(limit: int, as_json: bool, hub_url: str, token_file: str | None) -> None:
    """List the newest rollouts."""
    found = client_of(hub_url, token_file).rollouts(limit)
    shown = json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False)
    click.echo(shown if as_json else rollouts_text(found, time.time()))


@rollout.command()
@click.argument("rollout_id", metavar="ROLLOUT")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--watch", "watches", is_flag=True, help="Redraw every two seconds until it ends or waits for a person.")
@hub_options
def show(rollout_id: str, as_json: bool, watches: bool, hub_url: str, token_file: str | None) -> None:
    """Show a rollout: its groups, its devices, and why it stands still.

    With --watch, ends with 1 unless the rollout has finished.
    """
    client = client_of(hub_url, token_file)
    found = client.rollout(_rollout_id(rollout_id))
    patience, asked = Patience(lambda sentence: click.echo(sentence, err=True)), found.rollout_id
    while watches and not _rests(found):
        if sys.stdout.isatty():
            click.clear()
            click.echo(rollout_text(found))
        time.sleep(REFRESH_S)
        found = patience.ask(lambda: client.rollout(asked)) or found
    _print(client, found, as_json)
    if watches and found.state != "finished":
        sys.exit(1)


def _change(action: RolloutAction, text: str) -> click.Command:
    @click.command(action, help=text)
    @click.argument("rollout_id", metavar="ROLLOUT")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @hub_options
    def change(rollout_id: str, as_json: bool, hub_url: str, token_file: str | None) -> None:
        client = client_of(hub_url, token_file)
        _print(client, client.change_rollout(_rollout_id(rollout_id), action), as_json)

    return change


ACTIONS: dict[RolloutAction, str] = {
    "approve": "Let the next group start after one that waits for a person.",
    "pause": "Send nothing more. Jobs that devices have go on.",
    "resume": "Go on; after a stop, run failed and undecided devices again.",
    "abort": "Cancel the open jobs. Finished ones stay.",
    "rollback": "Flash again what each device ran before.",
}
for _action, _text in ACTIONS.items():
    rollout.add_command(_change(_action, _text))


@rollout.command()
@click.option("--lift", type=click.IntRange(0), metavar="NUMBER", help="Send this model to that kind of device again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@hub_options
def quarantine(lift: int | None, as_json: bool, hub_url: str, token_file: str | None) -> None:
    """List models that crashed a kind of device, with their runs; lift one.

    A model that crashes three times in a row on one kind of device is not sent to that kind any more.
    """
    client = client_of(hub_url, token_file)
    if lift is not None:
        found = client.lift_quarantine(lift)
        click.echo(f"{found.model_name} is sent to {found.kind_title} again.")
        return
    listed = client.quarantines()
    shown = json.dumps([asdict(one) for one in listed], indent=2, ensure_ascii=False)
    click.echo(shown if as_json else quarantines_text(listed))


def _print(client: HubClient, found: Rollout, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False))
        return
    click.echo(rollout_text(found))
    click.echo(f"See {client.url}/rollouts/{found.rollout_id}")


def _rests(found: Rollout) -> bool:
    """Whether it has ended, is paused, or waits for a person."""
    if found.state not in OPEN_ROLLOUTS or found.state == "paused":
        return True
    begun = [group for group in found.groups if group.started_s is not None]
    return bool(begun) and begun[-1].state in ("approval", "short")


def _rollout_id(text: str) -> str:
    try:
        return identity.checked_result_id(text)
    except ValueError as error:
        raise UsageError(
            "bad_rollout_id", f"{text!r} is not a rollout id. Copy it from `edgeprof rollout list`."
        ) from error
