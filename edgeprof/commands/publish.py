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
@click.option("--uri", required=True, metavar="URL", help="The tracking server, such as http://localhost:5000.")
@click.option("--experiment", default="edgeprof", show_default=True, help="It is made where there is none.")
@hub_options
def mlflow(uri: str, experiment: str, hub_url: str, token_file: str | None) -> None:
    """Send every result to MLflow: a run each, with figures, intervals, parameters and tags.

    Only what is new is sent: the experiment's tag edgeprof.last_seq says how far it got, so that a publish that broke
    off goes on. Needs no MLflow package here.
    """
    from edgeprof.publish.mlflow import Mlflow, publish_all

    client = client_of(hub_url, token_file)
    count = publish_all(Mlflow(uri, experiment), partial(client.export, "ndjson"), result_progress(client.last_seq()))
    click.echo(f"{count:,} result{'s' * (count != 1)} sent to {uri}, experiment {experiment}.")


@publish.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@hub_options
def tensorboard(folder: Path, hub_url: str, token_file: str | None) -> None:
    """Write event files into FOLDER: a run for each cell, a step for each result (the hub's number of it).

    Only what is new is written: the file edgeprof-last-seq in FOLDER says how far it got. Needs no TensorBoard here.
    """
    from edgeprof.publish.tensorboard import publish_all

    client = client_of(hub_url, token_file)
    folder.mkdir(parents=True, exist_ok=True)
    count = publish_all(folder, partial(client.export, "ndjson"), result_progress(client.last_seq()))
    click.echo(f"{count:,} result{'s' * (count != 1)} written. Look at them with: tensorboard --logdir {folder}")


@publish.command()
@click.option("--project", default="edgeprof", show_default=True, help="W&B makes it where there is none.")
@click.option("--entity", envvar="WANDB_ENTITY", help="A team or a user; without it the key's own.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("edgeprof-wandb"),
    show_default=True,
    help="Keeps the runs and how far a publish got; for one project.",
)
@click.option("--online/--offline", "is_online", default=None, help="Online where WANDB_API_KEY is set, else offline.")
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
    """Send every result to Weights & Biases: a run each. Offline the runs lie in the folder until `wandb sync`.

    Only what is new is sent: edgeprof-wandb.json in the folder says how far it got, so that a publish that broke off
    goes on. The key is taken from WANDB_API_KEY, nowhere else. Needs `pip install 'edgeprof[wandb]'`.
    """
    from edgeprof.publish.wandb import publish_all, read_mark
    from edgeprof.publish.wandb_runs import WandbRuns

    has_key = bool(os.environ.get("WANDB_API_KEY"))
    is_online = has_key if is_online is None else is_online
    if is_online and not has_key:
        raise UsageError("no_wandb_key", "Online needs a key of W&B in WANDB_API_KEY. Set it, or say --offline.")
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
