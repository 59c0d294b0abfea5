"""What a prediction on this hub may rest on: each model's speed on each device, in one set-up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edgeprof.prediction.roofline import METRIC, Kind, Work, step_s
from edgeprof.wire import identity, rest
from edgeprof.wire.formats import is_language
from edgeprof_hub.store.base import ColumnRow, ReadStore
from edgeprof_hub.store.standing import StandingRow

Pair = tuple[str, str]
"""Model id and device id."""


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


def fleet_of(store: ReadStore) -> Fleet:
    """Three questions to the store."""
    models = {model.model_id: model for model in store.models() if model.format != "served"}
    devices = {each.device_id: each for each in store.devices() if not each.emulated and not each.is_endpoint}
    columns = [each for each in store.columns() if each.model_id in models and not each.config.evaluation_set]
    standings = store.standings([(column.model_id, column.config_key) for column in columns])
    works = {model_id: work_of(model) for model_id, model in models.items()}
    return Fleet(
        works=works,
        devices=devices,
        observed=_observed(columns, standings, works, devices),
        seen=frozenset((row.model_id, row.device_id) for row in standings),
    )


def work_of(model: rest.ModelRecord) -> Work:
    """A generated token of a language model; an inference of any other, whose operations the hub does not know."""
    kind: Kind = "decode" if is_language(model.format) else "tensor"
    return Work(kind=kind, bytes_read=model.size_bytes, params=model.parameters or 0)


def _observed(
    columns: Sequence[ColumnRow],
    standings: Iterable[StandingRow],
    works: Mapping[str, Work],
    devices: Mapping[str, rest.DeviceRecord],
) -> dict[Pair, Observed]:
    """Of each model its commonest set-up: threads or depth would otherwise pass for a board's speed."""
    setup = {(column.model_id, column.config_key): _setup(column) for column in columns}
    rows = [row for row in standings if row.device_id in devices and _is_usable(row)]
    everywhere = Counter(setup[row.model_id, row.config_key] for row in rows)
    of_model = Counter((row.model_id, setup[row.model_id, row.config_key]) for row in rows)
    chosen: dict[str, str] = {}
    for (model_id, name), count in of_model.items():
        best = chosen.get(model_id)
        if best is None or (count, everywhere[name]) > (of_model[model_id, best], everywhere[best]):
            chosen[model_id] = name
    found: dict[Pair, Observed] = {}
    for row in rows:
        kind = works[row.model_id].kind
        figure = row.standing.figures.get(METRIC[kind])
        is_chosen = setup[row.model_id, row.config_key] == chosen[row.model_id]
        if figure is not None and figure.value > 0 and is_chosen:
            pair = row.model_id, row.device_id
            seconds = step_s(kind, figure.value)
            found[pair] = Observed(pair=pair, result_id=row.standing.result_id, step_s=seconds)
    return found


def _setup(column: ColumnRow) -> str:
    return identity.config_key(replace(column.config, shapes={}))


def _is_usable(row: StandingRow) -> bool:
    standing = row.standing
    return standing.status == "measured" and not standing.emulated and standing.replayed is None
