"""Predicted figures of cells that nobody has run, and how such predictions came out."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from edgeprof.wire.prediction_record import PredictionRecord, PredictionsAnswer, ScoredPrediction
from edgeprof_hub.prediction.cells import latest_predictions
from edgeprof_hub.routes.answers import HubOf, document

MAX_PREDICTIONS = 10_000

router = APIRouter(tags=["results"])


@router.get("/predictions", response_model=PredictionsAnswer)
def get_predictions(
    hub: HubOf,
    model: Annotated[str, Query(description="Id of a model. Default: all.")] = "",
    device: Annotated[str, Query(description="Id of a device. Default: all.")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PREDICTIONS)] = 1000,
) -> Response:
    """Predictions with their ranges, and every measured cell that was scored against one."""
    made = latest_predictions(hub.reader)
    if made is None:
        return document(PredictionsAnswer(made=False))

    def is_asked(pair: tuple[str, str]) -> bool:
        return model in ("", pair[0]) and device in ("", pair[1])

    found = sorted(pair for pair in made.cells if is_asked(pair))
    predictions = tuple(
        PredictionRecord(
            model_id=pair[0],
            device_id=pair[1],
            metric=one.metric,
            value=one.value,
            low=one.low,
            high=one.high,
            tier=one.tier,
            basis=one.basis,
        )
        for pair in found[:limit]
        for one in (made.cells[pair],)
    )
    scored = tuple(
        ScoredPrediction(
            model_id=one.pair[0],
            device_id=one.pair[1],
            result_id=one.result_id,
            metric=one.metric,
            predicted=one.predicted,
            measured=one.measured,
            method=one.method,
        )
        for one in made.scored
        if is_asked(one.pair)
    )
    more = max(0, len(found) - limit)
    return document(PredictionsAnswer(made=True, predictions=predictions, more=more, scored=scored, untold=made.untold))
