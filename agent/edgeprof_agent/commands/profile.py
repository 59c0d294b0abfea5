"""`edgeprof profile MODEL ...`: the command. What it does is in profile_run.py, so that its help stays quick."""

from typing import TYPE_CHECKING

import click

from edgeprof.commands.grouped_help import GroupedCommand
from edgeprof.commands.options import FilePath, OutputFormat
from edgeprof_agent.commands.profile_options import measuring_options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=GroupedCommand)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True, type=FilePath())
@measuring_options
@click.option(
    "-r",
    "--repeats",
    type=click.IntRange(1, 10_000),
    default=1,
    show_default=True,
    metavar="N",
    help="Runs of each set-up.",
)
@click.option(
    "--order-seed", type=click.IntRange(0, 2**32 - 1), metavar="N", help="Seed of the run order. Default: random."
)
@click.option(
    "-o",
    "--format",
    "form",
    type=OutputFormat(),
    default="table",
    show_default=True,
    help="Print a table, CSV or Markdown with one row per set-up, or the result document as JSON.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print every figure and circumstance, not the table.")
@click.option(
    "--out",
    type=FilePath(),
    metavar="DIR",
    help="Save every result in this folder; see `edgeprof compare DIR/A DIR/B`.",
)
@click.option(
    "--samples",
    "samples_file",
    type=FilePath(),
    metavar="FILE",
    help="Write every sample of a single run here; see `edgeprof compare`.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def profile(
    models: "tuple[Path, ...]",
    repeats: int,
    order_seed: int | None,
    form: str,
    verbose: bool,
    out: "Path | None",
    samples_file: "Path | None",
    as_json: bool,
    **options: object,
) -> int:
    """Profile model files (ONNX, ORT, TFLite or GGUF) on this machine: latency, load, memory, energy, operators.

    Several models, or several values of --runtime, --threads or --provider, make several set-ups. Their runs are
    interleaved in blocks that visit each once, in random order (two set-ups: A B B A). A drift of the machine then
    affects all alike. Each set-up is judged against the fastest.

    A table with one row per set-up goes to stdout, with the verdict below it. Progress goes to stderr.
    """
    from edgeprof_agent.commands.profile_run import ProfileOutput, run

    output = ProfileOutput(out, samples_file, "json" if as_json else form, verbose)
    return run(models, options, repeats, order_seed, output)
