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
