"""`edgeprof tune MODEL`: the command. What it does is in tune_run.py, so that its help stays quick."""

from typing import TYPE_CHECKING

import click

from edgeprof.commands.grouped_help import GroupedCommand
from edgeprof.commands.options import FilePath, FiniteRange
from edgeprof.commands.run_options import run_options
from edgeprof.wire.run_config import RunConfig
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path

_GOALS = ("latency", "throughput", "memory", "energy", "cost")


@click.command(
    cls=GroupedCommand,
    as_in="edgeprof profile --help",
    shown=("goal", "budget", "resume", "space", "gate", "allow_answers", "as_json", "usd_per_hour", "usd_per_kwh"),
)
@click.argument("model", type=FilePath())
@click.option(
    "--goal",
    type=click.Choice(_GOALS),
    default="latency",
    show_default=True,
    help="What to improve. Of a language model, latency is that of a whole request.",
)
@click.option(
    "--budget", default="10m", show_default=True, metavar="TIME", help="Time for all runs, as in 90s, 10m or 1h."
)
@click.option("--resume", is_flag=True, help="Continue a tuning that was stopped.")
@click.option("--space", is_flag=True, help="Print what would be tried, and run nothing.")
@click.option(
    "--allow-answers",
    is_flag=True,
    help="Also try settings that can change answers, and accept a winner that answers otherwise.",
)
@click.option(
    "--gate",
    metavar="SET",
    help="Also try settings that can change answers. A winner must lose less than 1 point on this evaluation set.",
)
@click.option("--usd-per-hour", type=FiniteRange(0), metavar="NUMBER", help="Price of the device, for --goal cost.")
@click.option(
    "--usd-per-kwh", type=FiniteRange(0), metavar="NUMBER", help="Price of electricity; measures energy, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@run_options("profile", (RunConfig,), {"runtime": tuple(VARIANTS)})
def tune(model: "Path", **options: object) -> int:
    """Find the settings with which MODEL runs best on this machine, and prove it.

    Short runs of many candidates are interleaved with the default; the better half goes on. The winner's answers are
    compared with the default's. Then both are measured again in turns, for a verdict.

    An option of `profile`, such as --threads or --setting, holds that setting for all candidates. Several values of
    --runtime put the runtimes into one contest.
    """
    from edgeprof_agent.commands.tune_run import run

    return run(model, options)
