"""`edgeprof publish`: results into a tracker that somebody uses already."""

import sys

import click

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
    last = client.last_seq()

    def say(seq: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[Kresult {seq:,} of {last:,}", nl=False, err=True)

    count = publish_all(Mlflow(uri, experiment), lambda after: client.export("ndjson", after), say)
    click.echo(f"{count:,} result{'s' * (count != 1)} sent to {uri}, experiment {experiment}.")
