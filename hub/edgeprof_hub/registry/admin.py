"""What a person changes of devices, models and results, with all that follows from it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.labels import LabelledKind
from edgeprof.wire.tasks import TASKS, task_of
from edgeprof_hub import names
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.registry import model_facts, tags
from edgeprof_hub.store import labels
from edgeprof_hub.store.writer import SqliteWriter

MAX_PARAMETERS = 10**15


def rename_device(hub: HubContext, device_id: str, name: str) -> None:
    """Its id and its results stay."""
    shown = names.checked(name)

    def change(store: SqliteWriter) -> bool:
        record = hub.reader.device(device_id)
        if record is None:
            return False
        with store.transaction():
            store.rename_device(device_id, shown)
            noted = _noted("device", device_id, record.name, {"name": (record.name, shown)})
            store.change(lambda db: labels.note(db, noted))
        return True

    if not hub.writer.call(change):
        raise not_found("device", device_id)
    audit.about(device_id, f"name {shown}")
    hub.events.publish([Change("device", device_id)])


def tag_device(hub: HubContext, device_id: str, wanted: Iterable[str]) -> None:
    """Give a device these tags and no others. Raises EdgeprofError: not_found, bad_tag, too_many_tags."""
    new = tags.checked(wanted)

    def change(store: SqliteWriter) -> bool:
        record = hub.reader.device(device_id)
        if record is None:
            return False
        noted = _noted("device", device_id, record.name, {"tags": (record.tags, new)})
        with store.transaction():
            store.change(lambda db: labels.set_device_tags(db, device_id, new))
            store.change(lambda db: labels.note(db, noted))
        return True

    if not hub.writer.call(change):
        raise not_found("device", device_id)
    audit.about(device_id, f"tags {', '.join(new) or 'none'}")
    hub.events.publish([Change("device", device_id)])


def price_device(hub: HubContext, device_id: str, price_usd: float | None, source: str | None) -> None:
    """What the device costs, as a person knows it. A price without its source is refused: nobody could check it."""
    if price_usd is not None and not (source and source.strip()):
        raise UsageError("source_needed", "Enter the source of the price, such as a shop and a date.")
    if not hub.writer.call(lambda store: store.set_device_price(device_id, price_usd, source)):
        raise not_found("device", device_id)
    audit.about(device_id, "price removed" if price_usd is None else f"price {price_usd} USD, {source}")
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
    audit.about(shown, f"{len(device_ids)} devices")
    hub.events.publish([Change("group", shown)])


def delete_group(hub: HubContext, name: str) -> None:
    """Its devices stay."""
    if name not in {group.name for group in hub.reader.groups()}:
        raise not_found("group", name)
    hub.writer.call(lambda store: store.set_group(name, ()))
    audit.about(name)
    hub.events.publish([Change("group", name)])


def edit_model(hub: HubContext, model_id: str, changes: rest.ModelPatch) -> rest.ModelRecord:
    """What a person knows better of a model. Its id and its results stay; pages and costs follow.

    Raises EdgeprofError: not_found, bad_name, bad_task, bad_parameters, bad_tag, too_many_tags.
    """
    values = _checked_changes(changes)
    name = None if changes.name is None else names.checked(changes.name)

    def change(store: SqliteWriter) -> rest.ModelRecord | None:
        record = hub.reader.model(model_id)
        if record is None:
            return None
        with store.transaction():
            if name is not None:
                store.rename_model(model_id, name)
            if values:
                store.save_model(model_facts.edited(record, values))
            after = {**values, **({} if name is None else {"name": name})}
            pairs = {field: (getattr(record, field), value) for field, value in after.items()}
            store.change(lambda db: labels.note(db, _noted("model", model_id, record.name, pairs)))
        return hub.reader.model(model_id)

    saved = hub.writer.call(change)
    if saved is None:
        raise not_found("model", model_id)
    edited = {**values, **({} if name is None else {"name": name})}
    audit.about(model_id, "; ".join(f"{field} {_text(value) or 'none'}" for field, value in edited.items()))
    hub.events.publish([Change("model", model_id)])
    return saved


def _noted(
    kind: LabelledKind, subject_id: str, subject: str, pairs: Mapping[str, tuple[object, object]]
) -> list[rest.LabelChange]:
    """What has changed of these fields; each with its value before and after."""
    return [
        rest.LabelChange(
            at_s=time.time(),
            kind=kind,
            subject_id=subject_id,
            subject=subject,
            field=field,
            before=_text(before),
            after=_text(after),
        )
        for field, (before, after) in pairs.items()
        if before != after
    ]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value)))
    return "" if value is None else str(value)


def _checked_changes(changes: rest.ModelPatch) -> dict[str, object]:
    values: dict[str, object] = {}
    if changes.family is not None:
        values["family"] = names.checked(changes.family)
    if changes.quantization is not None:
        values["quantization"] = names.checked(changes.quantization)
    if changes.variant is not None:
        values["variant"] = names.checked(changes.variant)
    if changes.tags is not None:
        values["tags"] = tags.checked(changes.tags)
    if changes.task is not None:
        try:
            values["task"] = task_of(changes.task)
        except ValueError as error:
            raise UsageError("bad_task", f"{error}. Tasks: {', '.join(TASKS)}.") from error
    if changes.parameters is not None:
        if not 0 < changes.parameters <= MAX_PARAMETERS:
            raise UsageError("bad_parameters", f"{changes.parameters} is not a number of parameters above 0.")
        values["parameters"] = changes.parameters
    return values


def delete_device(hub: HubContext, device_id: str) -> None:
    """With its results, their artifacts, and what the broker keeps of it. Its open jobs are cancelled."""
    if (gone := hub.reader.device(device_id)) is not None:
        audit.about(device_id, gone.label)

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
    if (gone := hub.reader.model(model_id)) is not None:
        audit.about(model_id, gone.name)

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
