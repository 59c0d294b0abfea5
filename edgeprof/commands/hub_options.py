"""`--hub` and `--token-file`: which hub a command talks to."""

from collections.abc import Callable
from typing import TypeVar

import click

from edgeprof.client.http_client import HubClient, token_from
from edgeprof.net.hub_url import DEFAULT_URL

F = TypeVar("F", bound=Callable[..., object])


def hub_options(command: F) -> F:
    """`--hub` and `--token-file`."""
    command = click.option(
        "--token-file", type=click.Path(), help="File with the hub's token. Default: the variable EDGEPROF_TOKEN."
    )(command)
    return click.option(
        "--hub", "hub_url", default=DEFAULT_URL, envvar="EDGEPROF_HUB", show_default=True, help="The hub's URL."
    )(command)


def client_of(hub_url: str, token_file: str | None) -> HubClient:
    """A client from what `hub_options` gave."""
    return HubClient(hub_url, token_from(token_file))
