"""What `edgeprof operators` does: the machine's lock, the profile, its ceiling, and the output."""

import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import click
import msgspec

from edgeprof.commands.options import check_inputs, parse_dims, parse_shapes
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.operators.ceilings import Ceiling
from edgeprof.operators.recorded import OperatorRun
from edgeprof.operators.report import OperatorReport, precisions, report
from edgeprof.operators.trace import trace_of
from edgeprof.tables.terminal import fitted
from edgeprof.wire.messages import RunConfig
from edgeprof_agent.commands.view.operators import text_of
from edgeprof_agent.measuring.lock import measuring
from edgeprof_agent.operator_profile.ceiling_store import ceiling_of
from edgeprof_agent.operator_profile.running import profile_operators
from edgeprof_agent.operator_profile.watching import Watch
from edgeprof_agent.runtimes import registry
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS


@dataclass(frozen=True, kw_only=True)
class OperatorOptions:
    """The command's options as given."""

    runtime: str | None
    threads: int
    shapes: tuple[str, ...]
    dims: tuple[str, ...]
    prompt_tokens: int | None
    again: bool
    trace: Path | None


def run(model: Path, options: OperatorOptions, nodes: int, as_json: bool) -> int:
    """Prints where the time goes; returns the exit code."""
    file = inspect(model)
    config = _config(file, options)
    watch = Watch(wanted=options.trace is not None)
    with measuring(lambda: click.echo("Waiting for another measurement.", err=True), threading.Event()):
        click.echo("Profiling: runs with the profiler and without it, in turn.", err=True)
        recorded = profile_operators(file, config, watch=watch)
        ceiling, why = _ceiling(recorded, options.again)
    found = report(file.manifest.entry, recorded, ceiling, why)
    if options.trace is not None:
        _write(options.trace, trace_of(file.manifest.entry, recorded, watch.counters()))
    click.echo(_json(found) if as_json else fitted(text_of(found, nodes), sys.stdout))
    if options.trace is not None:
        click.echo(f"Trace: {options.trace}. Open it in ui.perfetto.dev.", err=True)
    return 0


def _ceiling(recorded: OperatorRun, again: bool) -> tuple[Ceiling | None, str]:
    """A profile is worth showing without one."""
    try:
        wanted = precisions(recorded)
        return ceiling_of(recorded.runtime, recorded.runtime_version, recorded.threads, wanted, again=again), ""
    except EdgeprofError as error:
        return None, error.message


def _config(file: ModelFile, options: OperatorOptions) -> RunConfig:
    """Raises UsageError for options that this kind of model does not take."""
    runtime = options.runtime or registry.default_variant(file.format, registry.facts())
    if file.format not in VARIANTS[runtime].formats:
        raise UsageError("wrong_runtime", f"{runtime} does not run {file.format} models. Leave --runtime out.")
    config = RunConfig(
        runtime=runtime, threads=options.threads, shapes=parse_shapes(options.shapes), dims=parse_dims(options.dims)
    )
    if options.prompt_tokens is not None:
        config = replace(config, prompt_tokens=options.prompt_tokens)
    check_inputs(file, config)
    return config


def _write(file: Path, trace: bytes) -> None:
    try:
        file.write_bytes(trace)
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error


def _json(found: OperatorReport) -> str:
    return msgspec.json.format(msgspec.json.encode(found)).decode()
