"""`edgeprof divergence SOURCE.gguf --set TEXTS --out FOLDER`: a set with a source model's odds for its variants."""

from typing import TYPE_CHECKING

import click

from edgeprof.commands.options import FilePath
from edgeprof.quality.tasks.divergence import TOP_WORDS
from edgeprof.wire.run_config import MAX_THREADS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("source", type=FilePath())
@click.option("--set", "set_name", required=True, metavar="NAME|FOLDER", help="A set of texts: its task is perplexity.")
@click.option("--out", type=FilePath(), required=True, help="The new set's folder.")
@click.option("--name", help="The new set's name. Default: the folder's.")
@click.option(
    "--top",
    type=click.IntRange(1, 1_000_000),
    default=TOP_WORDS,
    show_default=True,
    help="Save this many of the likeliest words at each position. More are more exact, at 8 bytes each.",
)
@click.option("--runtime", help="Default: the first installed one for GGUF.")
@click.option("--threads", type=click.IntRange(0, MAX_THREADS), default=0, help="0, the default: every core.")
def divergence(source: "Path", set_name: str, out: "Path", **options: object) -> int:
    """Make a set that shows how far a GGUF model's variants lie from SOURCE.

    SOURCE reads the texts once, and its odds are saved in the set. `edgeprof evaluate VARIANT --set FOLDER` then gives
    the KL divergence and how often the likeliest token is the same, on any machine.
    """
    from edgeprof_agent.commands.divergence_run import run

    return run(source, set_name, out, options)
