"""The demo's last step: the models answer evaluation sets, and the hub judges their families' gates."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from edgeprof.client import resolve, resolve_sets
from edgeprof.client.http_client import HubClient
from edgeprof.commands.live import LiveBoard, watch
from edgeprof.demo import check
from edgeprof.demo.plan import DemoPlan, EvaluationPlan
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire import rest

JUDGED_TIMEOUT_S = 20.0
POLL_S = 0.2
Found = dict[tuple[str, str, str], float | str]
"""By agent, recipe and set: the lead figure, or why there is none."""


def evaluate(
    whole: DemoPlan,
    client: HubClient,
    devices: Mapping[str, rest.DeviceRecord],
    models: Mapping[str, rest.ModelRecord],
    speed: rest.CampaignRequest,
    say: Callable[[str], None],
) -> list[check.Mismatch]:
    """Every evaluation of the plan, with the settings of the speed runs; returns what did not come out as planned.

    `devices`: by agent; `models`: by recipe.
    """
    for family in whole.gates:
        client.set_gates(family.family, family.gates)
    found: Found = {}
    for one in whole.evaluations:
        asked = {agent for agent, _ in one.runs(whole.agents)}
        chosen = {agent: device for agent, device in devices.items() if agent in asked}
        found |= _answered(one, client, chosen, models, speed, say)
    _wait_until_judged(whole, client)
    return check.quality_mismatches(whole, found)


def _answered(
    one: EvaluationPlan,
    client: HubClient,
    devices: Mapping[str, rest.DeviceRecord],
    models: Mapping[str, rest.ModelRecord],
    speed: rest.CampaignRequest,
    say: Callable[[str], None],
) -> Found:
    """One set, by its models on these devices."""
    record = resolve_sets.put_set(client, one.set, say)
    chosen = {models[recipe].model_id: recipe for recipe in one.recipes}
    request = replace(
        speed,
        model_ids=tuple(chosen),
        device_ids=tuple(device.device_id for device in devices.values()),
        evaluation_sets=(record.set_id,),
        evaluate_only=True,
        protocol=replace(speed.protocol, evaluation_items=one.items),
    )
    campaign = client.start_campaign(request)
    records = [models[recipe] for recipe in one.recipes]
    ended = watch(client, campaign.campaign_id, LiveBoard(resolve.describer([*devices.values()], records, [record])))
    agents = {device.device_id: agent for agent, device in devices.items()}
    return {(agents[job.device_id], chosen[job.model_id], one.set): _figure(client, job) for job in ended.jobs}


def _figure(client: HubClient, job: rest.JobRecord) -> float | str:
    result = client.result(job.result_id).result if job.result_id else None
    if result is None or result.evaluation is None or result.failure is not None:
        return check.outcome(job, result)
    lead = TASKS[result.evaluation.task].lead
    return next((row.value for row in result.metrics if row.metric == lead), f"no {lead}")


def _wait_until_judged(whole: DemoPlan, client: HubClient) -> None:
    """Verdicts follow their evaluations within seconds; the table shows what is there after the wait."""
    deadline = time.monotonic() + JUDGED_TIMEOUT_S
    for family in whole.gates:
        while time.monotonic() < deadline:
            due = {row.result_id for row in client.quality(family=family.family) if not row.unreal}
            if due <= {verdict.result_id for verdict in client.gates(family.family).verdicts}:
                break
            time.sleep(POLL_S)
