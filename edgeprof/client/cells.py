"""A cell of the hub's matrix as a side of a comparison: DEVICE/MODEL[@RUNTIME] to its measured results."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest
from edgeprof.wire.messages import Result

MAX_RUNS = 50
"""The newest of a cell; a run may bring 100,000 samples with it."""


@dataclass(frozen=True)
class CellRuns:
    """The measured results of one cell in one configuration, newest first, and what to say of the choice."""

    results: tuple[Result, ...]
    note: str | None


def find(client: HubClient, text: str) -> CellRuns:
    """The results that DEVICE/MODEL[@RUNTIME] names, of the configuration that was measured last."""
    device, rest_of_text = _device_of(client.devices(), text)
    model, runtime = _model_of(client.models(), rest_of_text)
    table = client.compare(device.label, model.name)
    columns = {(column.model_id, column.config_key): column for column in table.columns}
    cells = [cell for cell in table.cells if (cell.device_id, cell.model_id) == (device.device_id, model.model_id)]
    configurations = [columns[cell.model_id, cell.config_key] for cell in sorted(cells, key=_age_s)]
    wanted = [one for one in configurations if runtime in (None, one.runtime)]
    if configurations and not wanted:
        known = ", ".join(dict.fromkeys(one.runtime for one in configurations))
        raise UsageError(
            "unknown_configuration",
            f"{model.name} on {device.label} has no runs with {runtime!r}. Its runtimes: {known}.",
        )
    for column in wanted:
        results = _measured(client, device.device_id, column)
        if results:
            return CellRuns(results, _note(text, column, len(wanted)))
    hint = " Compare its evaluations by the ids of their results." if _has_evaluations(client, device, model) else ""
    raise EdgeprofError("nothing_measured", f"No measured result of {model.name} on {device.label}.{hint}")


def _has_evaluations(client: HubClient, device: rest.DeviceRecord, model: rest.ModelRecord) -> bool:
    try:
        return bool(client.evaluations(device_id=device.device_id, model_id=model.model_id, limit=1))
    except EdgeprofError:  # a hub that knows none yet
        return False


def _device_of(devices: Sequence[rest.DeviceRecord], text: str) -> tuple[rest.DeviceRecord, str]:
    """The device before a slash, and what is after it. A name may hold slashes itself."""
    places = [place for place, letter in enumerate(text) if letter == "/"]
    for place in places:
        if any(text[:place] in (item.device_id, item.label, item.name) for item in devices):
            return resolve.device(devices, text[:place]), text[place + 1 :]
    return resolve.device(devices, text[: places[0]]), text[places[0] + 1 :]


def _model_of(models: Sequence[rest.ModelRecord], text: str) -> tuple[rest.ModelRecord, str | None]:
    """The model, and the runtime after the last @ unless that belongs to the model's name."""
    whole = resolve.stored_model(models, text)
    if whole is not None:
        return whole, None
    name, separator, runtime = text.rpartition("@")
    model = resolve.stored_model(models, name) if separator else None
    if model is None:
        raise UsageError("unknown_model", f"No model {name or text!r} on this hub.")
    return model, runtime


def _age_s(cell: rest.Cell) -> float:
    return -(cell.received_s or 0.0)


def _measured(client: HubClient, device_id: str, column: rest.Column) -> tuple[Result, ...]:
    found = client.results(device_id=device_id, model_id=column.model_id, config_key=column.config_key, limit=MAX_RUNS)
    return tuple(stored.result for stored in found if stored.result.status == "measured")


def _note(text: str, column: rest.Column, count: int) -> str | None:
    if count == 1:
        return None
    threads = f"{column.threads} threads" if column.threads else "all cores"
    return f"{text} has {count} configurations; comparing the newest: {column.runtime}, {threads}"
