"""What a person's words mean: which devices, which model (a file, one on the hub, or a recipe)."""

from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.client.http_client import HubClient
from edgeprof.errors import MissingPartError, UsageError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.modelfiles.record import Labels, record_of_file
from edgeprof.wire import identity, rest
from edgeprof.wire.model_names import distinct_names

Say = Callable[[str], None]
TAG_PREFIX = "tag:"
MAX_NAME_CHARS = 28
"""Of a device or a model in a line of progress, so that two of them leave room for what happens."""


def devices(known: Sequence[rest.DeviceRecord], targets: Sequence[str], everywhere: bool) -> list[rest.DeviceRecord]:
    """The devices that `--to` names (by label, name, id or `tag:TAG`), or with `--all` those online.

    Raises UsageError: no_device, no_target, unknown_device, ambiguous_device.
    """
    if everywhere:
        online = [device for device in known if device.online]
        if not online:
            raise UsageError("no_device", "No device is online. Start one with `edgeprof agent run --hub URL`.")
        return online
    if not targets:
        raise UsageError("no_target", "Name the devices: --to DEVICE (repeat it for several), --group NAME or --all.")
    found = [item for text in targets for item in (_tagged(known, text) or [device(known, text)])]
    return list({item.device_id: item for item in found}.values())


def _tagged(known: Sequence[rest.DeviceRecord], text: str) -> list[rest.DeviceRecord]:
    """All devices with the tag of `tag:TAG`; none where `text` is a device's name, or not of this form."""
    if not text.startswith(TAG_PREFIX) or any(text in (item.label, item.name) for item in known):
        return []
    tag = text.removeprefix(TAG_PREFIX).casefold()
    if found := [item for item in known if tag in item.tags]:
        return found
    tags = ", ".join(sorted({each for item in known for each in item.tags})) or "none yet"
    raise UsageError("unknown_device", f"No device with the tag {tag!r} on this hub. Tags: {tags}.")


def device(known: Sequence[rest.DeviceRecord], text: str) -> rest.DeviceRecord:
    """The one device that `text` names. Raises UsageError when there is none or more than one."""
    found = [item for item in known if text in (item.device_id, item.label)] or [
        item for item in known if item.name == text
    ]
    if len(found) > 1:
        ids = ", ".join(item.device_id for item in found)
        raise UsageError("ambiguous_device", f"{len(found)} devices are named {text!r}: {ids}. Use one of these ids.")
    if not found:
        names = ", ".join(item.label for item in known) or "none yet"
        raise UsageError("unknown_device", f"No device {text!r} on this hub. Devices: {names}.")
    return found[0]


def group_members(known: Sequence[rest.DeviceGroup], names: Sequence[str]) -> list[str]:
    """Ids of the devices of these groups. Raises UsageError for one that is not there."""
    groups = {group.name: group.device_ids for group in known}
    if strange := [name for name in names if name not in groups]:
        there = ", ".join(groups) or "none yet"
        raise UsageError("unknown_group", f"No group {strange[0]!r} on this hub. Groups: {there}.")
    return [device_id for name in names for device_id in groups[name]]


def stored_model(known: Sequence[rest.ModelRecord], text: str) -> rest.ModelRecord | None:
    """The model on the hub that `text` names by name, label, id or unique start of an id (8 characters and more)."""
    found = [
        item
        for item in known
        if text in (item.model_id, item.name, item.shown_name) or (len(text) >= 8 and item.model_id.startswith(text))
    ]
    if len(found) > 1:
        ids = ", ".join(item.model_id[:12] for item in found)
        raise UsageError("ambiguous_model", f"{len(found)} models are named {text!r}: {ids}. Use one of these ids.")
    return found[0] if found else None


def put_model(client: HubClient, text: str, labels: Labels, say: Say) -> rest.ModelRecord:
    """The model that `text` means, on the hub: uploaded first if it is a file or a recipe."""
    if (path := Path(text)).exists():
        model = inspect(path)
        return _upload(client, model, record_of_file(model, path, labels), say)
    if stored := stored_model(client.models(), text):
        return stored
    if fetched := _from_recipe(text, say):
        return _upload(client, *fetched, say)
    raise UsageError(
        "unknown_model",
        f"{text!r} is not a file here, a model on the hub or a recipe. List recipes with `edgeprof models list`.",
    )


def _from_recipe(text: str, say: Say) -> tuple[ModelFile, rest.ModelRecord] | None:
    try:
        from edgeprof_exports import catalogue, fetch
    except (ModuleNotFoundError, MissingPartError):  # recipes need Python 3.11
        return None
    recipe = catalogue.load_recipes().get(text)
    if recipe is None:
        return None
    model = inspect(fetch.ensure(recipe, say))
    return model, catalogue.record_of(recipe, model)


def _upload(client: HubClient, model: ModelFile, record: rest.ModelRecord, say: Say) -> rest.ModelRecord:
    def sent(done: int, total: int) -> None:
        say(f"{record.name}: {done / 2**20:.1f} of {total / 2**20:.1f} MiB sent{'.' if done == total else ''}")

    return client.add_model(model, record, sent)


def item_id(client: HubClient, kind: str, which: str) -> str:
    """The id of a device, a model or a result that a person named."""
    if kind == "device":
        return device(client.devices(), which).device_id
    if kind == "model":
        found = stored_model(client.models(), which)
        if found is None:
            raise UsageError("unknown_model", f"No model {which!r} on this hub.")
        return found.model_id
    try:
        return identity.checked_result_id(which)
    except ValueError as error:
        raise UsageError("bad_result_id", f"{which!r} is not a result id. Copy it from `edgeprof results`.") from error


def describer(
    chosen: Sequence[rest.DeviceRecord],
    records: Sequence[rest.ModelRecord],
    sets: Sequence[rest.EvaluationSetRecord] = (),
) -> Callable[[rest.JobRecord], str]:
    """Names a job as `device  model`, padded to line up; one that evaluates also by its set."""
    labels = {item.device_id: _shortened(item.label) for item in chosen}
    names = distinct_names({item.model_id: _short_label(item) for item in records})
    wide_device = max(map(len, labels.values()), default=0)
    wide_model = max(map(len, names.values()), default=0)
    titles = {item.set_id: f"  on {_shortened(item.name)}" for item in sets}

    def described(job: rest.JobRecord) -> str:
        cell = f"{labels[job.device_id]:<{wide_device}}  {names[job.model_id]:<{wide_model}}"
        return f"{cell}{titles.get(job.config.evaluation_set, '')}"

    return described


def namesakes(known: Sequence[rest.ModelRecord], record: rest.ModelRecord) -> str | None:
    """Which of several models of one name `record` is; None where no other has its name."""
    names = distinct_names({item.model_id: item.name for item in (*known, record)})
    others = sorted({names[item.model_id] for item in known if item.name == record.name} - {names[record.model_id]})
    if not others:
        return None
    return (
        f"{len(others) + 1} models are named {record.name}. This is {names[record.model_id]}, not {', '.join(others)}."
    )


def _short_label(record: rest.ModelRecord) -> str:
    """The name cut short, with the part of the label that tells it from its namesakes."""
    return _shortened(record.name) + record.shown_name.removeprefix(record.name)


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_NAME_CHARS else f"{text[: MAX_NAME_CHARS - 1]}…"
