"""What was flashed last on a device, family by family, and the way back to the version before."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.campaigns import actions
from edgeprof_hub.context import HubContext
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.rollout import starting


@dataclass(frozen=True)
class FlashedFamily:
    """The version of a family that a device was flashed with last, and the one before it, if any."""

    family: str
    model: rest.ModelRecord
    at_s: float
    previous: rest.ModelRecord | None
    previous_job_id: str


def flashed_families(
    flashed: Sequence[tuple[str, str, float]], models: Sequence[rest.ModelRecord]
) -> list[FlashedFamily]:
    """By family. `flashed`: model, job and Unix time of each model's last flash on the device, newest first.

    A model that was deleted from the hub has no family any more, so it is left out.
    """
    known = {model.model_id: model for model in models}
    of_family: dict[str, list[tuple[rest.ModelRecord, str, float]]] = {}
    for model_id, job_id, at_s in flashed:
        if model_id in known:
            of_family.setdefault(known[model_id].family, []).append((known[model_id], job_id, at_s))
    return [
        FlashedFamily(family, both[0][0], both[0][2], *(both[1][:2] if len(both) > 1 else (None, "")))
        for family, both in sorted(of_family.items())
    ]


def go_back(hub: HubContext, device_id: str, model_id: str) -> rest.Campaign:
    """Flash the version before again, as it was flashed there. `model_id`: the version that the person saw.

    Raises EdgeprofError not_found, no_previous_version, rollout_overlaps; UsageError device_retired.
    """
    if hub.reader.device(device_id) is None:
        raise not_found("device", device_id)
    model = hub.reader.model(model_id)
    if model is None:
        raise not_found("model", model_id)
    found = flashed_families(hub.reader.jobs.flashed(device_id), hub.reader.models())
    one = next((each for each in found if each.previous and each.previous.model_id == model_id), None)
    if one is None:
        raise EdgeprofError(
            "no_previous_version",
            f"{model.shown_name} is not the version before on this device. Reload the page, or flash it.",
        )
    starting.refuse_overlap(hub, model.family, [device_id])
    campaign = actions.flash_again(hub, one.previous_job_id)
    audit.about(device_id, f"{one.model.shown_name} back to {model.shown_name}")
    return campaign
