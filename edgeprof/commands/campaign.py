"""`edgeprof again | retry | cancel`: what a person does with runs and campaigns that are there already."""

import click

from edgeprof.client import resolve
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.wire import identity


@click.command()
@click.argument("result", metavar="RESULT")
@hub_options
def again(result: str, hub_url: str, token_file: str | None) -> None:
    """Repeat RESULT's run: the same device, model, configuration and protocol."""
    client = client_of(hub_url, token_file)
    campaign = client.repeat_result(resolve.item_id(client, "result", result))
    click.echo(f"Queued as campaign {campaign.campaign_id}. See {client.url}/campaigns/{campaign.campaign_id}")


@click.command()
@click.argument("campaign", metavar="CAMPAIGN")
@hub_options
def retry(campaign: str, hub_url: str, token_file: str | None) -> None:
    """Retry CAMPAIGN's failed jobs whose device and model still exist."""
    client = client_of(hub_url, token_file)
    found = client.retry_campaign(campaign_id(campaign))
    waiting = sum(job.state in ("queued", "sent") for job in found.jobs)
    click.echo(
        f"{waiting} job(s) queued in campaign {found.campaign_id}. See {client.url}/campaigns/{found.campaign_id}"
    )


@click.command()
@click.argument("campaign", metavar="CAMPAIGN")
@hub_options
def cancel(campaign: str, hub_url: str, token_file: str | None) -> None:
    """Cancel CAMPAIGN's remaining jobs."""
    client = client_of(hub_url, token_file)
    client.cancel_campaign(campaign_id(campaign))
    click.echo(f"Cancelled the remaining jobs of campaign {campaign}.")


def campaign_id(text: str) -> str:
    """A campaign's id as a person gave it. Raises UsageError."""
    try:
        return identity.checked_result_id(text)
    except ValueError as error:
        raise UsageError(
            "bad_campaign_id",
            f"{text!r} is not a campaign id. `edgeprof flash --no-wait` prints it, and the hub's page Jobs shows it.",
        ) from error
