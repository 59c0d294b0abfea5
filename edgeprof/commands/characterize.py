"""`edgeprof characterize PLAN`: the profiler by a plan file; from Python it is `edgeprof.ModelProfiler`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from edgeprof.commands.options import FilePath

if TYPE_CHECKING:
    from pathlib import Path

    from edgeprof.profiler.running import ProfilerProgress


@click.command()
@click.argument("plan", type=FilePath())
@click.option("--json", "json_file", type=FilePath(), metavar="FILE", help="Write plan, profiles and verdict as JSON.")
@click.option("--report", "report_file", type=FilePath(), metavar="FILE", help="Write one self-contained HTML file.")
@click.option("--save", "folder", type=FilePath(), metavar="FOLDER", help="Keep every result; see --from.")
@click.option(
    "--from", "recorded", type=FilePath(), metavar="FOLDER", help="Use the results of --save instead of measuring."
)
@click.option(
    "--token-file", type=click.Path(), help="File with the hub's token. Default: the variable EDGEPROF_TOKEN."
)
def characterize(
    plan: "Path",
    json_file: "Path | None",
    report_file: "Path | None",
    folder: "Path | None",
    recorded: "Path | None",
    token_file: str | None,
) -> int:
    """Profile models on this machine, at endpoints and on a hub's devices, by a plan in TOML.

    The plan has models, metrics, deployment_targets, and where needed evaluation_sets, gates, hub, repeats, options.
    What cannot run is a named failure in the output, and the rest goes on. The exit code is then 1.
    """
    from edgeprof.client.http_client import token_from
    from edgeprof.profiler.model_profiler import ModelProfiler
    from edgeprof.profiler.plan import read_plan

    profiler = ModelProfiler.of_plan(read_plan(plan), token_from(token_file) if token_file else None)
    found = profiler.from_recording(recorded) if recorded else profiler.characterize_models(shown_progress())
    click.echo(repr(found))
    click.echo(f"\n{found.verdict()}")
    if folder:
        found.save(folder)
    if json_file:
        found.write_json(json_file)
    if report_file:
        click.echo(f"Report: {found.report(report_file)}")
    return 1 if found.has_failures else 0


def shown_progress() -> "Callable[[ProfilerProgress], None]":
    """A line on stderr whenever a target's stage changes."""
    last: list[str] = []

    def show(progress: "ProfilerProgress") -> None:
        line = f"{progress.target}: {progress.stage} {progress.note}".strip(": ")
        if [line] != last:
            last[:] = [line]
            click.echo(line, err=True)

    return show
