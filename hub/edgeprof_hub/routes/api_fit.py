"""Whether models fit devices, before anything is sent."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from edgeprof.errors import UsageError
from edgeprof.fit.score import fit_score
from edgeprof.wire.fit_record import FitAnswer, FitRecord
from edgeprof.wire.formats import is_language
from edgeprof_hub.failures import not_found
from edgeprof_hub.fit.verdicts import device_places, needs_on, profile_places, record_of
from edgeprof_hub.routes.answers import HubOf, document

MAX_MODELS, MAX_PROFILES = 200, 200

router = APIRouter(tags=["models"])


@router.get("/fit", response_model=FitAnswer)
def get_fit(
    hub: HubOf,
    model: Annotated[list[str], Query(max_length=MAX_MODELS, description="Ids of models.")],
    device: Annotated[list[str] | None, Query(description="Ids of devices. Default: all of the hub's.")] = None,
    profile: Annotated[
        list[str] | None, Query(max_length=MAX_PROFILES, description="Boards by their profiles, instead of devices.")
    ] = None,
    context_tokens: Annotated[int, Query(ge=0, le=10_000_000, description="0: the default lengths.")] = 0,
) -> Response:
    """Each model's verdict on each device: fits, tight, does not fit, or cannot tell, with the sum and the reasons."""
    places = list(profile_places(profile)) if profile else list(device_places(hub.reader.devices()))
    if profile and len(places) < len(set(profile)):
        known = {place.profile_id for place in places}
        raise not_found("profile", next(each for each in profile if each not in known))
    if device:
        known = {place.device_id for place in places}
        if profile:
            raise UsageError("bad_usage", "Give device or profile, not both.")
        for each in device:
            if each not in known:
                raise not_found("device", each)
        places = [place for place in places if place.device_id in device]
    found: list[FitRecord] = []
    for model_id in dict.fromkeys(model):
        record = hub.reader.model(model_id)
        if record is None:
            raise not_found("model", model_id)
        if record.format == "served":
            continue
        needs = needs_on(hub, record, context_tokens=context_tokens if is_language(record.format) else 0)
        found += [record_of(needs, record, place) for place in places]
    return document(FitAnswer(verdicts=tuple(found), score=fit_score()))
