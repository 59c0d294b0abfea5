"""A queue with jobs in every state, as the hub's writer would have left it."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof_hub.store.base import WriteStore
from tests.hub import fleet


def campaign(number: int, models: Sequence[rest.ModelRecord], threads: int = 0) -> list[rest.JobRecord]:
    """One job for each model on one device."""
    campaign_id = identity.new_id()
    jobs = [replace(fleet.job(number, model), campaign_id=campaign_id) for model in models]
    configs = [replace(job.config, threads=threads) for job in jobs]
    return [
        replace(job, config=config, config_key=identity.config_key(config))
        for job, config in zip(jobs, configs, strict=True)
    ]


def result_of(job: rest.JobRecord, number: int, seconds: float, code: m.FailureCode | None = None) -> m.Result:
    """What came of a job after so many seconds on its device."""
    failure = m.Failure(stage="load", code=code, message="") if code else None
    model = fleet.model("named", "elsewhere")
    made = fleet.result(number, model, () if failure else fleet.vision_rows(4.0, 0.1), failure=failure)
    return replace(
        made,
        result_id=identity.new_id(),
        job_id=job.job_id,
        attempt=job.attempt,
        device_id=job.device_id,
        model_id=job.model_id,
        config=job.config,
        config_key=job.config_key,
        started=fleet.stamp(0.0),
        finished=fleet.stamp(seconds),
    )


def end(store: WriteStore, job: rest.JobRecord, number: int, seconds: float, code: m.FailureCode | None = None) -> None:
    """Its result is stored."""
    store.save_result(result_of(job, number, seconds, code), identity.sha256_hex(job.job_id.encode()), fleet.NOW_S)


def typical(store: WriteStore) -> dict[str, list[rest.JobRecord]]:
    """Two devices, the second offline. The first: two measured, one failed, one cancelled, one running, three queued.

    By name: `past`, `now` (running first) and `away` (of the second device).
    """
    models = [fleet.model(f"net-{letter}", f"net-{letter}") for letter in "abcd"]
    made = fleet.Fleet(
        states=[fleet.state(1, "kitchen-pi"), fleet.state(2, "attic-pi")],
        facts=[fleet.facts(1), fleet.facts(2)],
        models=models,
    )
    fleet.fill(store, made)
    store.mark_offline(fleet.device_id(2), "s-1")
    past, now = campaign(1, models), campaign(1, [models[0], models[1], models[0], models[2]])
    away = campaign(2, models[:1])
    for jobs in (past, now, away):
        store.create_campaign(jobs)
    end(store, past[0], 1, 40.0)
    end(store, past[1], 1, 60.0)
    end(store, past[2], 1, 5.0, "operator_unsupported")
    store.save_job_state(past[3].job_id, 1, "cancelled", "", None, "cancelled")
    for number, job in enumerate(now[:3]):
        store.mark_sent(job.job_id, 1, fleet.NOW_S + number)
    store.save_job_state(now[0].job_id, 1, "running", "measure", 0.5, "")
    store.save_job_state(now[1].job_id, 1, "accepted", "", None, "")
    return {"past": past, "now": now, "away": away}
