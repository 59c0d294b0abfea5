"""Quality: every evaluation beside the speed of its set-up, and the gates of families."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from edgeprof.wire import rest
from edgeprof_hub.names import MAX_NAME_CHARS
from edgeprof_hub.quality import setting
from edgeprof_hub.quality.listing import quality_rows
from edgeprof_hub.routes.answers import HubOf, document

router = APIRouter(tags=["evaluations"])
Family = Annotated[str, Path(max_length=MAX_NAME_CHARS)]


@router.get("/quality", response_model=list[rest.QualityRow])
def get_quality(
    hub: HubOf,
    family: Annotated[str, Query(max_length=MAX_NAME_CHARS)] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Response:
    """The newest evaluation of each set-up on each device with its gate, drift, speed and cost per right answer."""
    return document(quality_rows(hub.reader, family, limit))


@router.get("/families/{name:path}/gate", response_model=rest.FamilyGates)
def get_gate(hub: HubOf, name: Family) -> Response:
    """The gates of a family with their verdicts, and the sets that its models answered."""
    return document(setting.family_gates(hub, name))


@router.put("/families/{name:path}/lead", response_model=rest.FamilyGates)
def put_lead(hub: HubOf, name: Family, new: rest.NewLead) -> Response:
    """Choose the set that the comparison shows a family's quality on; an empty `set` restores the default."""
    return document(setting.set_lead(hub, name, new))


@router.put("/families/{name:path}/gate", response_model=rest.FamilyGates)
def put_gate(hub: HubOf, name: Family, new: rest.NewGates) -> Response:
    """Replace the gates of a family; none removes them. Verdicts follow within seconds."""
    return document(setting.set_gates(hub, name, new.gates))
