"""The predicted peak beside the measured one: what would have been said of a run before it."""

from dataclasses import dataclass, replace

from edgeprof.fit.verdict import Fit
from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof_hub.context import HubContext
from edgeprof_hub.fit.estimates import PEAK, needs_of
from edgeprof_hub.fit.verdicts import MAX_LIKE_RUNS, device_places, verdict


@dataclass(frozen=True)
class PredictedMemory:
    """`error`: predicted over measured, less 1; None where nothing was measured."""

    fit: Fit
    method: str
    measured_mib: float | None
    error: float | None

    @property
    def error_text(self) -> str:
        """As a person writes it: `+3 %`, or `within 0.5 %`."""
        percent = round(100 * (self.error or 0.0))
        return f"{percent:+d} %" if percent else "within 0.5 %"


def predicted_memory(hub: HubContext, result: Result, model: rest.ModelRecord | None) -> PredictedMemory | None:
    """Without the runs of this device: those of others, else the formula. None where nothing can be predicted."""
    device = hub.reader.device(result.device_id)
    if model is None or device is None or model.format == "served" or not result.config.is_speed:
        return None
    like = hub.reader.results(model_id=model.model_id, limit=MAX_LIKE_RUNS)
    others = [stored for stored in like if stored.result.device_id != result.device_id]
    needs = needs_of(hub.blobs, model, _as_run(result), others)
    place = next(iter(device_places([device])), None)
    if needs.estimate is None or place is None:
        return None
    measured = next((row.value for row in result.metrics if row.metric == PEAK), None)
    error = needs.estimate.peak_mib / measured - 1 if measured else None
    return PredictedMemory(verdict(needs, model, place), needs.estimate.method, measured, error)


def _as_run(result: Result) -> "rest.RunConfig":
    """On the runtime that ran: a llama.cpp whose C interface is not proven runs by its server."""
    runtime = result.effective.runtime if result.effective else result.config.runtime
    return replace(result.config, runtime=runtime or result.config.runtime)
