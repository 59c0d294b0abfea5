"""The flash dialogue's word on each device: the verdict of the ticked models, the worst first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof.fit.verdict import Fit, Outcome
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.fit.verdicts import device_places, needs_on, verdict, worst

MARKS: Mapping[Outcome, str] = {"fits": "✓", "tight": "!", "does not fit": "✕", "cannot tell": "?"}


@dataclass(frozen=True)
class FitNote:
    """`mark` is a sign beside the word, so that colour is never needed."""

    outcome: Outcome
    mark: str
    text: str


def fit_notes(hub: HubContext, model_ids: Sequence[str], devices: Sequence[rest.DeviceRecord]) -> dict[str, FitNote]:
    """By device id; nothing where no model is ticked. Served models run elsewhere and fit everywhere."""
    models = [record for each in model_ids if (record := hub.reader.model(each)) and record.format != "served"]
    if not models:
        return {}
    needs = [(model, needs_on(hub, model)) for model in models]
    return {
        place.device_id: note_of([(model.shown_name, verdict(need, model, place)) for model, need in needs])
        for place in device_places(devices)
        if place.device_id is not None
    }


def note_of(fits: Sequence[tuple[str, Fit]]) -> FitNote:
    """The verdict that decides, with its model where there are several."""
    decides = worst(fit for _, fit in fits)
    if decides is None:
        return FitNote("cannot tell", MARKS["cannot tell"], "")
    name = next(name for name, fit in fits if fit is decides)
    text = decides.sentence if len(fits) == 1 else f"{name}: {decides.sentence}"
    return FitNote(decides.outcome, MARKS[decides.outcome], text)
