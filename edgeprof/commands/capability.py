"""`edgeprof capability`: what each model can do, from results of `edgeprof evaluate` or from a hub."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

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
from edgeprof.quality.standing_run import rank
from edgeprof.wire import rest

_OUTCOMES = "outcomes"
MAX_ON_HUB = 1_000
"""Evaluations that are looked through, the newest first: what the hub gives at once."""


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
@click.option("--source", default="", metavar="WORDS", help="The model that the others were made from, by its name.")
@click.option("--width", type=click.IntRange(40, 1_000), help="Columns of the table. Default: the terminal's.")
@hub_options
def capability(
    results: tuple[str, ...],
    kind: str,
    threshold_percent: float,
    source: str,
    width: int | None,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Print what each model can do: tasks are rows, models are columns.

    RESULT is a result file or a folder of them (`edgeprof evaluate --save`), or a result id or cell on a hub. Without
    RESULT, every evaluation of the hub is shown. Each figure has its interval, its number of items, and the smallest
    difference that they could show. Effective context, perturbed sets and groups of items follow the table.
    """

    def client() -> HubClient:
        return client_of(hub_url, token_file)

    found = _in_results(results, client) if results else _on_hub(client())
    report = capability_report(found, threshold_percent / 100, source)
    if kind == "table":
        text = capability_text(report, width or shutil.get_terminal_size((110, 24)).columns)
    else:
        text = {"json": capability_json, "csv": capability_csv, "md": capability_md}[kind](report)
    click.echo(text, nl=False)


def _on_hub(client: HubClient) -> Iterator[Evaluated]:
    """One evaluation of each model, configuration, set and number of shots on each device: see `standing_run`."""
    labels = {device.device_id: device.label for device in client.devices()}
    models = {model.model_id: model for model in client.models()}
    standing: dict[tuple[str | int, ...], rest.EvaluationRecord] = {}
    records = client.evaluations(limit=MAX_ON_HUB)
    if len(records) == MAX_ON_HUB:
        click.echo(f"Only the newest {MAX_ON_HUB:,} evaluations are shown. Name older results by their ids.", err=True)
    for record in sorted(records, key=_rank):
        if record.status == "measured":
            standing[record.device_id, record.model_id, record.base_key, record.set_id, record.shots] = record
    for record in standing.values():
        run = Run(record.result_id, client.result(record.result_id).result, lambda ref: client.artifact(ref.sha256))
        model = models.get(record.model_id)
        found = _evaluated(run, labels.get(record.device_id, record.device_id))
        if found is not None:
            yield replace(found, quantization=model.quantization) if model else found


def _rank(record: rest.EvaluationRecord) -> tuple[bool, int, float]:
    return rank(record.ended, record.answered, record.received_s)


def _in_results(texts: Iterable[str], client: Callable[[], HubClient]) -> Iterator[Evaluated]:
    """The evaluations that texts name; of several of one configuration the one that stands for it."""
    standing: dict[tuple[str, ...], tuple[tuple[bool, int, float], Evaluated]] = {}
    runs = {run.result.result_id: run for text in texts for run in load_side(text, client)}
    for run in runs.values():
        found = _evaluated(run, run.result.device_id)
        if found is not None:
            key = (run.result.device_id, run.result.model_id, run.result.config_key)
            here = (rank(found.evaluation.ended, found.evaluation.answered, run.result.finished.wall_s), found)
            standing[key] = max(standing.get(key, here), here, key=lambda one: one[0])
    if texts and not standing:
        raise EdgeprofError(
            "no_evaluations", "No result here is an evaluation. Make one with `edgeprof evaluate MODEL --set NAME`."
        )
    yield from (found for _, found in standing.values())


def _evaluated(run: Run, device: str) -> Evaluated | None:
    """None of a run that measured speed. Without its outcomes a run has figures and nothing that is paired."""
    result = run.result
    if result.evaluation is None:
        return None
    ref = next((ref for ref in result.artifacts if ref.name == _OUTCOMES), None)
    data = run.fetch(ref) if ref else None
    try:
        outcomes = tuple(decode_outcomes(data)) if data else ()
    except ValueError as error:
        raise EdgeprofError(
            "not_a_result", f"The outcomes of {run.name} are not readable: {error}. Evaluate again."
        ) from error
    return Evaluated(
        model=result.model_name,
        device=device,
        runtime=result.config.runtime,
        evaluation=result.evaluation,
        outcomes=outcomes,
        figures=result.metrics,
        shots=result.config.shots,
        result_id=result.result_id,
    )
