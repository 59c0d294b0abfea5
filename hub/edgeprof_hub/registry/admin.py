"""What a person changes of devices, models and results, with all that follows from it."""

from collections.abc import Sequence

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub import names
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.store.writer import SqliteWriter


def rename_device(hub: HubContext, device_id: str, name: str) -> None:
    """Its id and its results stay."""
    shown = names.checked(name)
    if not hub.writer.call(lambda store: store.rename_device(device_id, shown)):
        raise not_found("device", device_id)
    hub.events.publish([Change("device", device_id)])


def price_device(hub: HubContext, device_id: str, price_usd: float | None, source: str | None) -> None:
    """What the device costs, as a person knows it. A price without its source is refused: nobody could check it."""
    if price_usd is not None and not (source and source.strip()):
        raise UsageError("source_needed", "Enter the source of the price, such as a shop and a date.")
    if not hub.writer.call(lambda store: store.set_device_price(device_id, price_usd, source)):
        raise not_found("device", device_id)
    hub.events.publish([Change("device", device_id)])


def set_group(hub: HubContext, name: str, device_ids: Sequence[str]) -> None:
    """Make or replace a group of known devices. Raises EdgeprofError: bad_name, not_found, empty_group."""
    shown = names.checked(name)
    known = {device.device_id for device in hub.reader.devices()}
    if strange := [device_id for device_id in device_ids if device_id not in known]:
        raise not_found("device", strange[0])
    if not device_ids:
        raise UsageError("empty_group", "Select at least one device for the group.")
    hub.writer.call(lambda store: store.set_group(shown, device_ids))
    hub.events.publish([Change("group", shown)])


def delete_group(hub: HubContext, name: str) -> None:
    """Its devices stay."""
    if name not in {group.name for group in hub.reader.groups()}:
        raise not_found("group", name)
    hub.writer.call(lambda store: store.set_group(name, ()))
    hub.events.publish([Change("group", name)])


def rename_model(hub: HubContext, model_id: str, name: str) -> None:
    """Its id and its results stay."""
    shown = names.checked(name)
    if not hub.writer.call(lambda store: store.rename_model(model_id, shown)):
        raise not_found("model", model_id)
    hub.events.publish([Change("model", model_id)])


def delete_device(hub: HubContext, device_id: str) -> None:
    """With its results, their artifacts, and what the broker keeps of it. Its open jobs are cancelled."""

    def change(store: SqliteWriter) -> bool:
        jobs = hub.reader.open_jobs(device_id)
        artifacts = hub.reader.artifacts(device_id=device_id)
        if not store.delete_device(device_id):
            return False
        hub.link.forget_retained(device_id)
        hub.link.ask(device_id)  # one that is there is news: it comes back, without its results
        _clean_up(hub, jobs, artifacts)
        return True

    if not hub.writer.call(change):
        raise not_found("device", device_id)
    hub.events.publish([Change("device", device_id)])


def delete_model(hub: HubContext, model_id: str) -> None:
    """With its results, their artifacts, and those of its files that no other model has."""

    def change(store: SqliteWriter) -> bool:
        record = hub.reader.model(model_id)
        if record is None:
            return False
        jobs = hub.reader.open_jobs(model_id=model_id)
        artifacts = hub.reader.artifacts(model_id=model_id)
        store.delete_model(model_id)
        hub.blobs.remove(hub.reader.unused_blobs(file.sha256 for file in record.manifest.files))
        _clean_up(hub, jobs, artifacts)
        return True

    if not hub.writer.call(change):
        raise not_found("model", model_id)
    hub.events.publish([Change("model", model_id)])


def delete_result(hub: HubContext, result_id: str) -> None:
    """With its artifacts. Its cell falls back to the newest result that remains."""

    def change(store: SqliteWriter) -> bool:
        artifacts = hub.reader.artifacts(result_id=result_id)
        if not store.delete_result(result_id):
            return False
        _clean_up(hub, (), artifacts)
        return True

    if not hub.writer.call(change):
        raise not_found("result", result_id)
    hub.events.publish([Change("result", result_id)])


def _clean_up(hub: HubContext, jobs: Sequence[rest.JobRecord], artifacts: set[str]) -> None:
    """What the committed deletion leaves to do outside the database."""
    for job in jobs:
        hub.dispatch.notify_cancelled(job)
    hub.artifacts.remove(hub.reader.unused_artifacts(artifacts))
