"""`edgeprof operators MODEL`: the command. What it does is in operators_run.py, so that its help stays quick."""

from typing import TYPE_CHECKING

import click

from edgeprof.commands.options import FilePath, size_options
from edgeprof_agent.operator_profile.table import PROFILERS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("model", type=FilePath())
@click.option("--runtime", type=click.Choice(tuple(PROFILERS)), help="Default: the first one installed here.")
@click.option("--threads", type=click.IntRange(0, 1024), default=0, help="0, the default: every core.")
@size_options
@click.option("--prompt-tokens", type=click.IntRange(1, 512), help="Of a language model. Default: 128.")
@click.option("--nodes", type=click.IntRange(0, 10_000), default=0, help="List so many of the slowest nodes, too.")
@click.option(
    "--calibrate", "again", is_flag=True, help="Measure this machine's peak and bandwidth again before placing nodes."
)
@click.option(
    "--trace", type=FilePath(), metavar="FILE", help="Write a trace for ui.perfetto.dev: operators, clock, power, heat."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def operators(
    model: "Path",
    runtime: str | None,
    threads: int,
    shapes: tuple[str, ...],
    dims: tuple[str, ...],
    prompt_tokens: int | None,
    nodes: int,
    again: bool,
    trace: "Path | None",
    as_json: bool,
) -> int:
    """Show where a model's time goes: by operator, against this machine's limits, and what to try next.

    The runtime's own profiler runs in a child process, in turn with runs without it. The first run of a runtime also
    measures its peak and the memory's bandwidth here, in a few seconds, and keeps both.
    """
    from edgeprof_agent.commands.operators_run import OperatorOptions, run

    options = OperatorOptions(
        runtime=runtime,
        threads=threads,
        shapes=shapes,
        dims=dims,
        prompt_tokens=prompt_tokens,
        again=again,
        trace=trace,
    )
    return run(model, options, nodes, as_json)
