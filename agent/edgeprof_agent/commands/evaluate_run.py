"""What `edgeprof evaluate` does: one evaluation on this machine, resumed where one was killed."""

import hashlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.paths import cache_dir
from edgeprof.quality.evaluation_set import EvaluationSet
from edgeprof.quality.packaged.resolve import resolve_set
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire import identity
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import ModelRef, Result, RunConfig, RunProtocol
from edgeprof.wire.run_request import RunRequest
from edgeprof_agent.commands.served_name import model_file
from edgeprof_agent.commands.view.evaluation import report
from edgeprof_agent.commands.view.profile import Stages
from edgeprof_agent.endpoint import Endpoint, endpoint_of
from edgeprof_agent.evaluating.evaluate import evaluate
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.runtimes import registry
from edgeprof_agent.series.interleaving import Turn
from edgeprof_agent.series.setups import Axes, Setup, setups_of
from edgeprof_agent.series.storage import Keeper, plan_of
from edgeprof_agent.worker_protocol.progress import OnProgress

INTERRUPTED = 130
COMPLETE = ("all", "item_limit")
"""Ends after which nothing is left to resume."""


class EvaluateOutput(NamedTuple):
    """Where the result goes."""

    folder: Path | None
    as_json: bool


@dataclass(frozen=True, kw_only=True)
class PreparedEvaluation:
    """One evaluation, checked and ready to run. `journal` keeps what a killed run had answered."""

    setup: Setup
    request: MeasureRequest
    folder: Path
    journal: Path

    def answer(self, on_progress: OnProgress) -> tuple[Result, dict[str, bytes]]:
        """The result and its artifacts by SHA-256, whatever the model does."""
        return evaluate(self.request, self.folder, self.journal, on_progress, threading.Event())

    def finish(self, result: Result) -> None:
        """Remove the journal of a complete evaluation, once its result is safe; of one without any answer, too."""
        is_whole = result.failure is None or result.failure.code == "no_answers"
        if result.evaluation is not None and result.evaluation.ended in COMPLETE and is_whole:
            self.journal.unlink(missing_ok=True)


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    shots: int
    items: int
    time_limit_s: float
    item_limit_s: float
    runtime: str | None
    threads: int
    provider: str
    memory_limit_mib: float | None


def run(model: Path, set_name: str, options: Mapping[str, object], output: EvaluateOutput) -> int:
    """The evaluation; returns the command's exit code."""
    named = dict(options)
    endpoint = endpoint_of(_text(named.pop("endpoint", None)), _text(named.pop("endpoint_key_env", None)), os.environ)
    with model_file(model, is_served=endpoint is not None) as file:
        prepared = prepare(file, set_name, named, lambda line: click.echo(line, err=True), endpoint)
        return _answered(prepared, output)


def _answered(prepared: PreparedEvaluation, output: EvaluateOutput) -> int:
    setup = prepared.setup
    keeper = Keeper(output.folder)
    keeper.begin(plan_of([setup], [Turn(1, 1, 0, 1)], 0))
    try:
        with Stages(sys.stderr) as stages:
            result, artifacts = prepared.answer(stages.show)
    except KeyboardInterrupt:
        click.echo("Stopped. The same command goes on where this one stood.", err=True)
        return INTERRUPTED
    _show(result, output.as_json)
    keeper.keep(setup, 1, result, artifacts)
    prepared.finish(result)
    return 0 if result.status == "measured" else 1


def prepare(
    model: Path,
    set_name: str,
    options: Mapping[str, object],
    say: Callable[[str], None],
    endpoint: Endpoint | None = None,
) -> PreparedEvaluation:
    """The evaluation that these options make. `endpoint`: where a served model is asked. Raises EdgeprofError."""
    given = msgspec.convert(options, _Options)
    found, folder = resolve_set(set_name, say)
    file = inspect(model)
    check_kind(file, found)
    setup = _setup(file, found.set_id, given, endpoint)
    request = _request(setup, given, endpoint)
    return PreparedEvaluation(setup=setup, request=request, folder=folder, journal=_journal(request))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _show(result: Result, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(result)).decode())
    else:
        click.echo(report(result))


def check_kind(file: ModelFile, found: EvaluationSet) -> None:
    """Raises UsageError for a set that no model of this format can answer."""
    task = TASKS[found.facts.task]
    if is_language(file.format) != (task.kind == "text"):
        kind = "language models" if task.kind == "text" else "models with tensors in and out"
        raise UsageError(
            "wrong_set",
            f"The set {found.facts.name} ({task.name}) is for {kind}, and {file.manifest.entry} is not one. "
            "Choose another set: `edgeprof set list`.",
        )


def _setup(file: ModelFile, set_id: str, given: _Options, endpoint: Endpoint | None) -> Setup:
    """The one set-up: runtime and threads as of `edgeprof profile`."""
    protocol = RunProtocol(
        evaluation_items=given.items, evaluation_limit_s=given.time_limit_s, deadline_s=given.item_limit_s
    )
    config = RunConfig(runtime="", evaluation_set=set_id, shots=given.shots)
    setups, _ = setups_of(
        [file],
        Axes(runtimes=[given.runtime] if given.runtime else [], threads=[given.threads], providers=[given.provider]),
        lambda _: RunRequest(config=config, protocol=protocol),
        lambda format: registry.default_variant(format, registry.facts(endpoint=endpoint is not None)),
    )
    return setups[0]


def _request(setup: Setup, given: _Options, endpoint: Endpoint | None) -> MeasureRequest:
    manifest = setup.file.manifest
    return MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id=endpoint.host if endpoint else socket.gethostname(),
        model=ModelRef(
            model_id=identity.model_id(manifest), name=manifest.entry, format=setup.file.format, manifest=manifest
        ),
        model_dir=setup.file.folder,
        config=setup.config,
        protocol=setup.protocol,
        emulated=False,
        memory_limit_mib=given.memory_limit_mib,
        cores=None,
        endpoint=endpoint,
    )


def _journal(request: MeasureRequest) -> Path:
    """One file for a model, a configuration, of which the set is a part, and an endpoint. It may go at any time."""
    place = f" {request.endpoint.url}" if request.endpoint else ""
    parts = f"{request.model.model_id} {identity.config_key(request.config)}{place}"
    return cache_dir() / "evaluations" / f"{hashlib.sha256(parts.encode()).hexdigest()[:32]}.jsonl"
