"""What a prediction on this hub may rest on: each model's speed on each device, in one set-up."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from edgeprof.fit.of_facts import room_of_facts
from edgeprof.prediction.roofline import METRIC, Kind, Work, step_s
from edgeprof.wire import identity, rest
from edgeprof.wire.formats import ModelFormat, is_language
from edgeprof_devices import load_profiles
from edgeprof_devices.fitting import room_of
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.store.records import ColumnRow
from edgeprof_hub.store.standing import StandingRow

Pair = tuple[str, str]
"""Model id and device id."""
_MIXTURE = re.compile(
    r"\d+x\d+(?:\.\d+)?b|(?<![a-z0-9])a\d+(?:\.\d+)?b(?![a-z0-9])|moe(?![a-z])|mixtral", re.IGNORECASE
)
"""How mixtures of experts are named: 8x7B, 30B-A3B, OLMoE. The hub's record of a model has no count of experts."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One measured pair: the seconds of a generated token, or of an inference."""

    pair: Pair
    result_id: str
    step_s: float


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The hub's models and devices that a prediction is about, and what was measured of them."""

    works: Mapping[str, Work]
    """By model id."""
    devices: Mapping[str, rest.DeviceRecord]
    """By id; neither emulated ones nor endpoints: their times are not a board's."""
    observed: Mapping[Pair, Observed]
    seen: frozenset[Pair]
    """Pairs with any result, also a failed one: of these nothing is predicted."""
    chosen: Mapping[str, str]
    """Of each measured model the key of the configuration that `observed` is of, and so every prediction of it."""
    impossible: frozenset[Pair] = frozenset()
    """Pairs where the device runs no such format, or where the model's file alone exceeds the memory for it."""


def fleet_of(store: ReadStore) -> Fleet:
    """Three questions to the store."""
    models = {model.model_id: model for model in store.models() if model.format != "served"}
    devices = {each.device_id: each for each in store.devices() if not each.emulated and not each.is_endpoint}
    columns = [each for each in store.columns() if each.model_id in models and each.config.is_speed]
    standings = store.standings([(column.model_id, column.config_key) for column in columns])
    works = {model_id: work_of(model) for model_id, model in models.items()}
    usable = [row for row in standings if row.device_id in devices and _is_usable(row)]
    chosen = _chosen(columns, usable)
    return Fleet(
        works=works,
        devices=devices,
        observed=_observed(usable, works, chosen),
        seen=frozenset((row.model_id, row.device_id) for row in standings),
        chosen=chosen,
        impossible=_impossible(models.values(), devices.values()),
    )


def work_of(model: rest.ModelRecord) -> Work:
    """A generated token of a language model; an inference of any other, whose operations the hub does not know."""
    kind: Kind = "decode" if is_language(model.format) else "tensor"
    is_sparse = kind == "decode" and any(_MIXTURE.search(text) for text in (model.name, model.family))
    return Work(kind=kind, bytes_read=model.size_bytes, params=model.parameters or 0, is_sparse=is_sparse)


def _impossible(models: Collection[rest.ModelRecord], devices: Iterable[rest.DeviceRecord]) -> frozenset[Pair]:
    formats: set[ModelFormat] = {model.format for model in models}
    found: set[Pair] = set()
    for device in devices:
        readable = {each for each in formats if device.measures(each)}
        room_mib = _room_mib(device)
        for model in models:
            if model.format not in readable or (room_mib is not None and model.size_bytes / 2**20 > room_mib):
                found.add((model.model_id, device.device_id))
    return frozenset(found)


def _room_mib(device: rest.DeviceRecord) -> float | None:
    """By the device's own facts, else by its profile; None where neither tells."""
    if device.facts is not None:
        return room_of_facts(device.facts).mib
    profile = load_profiles().get(device.profile_id or "")
    return None if profile is None else room_of(profile).mib


def _chosen(columns: Iterable[ColumnRow], rows: Iterable[StandingRow]) -> dict[str, str]:
    """Of each model its commonest configuration: threads, depth or input size would otherwise pass for a board's speed.

    Of equally common ones the one whose set-up, apart from input shapes, is the commonest on the hub.
    """
    setup = {(column.model_id, column.config_key): _setup(column) for column in columns}
    of_model = Counter((row.model_id, row.config_key) for row in rows)
    everywhere = Counter[str]()
    for key, count in of_model.items():
        everywhere[setup[key]] += count
    ordered = sorted(of_model, key=lambda key: (of_model[key], everywhere[setup[key]], key))
    return dict(ordered)  # the last of each model wins


def _observed(
    rows: Iterable[StandingRow], works: Mapping[str, Work], chosen: Mapping[str, str]
) -> dict[Pair, Observed]:
    found: dict[Pair, Observed] = {}
    for row in rows:
        kind = works[row.model_id].kind
        figure = row.standing.figures.get(METRIC[kind])
        if figure is not None and figure.value > 0 and row.config_key == chosen[row.model_id]:
            pair = row.model_id, row.device_id
            seconds = step_s(kind, figure.value)
            found[pair] = Observed(pair=pair, result_id=row.standing.result_id, step_s=seconds)
    return found


def _setup(column: ColumnRow) -> str:
    return identity.config_key(replace(column.config, shapes={}))


def _is_usable(row: StandingRow) -> bool:
    standing = row.standing
    return standing.status == "measured" and not standing.emulated and standing.replayed is None
