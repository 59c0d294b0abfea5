"""`edgeprof publish`: results into a tracker that somebody uses already."""

import os
import shlex
from functools import partial
from pathlib import Path

import click

from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.commands.live import result_progress
from edgeprof.errors import UsageError
from edgeprof.publish.wandb import Group


@click.group()
def publish() -> None:
    """Send results to an experiment tracker."""


@publish.command()
@click.option("--uri", required=True, metavar="URL", help="URL of the tracking server, such as http://localhost:5000.")
@click.option("--experiment", default="edgeprof", show_default=True, help="Created if it does not exist.")
@hub_options
def mlflow(uri: str, experiment: str, hub_url: str, token_file: str | None) -> None:
    """Send every result to MLflow, one run each, with figures, intervals, parameters and tags.

    Only new results are sent. The experiment's tag edgeprof.last_seq records the last one, so an interrupted publish
    resumes. Needs no MLflow package here.
    """
    from edgeprof.publish.mlflow import Mlflow, publish_all

    client = client_of(hub_url, token_file)
    count = publish_all(Mlflow(uri, experiment), partial(client.export, "ndjson"), result_progress(client.last_seq()))
    click.echo(f"{count:,} result{'s' * (count != 1)} sent to {uri}, experiment {experiment}.")


@publish.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@hub_options
def tensorboard(folder: Path, hub_url: str, token_file: str | None) -> None:
    """Write event files to FOLDER: one run per cell, one step per result (its number on the hub).

    Only new results are written. The file edgeprof-last-seq in FOLDER records the last one. Needs no TensorBoard here.
    """
    from edgeprof.publish.tensorboard import publish_all

    client = client_of(hub_url, token_file)
    folder.mkdir(parents=True, exist_ok=True)
    count = publish_all(folder, partial(client.export, "ndjson"), result_progress(client.last_seq()))
    click.echo(f"{count:,} result{'s' * (count != 1)} written. View them with: tensorboard --logdir {folder}")


@publish.command()
@click.option("--project", default="edgeprof", show_default=True, help="W&B creates it if it does not exist.")
@click.option("--entity", envvar="WANDB_ENTITY", help="Team or user. Default: the owner of the key.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("edgeprof-wandb"),
    show_default=True,
    help="Stores the runs and the publish position; one folder per project.",
)
@click.option(
    "--online/--offline", "is_online", default=None, help="Default: online if WANDB_API_KEY is set, else offline."
)
@click.option("--group-by", type=click.Choice(["family", "device"]), default="family", show_default=True)
@hub_options
def wandb(
    project: str,
    entity: str | None,
    folder: Path,
    is_online: bool | None,
    group_by: Group,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Send every result to Weights & Biases, one run each. Offline runs stay in the folder until `wandb sync`.

    Only new results are sent. edgeprof-wandb.json in the folder records the last one, so an interrupted publish
    resumes. The key comes from WANDB_API_KEY only. Needs `pip install 'edgeprof[wandb]'`.
    """
    from edgeprof.publish.wandb import publish_all, read_mark
    from edgeprof.publish.wandb_runs import WandbRuns

    has_key = bool(os.environ.get("WANDB_API_KEY"))
    is_online = has_key if is_online is None else is_online
    if is_online and not has_key:
        raise UsageError(
            "no_wandb_key", "Publishing online needs a W&B key in WANDB_API_KEY. Set it, or use --offline."
        )
    client = client_of(hub_url, token_file)
    lines, say = partial(client.export, "ndjson"), result_progress(client.last_seq())
    with WandbRuns(folder, project, entity, is_online) as target:
        mark = read_mark(folder, client.hub_id(), target.target)
        count = publish_all(target, folder, mark, lines, group_by, say)
    counted = f"{count:,} result{'s' * (count != 1)}"
    if is_online:
        click.echo(f"{counted} sent to {target.address}, project {project}.")
    else:
        click.echo(f"{counted} written. Send them with: cd {shlex.quote(str(folder))} && wandb sync")
