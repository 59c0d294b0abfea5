"""`edgeprof jobs`: the hub's queue, followed, cancelled and tried again."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

import click

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.commands import complete
from edgeprof.commands.campaign import campaign_id
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.tables.jobs import campaigns_text, jobs_text
from edgeprof.wire import identity, rest

REFRESH_S = 1.0
MAX_LIMIT = 5000


@click.group(invoke_without_command=True)
@click.option(
    "--state", type=click.Choice(tuple(rest.JOB_WORDS)), help="Only jobs in this state; open: queued or running."
)
@click.option(
    "--device", metavar="DEVICE", shell_complete=complete.device, help="Only jobs of this device, by name or id."
)
@click.option("--campaign", metavar="CAMPAIGN", help="Only jobs of this campaign.")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LIMIT), default=50, show_default=True, help="Print at most this many."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--watch", "watches", is_flag=True, help="Redraw every second until no job is open.")
@hub_options
@click.pass_context
def jobs(
    context: click.Context,
    state: rest.JobWord | None,
    device: str | None,
    campaign: str | None,
    limit: int,
    as_json: bool,
    watches: bool,
    hub_url: str,
    token_file: str | None,
) -> None:
    """List the hub's jobs: what runs, what waits, the time left, and what ended last.

    Time left is estimated from similar jobs on the same device. `edgeprof jobs cancel` and `edgeprof jobs retry`
    change them.
    """
    if context.invoked_subcommand is not None:
        return
    client = client_of(hub_url, token_file)
    device_id, of_campaign = _filter_ids(client, device, campaign)

    def found() -> rest.JobQueue:
        return client.jobs(state=state or "", device_id=device_id, campaign_id=of_campaign, limit=limit)

    queue = found()
    if as_json:
        click.echo(json.dumps(asdict(queue), indent=2, ensure_ascii=False))
        return
    click.echo(jobs_text(queue))
    while watches and _is_open(queue):
        time.sleep(REFRESH_S)
        queue = found()
        if sys.stdout.isatty():
            click.clear()
        click.echo(jobs_text(queue))


def _chosen_jobs(flag: str, flag_help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Jobs by their ids, or by `flag` all of a kind, of a device or a campaign."""
    options = (
        click.argument("job_ids", metavar="[JOB]...", nargs=-1),
        click.option(flag, "takes_all", is_flag=True, help=flag_help),
        click.option(
            "--device", metavar="DEVICE", shell_complete=complete.device, help=f"With {flag}: of this device."
        ),
        click.option("--campaign", metavar="CAMPAIGN", help=f"With {flag}: of this campaign."),
        hub_options,
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@jobs.command()
@_chosen_jobs("--all", "Every open job; with --device or --campaign, of those.")
def cancel(
    job_ids: tuple[str, ...],
    takes_all: bool,
    device: str | None,
    campaign: str | None,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Cancel JOBs, or with --all every open one. Existing results stay."""
    _check_choice(job_ids, takes_all, "--all", device, campaign)
    client = client_of(hub_url, token_file)
    if takes_all:
        device_id, of_campaign = _filter_ids(client, device, campaign)
        count = client.cancel_jobs(device_id=device_id, campaign_id=of_campaign)
    else:
        count = len([client.cancel_job(_job_id(text)) for text in job_ids])
    click.echo(f"Cancelled {count} job{'s' * (count != 1)}.")


@jobs.command()
@_chosen_jobs("--failed", "What failed and was not run since; of --device or --campaign.")
def retry(
    job_ids: tuple[str, ...],
    takes_all: bool,
    device: str | None,
    campaign: str | None,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Retry JOBs that have ended, or with --failed what failed and was not run since."""
    _check_choice(job_ids, takes_all, "--failed", device, campaign)
    client = client_of(hub_url, token_file)
    if takes_all:
        device_id, of_campaign = _filter_ids(client, device, campaign)
        count = client.retry_jobs(device_id=device_id, campaign_id=of_campaign)
    else:
        count = len([client.retry_job(_job_id(text)) for text in job_ids])
    click.echo(f"Queued {count} job{'s' * (count != 1)} again. See {client.url}/jobs")


@jobs.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Print at most this many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@hub_options
def campaigns(limit: int, as_json: bool, hub_url: str, token_file: str | None) -> None:
    """List the newest campaigns: what each flash requested, and the states of its jobs."""
    found = client_of(hub_url, token_file).campaigns(limit)
    shown = json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False)
    click.echo(shown if as_json else campaigns_text(found, time.time()))


def _filter_ids(client: HubClient, device: str | None, campaign: str | None) -> tuple[str, str]:
    device_id = resolve.item_id(client, "device", device) if device else ""
    return device_id, campaign_id(campaign) if campaign else ""


def _is_open(queue: rest.JobQueue) -> bool:
    return any(queue.counts.get(state) for state in rest.OPEN_STATES)


def _check_choice(
    job_ids: tuple[str, ...], everything: bool, option: str, device: str | None, campaign: str | None
) -> None:
    if bool(job_ids) == everything:
        raise UsageError("bad_usage", f"Name jobs, or give {option}. List them with `edgeprof jobs`.")
    if (device or campaign) and not everything:
        raise UsageError("bad_usage", f"--device and --campaign need {option}.")


def _job_id(text: str) -> str:
    try:
        return identity.checked_result_id(text)
    except ValueError as error:
        raise UsageError("bad_job_id", f"{text!r} is not a job id. Copy it from `edgeprof jobs`.") from error
