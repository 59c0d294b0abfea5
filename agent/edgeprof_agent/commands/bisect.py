"""`edgeprof bisect MODEL`: the command. What it does is in bisect_run.py, so that its help stays quick."""

from typing import TYPE_CHECKING, get_args

import click

from edgeprof.commands.grouped_help import GroupedCommand
from edgeprof.commands.options import FilePath, FiniteRange
from edgeprof_agent.commands.profile_options import measuring_options

if TYPE_CHECKING:
    from pathlib import Path

from edgeprof_agent.bisecting.metrics import BisectMetric


@click.command(
    cls=GroupedCommand,
    as_in="edgeprof profile --help",
    shown=(
        *("package", "good", "bad", "metric", "smallest", "index", "dry_run", "again"),
        *("runtime", "threads", "provider", "order_seed", "as_json"),
    ),
)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True, type=FilePath())
@click.option("--package", metavar="NAME", help="The runtime's package, such as onnxruntime.")
@click.option("--good", metavar="VERSION", help="An older version that is fast enough.")
@click.option("--bad", metavar="VERSION", help="A newer version that is worse.")
@click.option(
    "--metric",
    type=click.Choice(get_args(BisectMetric)),
    default="latency",
    show_default=True,
    help="What became worse. For answers, a version is bad if it answers differently.",
)
@click.option(
    "--smallest",
    type=FiniteRange(0.001, 10),
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="The smallest loss to look for: 0.05 is 5 %.",
)
@click.option("--index", metavar="URL", help="A package index, such as https://HUB/simple. Default: that of pip.")
@click.option("--dry-run", is_flag=True, help="Print the versions and the cost, and stop.")
@click.option("--again", is_flag=True, help="Measure everything again. Default: a stopped search continues.")
@measuring_options
@click.option(
    "--order-seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    metavar="N",
    help="Seed of the run order.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the search as JSON.")
def bisect(models: "tuple[Path, ...]", **options: object) -> int:
    """Find the first version of a runtime that makes MODEL worse, or the first of several model files that is worse.

    Versions between --good and --bad come from the package index: those with a wheel for this Python and machine. Each
    one that is tried gets an environment of its own in the cache. Runs of two versions are interleaved, and a verdict
    decides. 16 versions take at most 5 comparisons and a confirmation. A version that does not install or run is
    skipped.

    Several MODEL files, oldest first, are searched in the same way in the installed runtime.
    """
    from edgeprof_agent.commands.bisect_run import run

    return run(models, options)
