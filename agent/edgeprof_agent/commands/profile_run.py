"""What `edgeprof profile` does: measure the set-ups that its options make, and print what came out."""

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import inspect
from edgeprof.modelfiles.context_length import check_context
from edgeprof.modelfiles.gguf_names import trained_context
from edgeprof.tables.setups.export import render_csv, render_md
from edgeprof.tables.terminal import painter, terminal_width
from edgeprof.wire.runtime_settings import setting_problem
from edgeprof_agent.commands.profile_request import ProfileRequest, parse_options
from edgeprof_agent.commands.view.brief import brief_of, rows_of
from edgeprof_agent.commands.view.profile import Stages, report
from edgeprof_agent.commands.view.series import document_of, text_of
from edgeprof_agent.runtimes import registry
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import RunOutcome, SeriesState, measure_once, run_series
from edgeprof_agent.series.setups import Setup, setups_of
from edgeprof_agent.series.storage import Keeper, plan_of
from edgeprof_agent.series.summary import SeriesSummary, summary_of
from edgeprof_agent.worker_protocol.progress import OnProgress

INTERRUPTED = 130


class ProfileOutput(NamedTuple):
    """Where results go, and in which form they are printed: `table`, `csv`, `md` or `json`."""

    folder: Path | None
    samples_file: Path | None
    form: str
    verbose: bool = False


def run(
    models: Sequence[Path], options: Mapping[str, object], repeats: int, order_seed: int | None, output: ProfileOutput
) -> int:
    """All runs; returns the command's exit code."""
    request = parse_options(options)
    setups = setups_named(models, request)
    keeper = Keeper(output.folder)
    seed = secrets.randbits(32) if order_seed is None else order_seed
    series = SeriesState(setups, interleaved(len(setups), repeats, seed))
    if len(series.turns) == 1:
        return _single(setups[0], request, keeper, series, output)
    if output.samples_file:
        raise UsageError("bad_usage", "--samples is for a single run. Save several with --out DIR.")
    keeper.begin(plan_of(setups, series.turns, seed))
    unsaved = run_shown(series, request, keeper)
    summary = summary_of(series)
    if output.form == "json":
        plan = plan_of(setups, series.turns, seed)
        click.echo(msgspec.json.format(msgspec.json.encode(document_of(series, plan, summary))).decode())
    elif output.form == "table" and output.verbose:
        click.echo(text_of(series, summary, seed, output.folder))
    else:
        _print(series, summary, output)
    if series.interrupted:
        where = f"They are in {output.folder}." if output.folder else "They were not saved. Use --out to save them."
        click.echo(f"Stopped after {series.done} of {len(series.turns)} runs. {where}", err=True)
        return INTERRUPTED
    if unsaved is not None:
        raise unsaved
    return 1 if any(row.failed for row in summary.rows) else 0


def run_shown(
    series: SeriesState, request: ProfileRequest, keeper: Keeper, pause: Callable[[], None] | None = None
) -> EdgeprofError | None:
    """The series, with a line of progress. Returns why a run could not be saved: its figures are to be shown first."""
    with Stages(sys.stderr) as stages:
        try:
            run_series(series, measurer(request), keeper, stages.show, pause)
        except EdgeprofError as error:
            return error
    return None


def setups_named(models: Sequence[Path], request: ProfileRequest) -> list[Setup]:
    """The set-ups of some model files; what is left out is told on stderr."""
    setups, skipped = setups_of(
        [inspect(model) for model in models],
        request.axes,
        request.run_of,
        lambda format: registry.default_variant(format, registry.facts(endpoint=request.host.endpoint is not None)),
    )
    for setup in setups:
        problem = setting_problem(setup.config.runtime, setup.config.settings)
        if problem is not None:
            raise UsageError("bad_runtime_setting", problem)
        if setup.file.gguf is not None:
            check_context(setup.file.manifest.entry, trained_context(setup.file.gguf), setup.config)
    for sentence in skipped:
        click.echo(sentence, err=True)
    return setups


def measurer(request: ProfileRequest) -> Callable[[Setup, OnProgress], RunOutcome]:
    """How one run of a series is made."""
    return lambda setup, on_progress: measure_once(setup, request.host, on_progress)


def _single(setup: Setup, request: ProfileRequest, keeper: Keeper, series: SeriesState, output: ProfileOutput) -> int:
    keeper.begin(plan_of([setup], series.turns, 0))
    with Stages(sys.stderr) as stages:
        outcome = measure_once(setup, request.host, stages.show)
    series.outcomes[0] = [outcome]
    if output.form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(outcome.result)).decode())
    elif output.form == "table" and output.verbose:
        click.echo(report(outcome.result))
    else:
        _print(series, summary_of(series), output)
    keeper.keep(setup, 1, *outcome)  # after the figures were shown: a full disk must not cost them
    if output.samples_file:
        _write_samples(output.samples_file, outcome)
    return 0 if outcome.result.status == "measured" else 1


def _print(series: SeriesState, summary: SeriesSummary, output: ProfileOutput) -> None:
    """The set-ups as a table for a person, or as rows for a program: those have no colours and no cut names."""
    if output.form == "table":
        click.echo(brief_of(series, summary, terminal_width(), output.folder, painter(sys.stdout)).text)
    else:
        renderer = render_csv if output.form == "csv" else render_md
        click.echo(renderer(rows_of(series)), nl=False)


def _write_samples(file: Path, outcome: RunOutcome) -> None:
    """The `samples` artifact as it goes to a hub. A run of few samples has them in its result instead."""
    refs = [ref for ref in outcome.result.artifacts if ref.name == "samples"]
    if not refs:
        click.echo("This run's samples are in the result itself. Use --json.", err=True)
        return
    try:
        file.write_bytes(outcome.artifacts[refs[0].sha256])
    except OSError as error:
        raise UsageError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error
