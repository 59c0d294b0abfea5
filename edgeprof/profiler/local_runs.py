"""Runs on this machine and at an endpoint: the same path as `edgeprof profile` and `edgeprof evaluate`."""

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError
from edgeprof.profiler.cells import Cell, CellFailure
from edgeprof.profiler.models import ModelSource
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.targets import Target
from edgeprof.wire.messages import Result

Tell = Callable[[str, float | None, str], None]
Outcome = tuple[Result, dict[str, bytes]]


def run(
    plan: Plan, target: Target, sources: Sequence[ModelSource], tell: Tell
) -> Iterator[tuple[Cell, dict[str, bytes]]]:
    """A cell for each model. All runs are interleaved, so that a drift of the machine affects all alike."""
    options: dict[str, object] = {"energy": "energy" in plan.metrics, **plan.options}
    if target.url:
        options["endpoint"] = target.url
    else:
        options.pop("endpoint_key_env", None)
    measured = _measured(plan, sources, options, tell)
    for source, speed in zip(sources, measured, strict=True):
        outcomes: list[Outcome] = [] if isinstance(speed, CellFailure) else list(speed)
        failures = [speed] if isinstance(speed, CellFailure) else []
        misfits: list[CellFailure] = []
        for name in plan.evaluation_sets:
            try:
                outcomes.append(_agent().evaluate_model(_path(source), name, options, tell, _said(tell)))
            except EdgeprofError as error:  # a plan may have sets for several kinds of models
                (misfits if error.code == "wrong_set" else failures).append(CellFailure.of(error, name))
        failures += [] if outcomes or failures else misfits
        cell = Cell(
            model=source.name,
            target=target.text,
            device=target.device,
            results=tuple(result for result, _ in outcomes),
            failures=tuple(failures),
        )
        yield cell, {name: data for _, artifacts in outcomes for name, data in artifacts.items()}


def _measured(
    plan: Plan, sources: Sequence[ModelSource], options: dict[str, object], tell: Tell
) -> "list[list[Outcome] | CellFailure]":
    if not plan.wants_speed:
        return [[] for _ in sources]
    paths = [_path(source) for source in sources]
    found: list[list[Outcome] | EdgeprofError] = _agent().measure_models(paths, options, plan.repeats, plan.seed, tell)
    return [CellFailure.of(one) if isinstance(one, EdgeprofError) else one for one in found]


def _agent() -> Any:
    """Loaded when something is measured here: the hub's client alone has no use for it."""
    return import_module("edgeprof_agent.series.from_python")


def _path(source: ModelSource) -> Path:
    assert source.path is not None
    return source.path


def _said(tell: Tell) -> Callable[[str], None]:
    return lambda line: tell("fetch", None, line)
