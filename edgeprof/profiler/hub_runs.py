"""Runs on a device of a hub: one campaign for all its models and sets, then its results."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from edgeprof.client import resolve, resolve_sets
from edgeprof.client.http_client import HubClient
from edgeprof.client.patience import Patience
from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles.record import Labels
from edgeprof.profiler.cells import Cell, CellFailure
from edgeprof.profiler.models import ModelSource
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.targets import Target
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire import rest
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import Result
from edgeprof.wire.run_config import RunOptions
from edgeprof.wire.run_field import fields_of
from edgeprof.wire.run_protocol import RunProtocol

Tell = Callable[[str, float | None, str], None]
POLL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Started:
    """A campaign on one device, its models with their ids, and those that the hub did not take."""

    campaign: rest.Campaign | None
    sources: tuple[tuple[str, ModelSource], ...]
    """Two files of one content have one id, and share the results."""
    refused: tuple[tuple[ModelSource, CellFailure], ...] = ()


def start(plan: Plan, client: HubClient, target: Target, sources: Sequence[ModelSource]) -> Started:
    """Upload what the hub lacks and queue it. What the hub refuses is a failure of its models."""
    assert target.record is not None
    taken: list[tuple[str, ModelSource]] = []
    refused: list[tuple[ModelSource, CellFailure]] = []
    for source in sources:
        try:
            record = source.record or resolve.put_model(client, str(source.path), Labels(), lambda _: None)
            taken.append((record.model_id, source))
        except EdgeprofError as error:
            refused.append((source, CellFailure.of(error)))
    if not taken:
        return Started(campaign=None, sources=(), refused=tuple(refused))
    try:
        sets = [resolve_sets.put_set(client, name, lambda _: None) for name in plan.evaluation_sets]
        of_taken = [source for _, source in taken]
        fitting = tuple(one.set_id for one in sets if not plan.wants_speed or _fits(one, of_taken))
        model_ids = tuple(dict.fromkeys(model_id for model_id, _ in taken))
        campaign = client.start_campaign(_request(plan, model_ids, target.record.device_id, fitting))
    except EdgeprofError as error:
        refused += [(source, CellFailure.of(error)) for _, source in taken]
        return Started(campaign=None, sources=(), refused=tuple(refused))
    return Started(campaign=campaign, sources=tuple(taken), refused=tuple(refused))


def _fits(one: rest.EvaluationSetRecord, sources: Iterable[ModelSource]) -> bool:
    """Whether any of these models can answer the set: the hub refuses a campaign with a set for none of its models."""
    task = TASKS.get(one.task)
    kinds = {is_language(source.format) for source in sources if source.format is not None}
    return task is None or (task.kind == "text") in kinds


def _request(plan: Plan, model_ids: tuple[str, ...], device_id: str, sets: tuple[str, ...]) -> rest.CampaignRequest:
    options = plan.run_options()
    of_run = {each.name for each in fields_of(RunOptions)}
    config = {name: value for name, value in options.items() if name in of_run or name == "shots"}
    protocol = {name: value for name, value in options.items() if name not in config}
    protocol = {"energy": "energy" in plan.metrics, **protocol}
    request = msgspec.convert({**config, "model_ids": model_ids, "device_ids": (device_id,)}, rest.CampaignRequest)
    return replace(
        request,
        protocol=msgspec.convert(protocol, RunProtocol),
        repeats=plan.repeats,
        evaluation_sets=sets,
        evaluate_only=bool(sets) and not plan.wants_speed,
    )


def collect(
    plan: Plan, client: HubClient, target: Target, started: Started, tell: Tell
) -> Iterator[tuple[Cell, dict[str, bytes]]]:
    """A cell for each model, once every job has ended. A hub that goes away is a failure of what is left."""
    for source, failure in started.refused:
        yield _cell(source, target, (), (failure,)), {}
    if started.campaign is None:
        return
    jobs: dict[str, list[rest.JobRecord]] = {}
    trouble: CellFailure | None = None
    try:
        for job in _ended(client, started.campaign, tell).jobs:
            jobs.setdefault(job.model_id, []).append(job)
    except EdgeprofError as error:
        trouble = CellFailure.of(error)
    for model_id, source in started.sources:
        if trouble is not None:
            yield _cell(source, target, (), (trouble,)), {}
            continue
        try:
            yield _collected(plan, client, target, source, jobs.get(model_id, []))
        except EdgeprofError as error:
            yield _cell(source, target, (), (CellFailure.of(error),)), {}


def _collected(
    plan: Plan, client: HubClient, target: Target, source: ModelSource, jobs: Sequence[rest.JobRecord]
) -> tuple[Cell, dict[str, bytes]]:
    results = [client.result(job.result_id).result for job in jobs if job.result_id]
    failures = [_without_result(job) for job in jobs if not job.result_id]
    refs = [ref for result in results for ref in result.artifacts if ref.name in ("samples", "outcomes")]
    found = {ref.sha256: _artifact(client, ref.sha256) for ref in refs}
    artifacts = {sha256: data for sha256, data in found.items() if data is not None}
    cell = _cell(source, target, tuple(results), tuple(failures))
    speed = [one for one in results if one.status == "measured" and not one.config.evaluation_set]
    if plan.wants_cost and speed:
        try:
            cell = replace(cell, cost=client.cost(speed[0].result_id))
        except EdgeprofError as error:
            cell = replace(cell, cost_absent=error.message)
    return cell, artifacts


def _artifact(client: HubClient, sha256: str) -> bytes | None:
    """None where the hub lacks it, as after a full disk: the result's own figures stand without it."""
    try:
        return client.artifact(sha256)
    except EdgeprofError as error:
        if error.code != "not_found":
            raise
        return None


def _without_result(job: rest.JobRecord) -> CellFailure:
    about = job.config.evaluation_set[:12]
    what = (
        "was cancelled on the hub" if job.state == "cancelled" else f"ended without a result: {job.note or job.state}"
    )
    return CellFailure.of(EdgeprofError("no_result", f"The job {what}. Retry it with `edgeprof retry`."), about)


def _cell(source: ModelSource, target: Target, results: tuple[Result, ...], failures: tuple[CellFailure, ...]) -> Cell:
    return Cell(model=source.name, target=target.text, device=target.device, results=results, failures=failures)


def _ended(client: HubClient, campaign: rest.Campaign, tell: Tell) -> rest.Campaign:
    """Waits without a limit, as jobs of a slow device may take hours; every change is told."""
    last: rest.Campaign | None = None
    patience = Patience(lambda sentence: tell("campaign", None, sentence))
    while True:
        now = patience.ask(lambda: client.campaign(campaign.campaign_id))
        if now is None:
            time.sleep(POLL_S)
            continue
        if now != last:
            done = sum(job.state in rest.TERMINAL_STATES for job in now.jobs)
            tell("campaign", done / len(now.jobs) if now.jobs else None, f"{done} of {len(now.jobs)} jobs ended")
            if done == len(now.jobs):
                return now
        last = now
        time.sleep(POLL_S)
