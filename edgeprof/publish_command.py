"""`edgeprof publish`: results into a tracker that somebody uses already."""

from functools import partial
from pathlib import Path

import click

from edgeprof.live import result_progress
from edgeprof.options import client_of, hub_options


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
    from edgeprof.publish_mlflow import Mlflow, publish_all

    client = client_of(hub_url, token_file)
    count = publish_all(Mlflow(uri, experiment), partial(client.export, "ndjson"), result_progress(client.last_seq()))
    click.echo(f"{count:,} result{'s' * (count != 1)} sent to {uri}, experiment {experiment}.")


@publish.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--project", default="edgeprof", show_default=True, help="The project of the runs.")
@click.option("--entity", help="Its user or team (default: yours).")
@click.option("--online", is_flag=True, help="Send at once, as who WANDB_API_KEY or `wandb login` says.")
@hub_options
def wandb(folder: Path, project: str, entity: str | None, online: bool, hub_url: str, token_file: str | None) -> None:
    """Write a Weights & Biases run for each result into FOLDER; `wandb sync` sends them when it suits you.

    Without --online no network is needed. Only what is new is written: the file edgeprof-last-seq in FOLDER says how
    far it got. Needs the package: pip install 'edgeprof[wandb]'.
    """
    from edgeprof.publish_wandb import Target, publish_all

    target = Target(folder, "online" if online else "offline", project, entity)
    client = client_of(hub_url, token_file)
    folder.mkdir(parents=True, exist_ok=True)
    count = publish_all(target, folder, partial(client.export, "ndjson"), result_progress(client.last_seq()))
    then = "" if online else f" Send them with: wandb sync {folder}/wandb/offline-run-*"
    click.echo(f"{count:,} result{'s' * (count != 1)} {'sent' if online else 'written'}.{then}")


@publish.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@hub_options
def tensorboard(folder: Path, hub_url: str, token_file: str | None) -> None:
    """Write event files into FOLDER: a run for each cell, a step for each result (the hub's number of it).

    Only what is new is written: the file edgeprof-last-seq in FOLDER says how far it got. Needs no TensorBoard here.
    """
    from edgeprof.publish_tensorboard import publish_all

    client = client_of(hub_url, token_file)
    folder.mkdir(parents=True, exist_ok=True)
    count = publish_all(folder, partial(client.export, "ndjson"), result_progress(client.last_seq()))
    click.echo(f"{count:,} result{'s' * (count != 1)} written. Look at them with: tensorboard --logdir {folder}")
