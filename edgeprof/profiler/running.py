"""Runs a plan: every model on every target, in the order that wastes no time; a cell is handed out once it is whole."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof.client.http_client import HubClient
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.profiler import hub_runs, local_runs, models, targets
from edgeprof.profiler.cells import Cell, CellFailure
from edgeprof.profiler.models import ModelSource
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.targets import Target

CellArtifacts = tuple[Cell, dict[str, bytes]]


@dataclass(frozen=True, kw_only=True)
class ProfilerProgress:
    """Where a characterization stands. `fraction` is of the stage, 0 to 1; None where it is not known."""

    target: str
    stage: str
    fraction: float | None
    note: str


OnProgress = Callable[[ProfilerProgress], None]


def run(
    plan: Plan, items: Sequence[object], hub_url: str, client: Callable[[], HubClient], tell: OnProgress
) -> Iterator[CellArtifacts]:
    """Every cell once, with the artifacts of its results by SHA-256. `items`: the models of the plan.

    What cannot run is a cell with a named failure. Raises UsageError for options that contradict each other.
    """
    with tempfile.TemporaryDirectory(prefix="edgeprof-") as folder:
        found = targets.find(plan.deployment_targets, hub_url, client)
        sources = [
            models.find(item, Path(folder), client, lambda line: tell(_progress("", "fetch", line))) for item in items
        ]
        fitting: dict[tuple[str, str], list[ModelSource]] = {}
        for target in found:
            for source in sources:
                failure = source.failure or target.failure or _misfit(source, target)
                if failure is not None:
                    yield Cell(model=source.name, target=target.text, device=target.device, failures=(failure,)), {}
                else:
                    fitting.setdefault(target.identity, []).append(source)
        on_hub = [target for target in found if target.kind == "hub" and target.identity in fitting]
        # The devices of a hub work while this machine measures.
        started = [(target, hub_runs.start(plan, client(), target, fitting[target.identity])) for target in on_hub]
        for target in found:
            if target.kind in ("local", "endpoint") and target.identity in fitting:
                yield from local_runs.run(plan, target, fitting[target.identity], _teller(target, tell))
        for target, campaign in started:
            yield from hub_runs.collect(plan, client(), target, campaign, _teller(target, tell))


def _misfit(source: ModelSource, target: Target) -> CellFailure | None:
    """Why this target cannot run this model; None where it can."""
    try:
        _check_fit(source, target)
    except EdgeprofError as error:
        return CellFailure.of(error)
    return None


def _check_fit(source: ModelSource, target: Target) -> None:
    is_served = source.format == "served"
    if target.kind == "hub":
        assert target.record is not None
        if source.format is not None and not target.record.measures(source.format):
            raise UsageError(
                "wrong_target", f"{target.device} does not run {source.format} models. Use another target."
            )
    elif source.path is None:
        raise UsageError("wrong_target", f"{source.name} is on the hub only. Name its file, or a device of the hub.")
    elif target.kind == "local" and is_served:
        raise UsageError(
            "wrong_target", f"{source.name} is a hosted model. Name its endpoint's URL as a target, or 'cloud'."
        )
    elif target.kind == "endpoint" and not is_served:
        raise UsageError(
            "wrong_target", f"An endpoint runs hosted models, and {source.name} is a file. Name it as provider:model."
        )


def _progress(target: str, stage: str, note: str) -> ProfilerProgress:
    return ProfilerProgress(target=target, stage=stage, fraction=None, note=note)


def _teller(target: Target, tell: OnProgress) -> Callable[[str, float | None, str], None]:
    return lambda stage, fraction, note: tell(
        ProfilerProgress(target=target.device, stage=stage, fraction=fraction, note=note)
    )
