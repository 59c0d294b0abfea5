"""`edgeprof capability`: what each model can do, from results of `edgeprof evaluate` or from a hub."""

import gc
import shutil
from collections.abc import Iterable, Iterator

import click

from edgeprof.client.http_client import HubClient
from edgeprof.client.sides import load_side
from edgeprof.commands.capability_files import capability_csv, capability_json, capability_md
from edgeprof.commands.capability_view import capability_text
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError
from edgeprof.quality.capability import Evaluated
from edgeprof.quality.capability_report import capability_report
from edgeprof.quality.effective_context import THRESHOLD
from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof.wire.metrics import METRICS

_OUTCOMES = "outcomes"


@click.command()
@click.argument("results", nargs=-1, metavar="[RESULT]...")
@click.option("--format", "kind", type=click.Choice(("table", "json", "csv", "md")), default="table", show_default=True)
@click.option(
    "--threshold-percent",
    type=click.FloatRange(1, 100),
    default=100 * THRESHOLD,
    show_default=True,
    help="Share of right answers that a length must reach to count as effective context.",
)
@click.option("--width", type=click.IntRange(40, 1_000), help="Columns of the table. Default: the terminal's.")
@hub_options
def capability(
    results: tuple[str, ...],
    kind: str,
    threshold_percent: float,
    width: int | None,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Print what each model can do: tasks are rows, models are columns.

    RESULT is a result file or a folder of them (`edgeprof evaluate --save`), or a result id or cell on a hub. Without
    RESULT, every evaluation of the hub is shown. Each figure has its interval, its number of items, and the smallest
    difference that they could show. Effective context, perturbed sets and groups of items follow the table.
    """
    runs = list(_runs(results, lambda: client_of(hub_url, token_file)))
    report = capability_report((_evaluated(run, names) for run, names in runs), threshold_percent / 100)
    if kind == "table":
        text = capability_text(report, width or shutil.get_terminal_size((110, 24)).columns)
    else:
        text = {"json": capability_json, "csv": capability_csv, "md": capability_md}[kind](report)
    click.echo(text, nl=False)


def _runs(results: Iterable[str], client: "Callable[[], HubClient]") -> Iterator[tuple[Run, rest.CompareTable | None]]:
    """The runs that the texts name; of no text, the newest evaluation in every cell of the hub."""
    known = {(run.result.result_id): run for text in results for run in load_side(text, client)}
    if known:
        found = sorted(known.values(), key=lambda run: run.result.finished.wall_s)
        yield from ((run, None) for run in found if run.result.evaluation is not None)
        return
    hub = client()
    gc.disable()
    table = hub.compare()
    for cell in table.cells:
        if any(name in METRICS and METRICS[name].scope == "quality" for name in cell.metrics):
            stored = hub.results(
                device_id=cell.device_id, model_id=cell.model_id, config_key=cell.config_key, limit=1
            )
            for each in stored:
                if each.result.evaluation is not None:
                    yield Run(each.result.result_id, each.result, lambda ref: hub.artifact(ref.sha256)), table
