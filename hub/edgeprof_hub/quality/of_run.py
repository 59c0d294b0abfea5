"""Evaluations of the set-up that a run measured the speed of."""

from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof_hub.quality.cells import lead_sets
from edgeprof_hub.quality.correct import share_of_right
from edgeprof_hub.store.reader import SqliteReader


def evaluations_of(store: SqliteReader, result: Result, family: str) -> list[rest.EvaluationRecord]:
    """The real one of each set and shots that stands in the run's runtime version; the lead set first."""
    ran = result.effective
    runtime = f"{ran.runtime} {ran.runtime_version}" if ran else ""
    found = [
        one
        for one in store.evaluations.latest(
            [(result.model_id, set_id, shots) for _, set_id, shots, _ in store.evaluations.counts([result.model_id])],
            [result.device_id],
            in_each_place=True,
        )
        if one.base_key == result.config_key and one.runtime == runtime and not one.unreal
    ]
    models = {model.model_id: family for model in store.models() if model.family == family}
    lead = lead_sets(store, models).get(family)
    return sorted(found, key=lambda one: ((one.set_id, one.shots) != lead, one.set_name, one.shots))


def share_of(store: SqliteReader, result: Result, family: str) -> rest.EvaluationRecord | None:
    """The evaluation that has this set-up's share of right answers; None: there is none."""
    return next((one for one in evaluations_of(store, result, family) if share_of_right(one)), None)
