"""Command-line options that several commands share, and how their texts are read."""

import math
from collections.abc import Callable
from typing import TypeVar

import click

from edgeprof.client import HubClient, token_from
from edgeprof.errors import UsageError
from edgeprof.hub_url import DEFAULT_URL


class FiniteRange(click.FloatRange):
    """A range of floats that NaN is not in: it is neither below nor above any bound, so that click lets it pass."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


F = TypeVar("F", bound=Callable[..., object])


def hub_options(command: F) -> F:
    """`--hub` and `--token-file`."""
    command = click.option(
        "--token-file", type=click.Path(), help="File with the hub's token (else EDGEPROF_TOKEN is used)."
    )(command)
    return click.option(
        "--hub", "hub_url", default=DEFAULT_URL, envvar="EDGEPROF_HUB", show_default=True, help="The hub's URL."
    )(command)


def client_of(hub_url: str, token_file: str | None) -> HubClient:
    """A client from what `hub_options` gave."""
    return HubClient(hub_url, token_from(token_file))


def parse_shapes(texts: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """`name=1,3,224,224` for each input, as RunConfig.shapes wants it. Raises UsageError."""
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, separator, sizes = text.rpartition("=")
        try:
            shape = tuple(int(size) for size in sizes.split(","))
        except ValueError:
            shape = ()
        if not separator or not name or not shape or min(shape) < 1:
            raise UsageError("bad_shape", f"{text!r} is no input shape. Write it as NAME=1,3,224,224.")
        shapes[name] = shape
    return shapes
