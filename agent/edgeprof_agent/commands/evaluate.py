"""`edgeprof evaluate MODEL --set SET`: the command. What it does is in evaluate_run.py: its help stays quick."""

from typing import TYPE_CHECKING

import click

from edgeprof.commands.options import FilePath, FiniteRange
from edgeprof.wire.run_config import MAX_THREADS
from edgeprof.wire.run_protocol import DAY_S, RunProtocol
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("model", type=FilePath())
@click.option("--set", "set_name", required=True, metavar="NAME|FOLDER", help="A packaged set, or a set's folder.")
@click.option("--shots", type=click.IntRange(0, 64), default=0, show_default=True, help="Solved examples in a prompt.")
@click.option(
    "--items",
    type=click.IntRange(0, 10_000_000),
    default=0,
    help="Answer only the first N items. 0, the default: all.",
)
@click.option(
    "--time-limit-s",
    type=FiniteRange(1, DAY_S),
    default=RunProtocol.evaluation_limit_s,
    show_default=True,
    help="Take no more items after this time. The result then names what is missing.",
)
@click.option(
    "--item-limit-s",
    type=FiniteRange(1, DAY_S),
    default=RunProtocol.deadline_s,
    show_default=True,
    help="Give up an item, or the load of the model, after this time.",
)
@click.option(
    "--runtime", type=click.Choice(tuple(VARIANTS)), help="Default: the first installed one for the model's format."
)
@click.option("--threads", type=click.IntRange(0, MAX_THREADS), default=0, help="0, the default: every core.")
@click.option("--provider", default="cpu", show_default=True, help="ONNX Runtime's execution provider.")
@click.option(
    "--endpoint",
    metavar="URL",
    help="Address of a served model: an OpenAI-compatible API, such as https://api.openai.com/v1.",
)
@click.option(
    "--endpoint-key-env", metavar="NAME", help="The variable that holds the endpoint's key. It is never stored."
)
@click.option("--memory-limit-mib", type=FiniteRange(16), help="Kill the worker above this.")
@click.option("--save", "--out", "out", type=FilePath(), help="Save the result and every outcome in this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print only the result document, as JSON.")
def evaluate(model: "Path", set_name: str, out: "Path | None", as_json: bool, **options: object) -> int:
    """Let a model (ONNX, ORT, TFLite or GGUF) answer an evaluation set on this machine.

    It prints the set's figures with their 95 % intervals, and the time of the whole pipeline next to the model's own.
    An item that crashes the runtime is named, and the rest goes on. After a kill, the same command goes on where the
    last one stood. With --endpoint, MODEL is the name of a model there, or a document of `edgeprof endpoint model`.
    """
    from edgeprof_agent.commands.evaluate_run import EvaluateOutput, run

    return run(model, set_name, options, EvaluateOutput(out, as_json))
