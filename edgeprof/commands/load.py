"""`edgeprof load MODEL`: the highest rate of requests within a service level on this machine."""

from functools import partial
from typing import TYPE_CHECKING

import click

from edgeprof.commands.options import FilePath, FiniteRange, size_options, sizes_of
from edgeprof.wire.run_config import MAX_THREADS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("model", type=FilePath())
@click.option(
    "--limit-ms",
    type=FiniteRange(0, min_open=True),
    required=True,
    help="The limit of the response time at --percentile.",
)
@click.option(
    "--percentile",
    type=click.Choice(("50", "95", "99")),
    default="95",
    show_default=True,
    help="How many of 100 requests must be within the limit.",
)
@click.option(
    "--requests",
    type=click.IntRange(500, 1_000_000),
    default=2500,
    show_default=True,
    help="Of each of the long runs. 2,500 place a p95 within about 9 %, 6,000 mostly within 5 %.",
)
@click.option("--runtime", help="Default: the first installed one for the model's format.")
@click.option("--threads", type=click.IntRange(0, MAX_THREADS), default=0, help="0, the default: every core.")
@click.option("--provider", default="cpu", show_default=True, help="ONNX Runtime's execution provider.")
@size_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def load(
    model: "Path",
    limit_ms: float,
    percentile: str,
    requests: int,
    runtime: str | None,
    threads: int,
    provider: str,
    shapes: tuple[str, ...],
    dims: tuple[str, ...],
    as_json: bool,
) -> int:
    """Find the highest rate at which MODEL still answers in time on this machine.

    Requests arrive at random, whether or not the last one is done. MODEL is an ONNX or TFLite file. The search says
    how long it takes before it starts, and prints every rate that it tried.
    """
    from edgeprof.loading.run import LoadRequest, run, told
    from edgeprof.loading.search import Level
    from edgeprof.loading.view import text_of

    options: dict[str, object] = {"threads": threads, "provider": provider, **sizes_of(shapes, dims)}
    if runtime:
        options["runtime"] = runtime
    request = LoadRequest(
        model=model,
        level=Level(quantile=int(percentile) / 100, limit_ms=limit_ms),
        long_requests=requests,
        options=options,
    )
    found = run(request, partial(click.echo, err=True))
    click.echo(told(found) if as_json else text_of(found.level, found.unloaded, found.probes, found.found))
    return 0
