"""What came of one device of a rollout, once its jobs have ended: errors first, then gates, then speed."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.compare.sources import Run
from edgeprof.tables.figures import clean
from edgeprof.wire import rest
from edgeprof.wire.failures import MEANING
from edgeprof.wire.messages import Result
from edgeprof.wire.rollouts import RolloutPlan
from edgeprof_hub.context import HubContext
from edgeprof_hub.quality import judging
from edgeprof_hub.quality.cells import architecture_of, verdicts_of
from edgeprof_hub.rollout.comparing import beside
from edgeprof_hub.store.evaluations import base_key_of
from edgeprof_hub.store.rollouts import DeviceRow

Judged = tuple[str, tuple[str, ...]]
"""The worst state of the family's gates, and a sentence for each."""


def decided(
    hub: HubContext, row: DeviceRow, jobs: Sequence[rest.JobRecord], plan: RolloutPlan, now_s: float
) -> DeviceRow | None:
    """The row with its outcome; None: a job is still open. `jobs`: the device's in the group's campaign."""
    if any(job.state not in rest.TERMINAL_STATES for job in jobs):
        return None
    mine = [job for job in jobs if job.model_id == row.model_id]
    done = replace(row, decided_s=now_s)
    if broken := next((job for job in mine if job.state == "failed"), None):
        return replace(done, outcome="failed", sentence=_failure(hub, broken))
    measured = [job for job in mine if job.state == "measured"]
    if not measured:
        note = next((job.note for job in mine if job.note and job.note != "cancelled"), "")
        return replace(done, outcome="cancelled", sentence=f"Cancelled: {note}." if note else "Cancelled by a person.")
    state, gates = _gates(hub, row, measured) if plan.gates else ("", ())
    done = replace(_compared(hub, row, jobs, plan), gates=gates, decided_s=now_s)
    if state == "fails":
        return replace(done, outcome="failed", sentence=f"A quality gate fails. {done.sentence}")
    if state == "undecided" and done.outcome == "succeeded":
        return replace(done, outcome="undecided", sentence=f"A quality gate is undecided. {done.sentence}")
    return done


def _compared(hub: HubContext, row: DeviceRow, jobs: Sequence[rest.JobRecord], plan: RolloutPlan) -> DeviceRow:
    """The row with what its speed says."""
    if not row.reference_model_id or not plan.compares:
        return replace(row, outcome="succeeded", sentence=_without_comparison(row, jobs, plan))
    reference = hub.reader.model(row.reference_model_id)
    name = reference.shown_name if reference else "its reference"
    sides = {
        model_id: [_run(hub, result) for result in _measured(hub, jobs, model_id)]
        for model_id in (row.reference_model_id, row.model_id)
    }
    if not sides[row.reference_model_id] or not sides[row.model_id]:
        lost = next((_failure(hub, job) for job in jobs if job.model_id != row.model_id and job.state == "failed"), "")
        return replace(row, outcome="undecided", sentence=f"Not compared: {name} did not run. {lost}".strip())
    found = beside(sides[row.reference_model_id], sides[row.model_id], plan, name)
    return replace(row, outcome=found.outcome, sentence=found.sentence, compared=found.compared)


def _without_comparison(row: DeviceRow, jobs: Sequence[rest.JobRecord], plan: RolloutPlan) -> str:
    """What a device did that is compared with nothing, and why where it should be."""
    did = "Flashed." if any(job.config.load_only for job in jobs) else "Ran."
    if not plan.compares or not (row.number == 0 or plan.check_every_group):
        return did
    return f"{did} Not compared: {row.sentence or 'no other model of the family ran here before.'}"


def _measured(hub: HubContext, jobs: Sequence[rest.JobRecord], model_id: str) -> list[Result]:
    ids = [
        job.result_id
        for job in jobs
        if job.model_id == model_id and job.state == "measured" and job.result_id and job.config.is_speed
    ]
    stored = [hub.reader.result(result_id) for result_id in ids]
    return [one.result for one in stored if one is not None and one.result.status == "measured"]


def _run(hub: HubContext, result: Result) -> Run:
    return Run(result.result_id, result, lambda ref: hub.artifact(ref.sha256))


def _gates(hub: HubContext, row: DeviceRow, jobs: Sequence[rest.JobRecord]) -> Judged:
    """Of the family's gates on the sets that were answered here. A verdict that was not computed yet is, now."""
    model = hub.reader.model(row.model_id)
    answered = {job.config.evaluation_set for job in jobs if job.config.evaluation_set and job.result_id}
    if model is None or not answered:
        return "", ()
    lines = hub.reader.gates.gates([model.family]).get(model.family, ())
    names = {name for one in hub.reader.evaluation_sets() if one.set_id in answered for name in one.names}
    lines = tuple(line for line in lines if line.partition(":")[0].strip() in names)
    if not lines:
        return "", ()
    judging.refresh(hub, model.family)
    verdicts = replace(verdicts_of(hub.reader, [model.family]), gates={model.family: lines})
    device = hub.reader.device(row.device_id)
    found: list[Judged] = []
    for job in jobs:
        stored = hub.reader.result(job.result_id) if job.result_id and job.config.evaluation_set else None
        if stored is None or stored.result.effective is None:
            continue
        ran, evaluation = stored.result.effective, stored.result.evaluation
        reported = evaluation.architecture if evaluation else ""
        place = (row.model_id, f"{ran.runtime} {ran.runtime_version}", reported or architecture_of(device))
        state, sentences = verdicts.of(model.family, place, base_key_of(stored.result.config), model.shown_name)
        found.append((state or "", sentences))
    order = ("fails", "undecided", "passes", "reference", "")
    return min(found, key=lambda each: order.index(each[0]), default=("", ()))


def _failure(hub: HubContext, job: rest.JobRecord) -> str:
    stored = hub.reader.result(job.result_id) if job.result_id else None
    failure = stored.result.failure if stored else None
    if failure is None:
        return f"Failed: {clean(job.note) or 'without a reason'}"
    text = clean(failure.message) or MEANING[failure.code]
    what = "Flash: " if job.config.load_only else ""
    return f"{what}{failure.code} in {failure.stage}: {text}"
