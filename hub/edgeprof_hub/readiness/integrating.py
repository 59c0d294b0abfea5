"""Integration facts of a model on this hub: its file is read once, and a device's own facts fill the target."""

from functools import lru_cache
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.integration.catalogue import SAME_PACKAGE, runtime_named, runtimes, tasks
from edgeprof.integration.facts import IntegrationAnswer, Subject, integration
from edgeprof.integration.model_facts import ModelFacts, model_facts
from edgeprof.integration.target import Target, target_of
from edgeprof.wire import rest
from edgeprof.wire.formats import FIRST_RUNTIME, ModelFormat
from edgeprof_hub.context import HubContext
from edgeprof_hub.failures import not_found

MAX_FILES = 256
NEWEST = 50


def integration_of(hub: HubContext, model_id: str, device_id: str = "", runtime: str = "") -> IntegrationAnswer:
    """`runtime` empty: that of the device's newest run of the model, else the first for its format.

    Raises EdgeprofError `not_found` for an unknown model or device.
    """
    model = hub.reader.model(model_id)
    if model is None:
        raise not_found("model", model_id)
    device = hub.reader.device(device_id) if device_id else None
    if device_id and device is None:
        raise not_found("device", device_id)
    ran = _newest_run(hub, model, device, runtime)
    variant = runtime or (ran[0] if ran else FIRST_RUNTIME[model.format])
    if runtime and runtime_named(runtime) is None and model.format != "served":
        known = ", ".join((*runtimes(), *SAME_PACKAGE))
        raise UsageError("unknown_runtime", f"No integration facts for {runtime[:40]!r}. Runtimes: {known}.")
    return integration(
        Subject(
            model=model,
            file=_file_facts(hub, model),
            variant=variant,
            runtime=runtime_named(variant),
            target=target_of(device.label, device.facts) if device else Target(),
            task=tasks().get(model.task),
            ran=ran[1] if ran else "",
        )
    )


def _newest_run(
    hub: HubContext, model: rest.ModelRecord, device: rest.DeviceRecord | None, runtime: str
) -> tuple[str, str] | None:
    """Runtime and id of the newest measured run there; a device that another one plays shows nothing."""
    if device is None or device.played:
        return None
    stored = hub.reader.results(device_id=device.device_id, model_id=model.model_id, limit=NEWEST)
    for each in stored:
        result = each.result
        is_real = not result.emulated and result.replayed is None and result.status == "measured"
        if is_real and result.effective is not None and runtime in ("", result.effective.runtime):
            return result.effective.runtime, result.result_id
    return None


def _file_facts(hub: HubContext, model: rest.ModelRecord) -> ModelFacts:
    entry = next((each for each in model.manifest.files if each.path == model.manifest.entry), None)
    if entry is None or model.format == "served":
        return ModelFacts()
    if not hub.blobs.has(entry.sha256):
        return ModelFacts(problem="the hub does not have the file")
    return _read(hub.blobs.path(entry.sha256), model.format)


@lru_cache(maxsize=MAX_FILES)
def _read(path: Path, model_format: ModelFormat) -> ModelFacts:
    """A blob never changes: its name is the hash of its content."""
    return model_facts(path, model_format)
