"""`edgeprof fit MODEL`: the command. What it does is in fit_run.py, so that its help stays quick."""

from typing import TYPE_CHECKING

import click

from edgeprof.commands.hub_options import hub_options
from edgeprof.commands.options import FilePath, FiniteRange, size_options
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("model", type=FilePath())
@click.option(
    "--device",
    "devices",
    multiple=True,
    metavar="KIND|NAME",
    help="A board by its profile (rpi-5-8, rpi-5), a device of the hub, or this-machine. May be repeated.",
)
@click.option("--runtime", type=click.Choice(tuple(VARIANTS)), help="Default: the first one installed here.")
@click.option("--threads", type=click.IntRange(0, 1024), default=0, help="0, the default: every core.")
@click.option(
    "--context", type=click.IntRange(1, 10_000_000), help="Tokens of a language model's context. Default: 128."
)
@size_options
@click.option(
    "--memory-limit-mib",
    type=FiniteRange(1),
    help="Memory that a model may use on each device, MiB. "
    "Default: what is free here; on others, what the device or its profile reports.",
)
@click.option("--no-dry-run", is_flag=True, help="Estimate by formula: neither load nor run the model here.")
@hub_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def fit(
    model: "Path",
    devices: tuple[str, ...],
    runtime: str | None,
    threads: int,
    context: int | None,
    shapes: tuple[str, ...],
    dims: tuple[str, ...],
    memory_limit_mib: float | None,
    no_dry_run: bool,
    hub_url: str,
    token_file: str | None,
    as_json: bool,
) -> int:
    """Say whether a model fits a device, before anything is sent: memory, operators, wheels, context, disk.

    Without --device: this machine, and every board that has a profile. With one device, it also prints the sum by part.
    The runtime's own dry run comes first, in a child process; a formula where there is none.
    Exit code 1 if the model does not fit one of the devices named by --device.
    """
    from edgeprof_agent.commands.fit_run import FitOptions, run

    options = FitOptions(
        devices=devices,
        runtime=runtime,
        threads=threads,
        context=context,
        shapes=shapes,
        dims=dims,
        memory_limit_mib=memory_limit_mib,
        may_run=not no_dry_run,
        hub_url=hub_url,
        token_file=token_file,
    )
    return run(model, options, as_json)
