"""Every model on every device against a service level, from the hub's newest results."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeprof.errors import UsageError
from edgeprof.prediction.predicted import Predicted
from edgeprof.readiness.document import ReadyAnswer, ReadyRow
from edgeprof.readiness.evidence import SetUp
from edgeprof.readiness.judge import judged_pair
from edgeprof.readiness.level import DEFAULT_UTILISATION, ServiceLevel
from edgeprof.readiness.status import VERDICTS
from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.formats import is_language
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix import table
from edgeprof_hub.prediction.cells import predicted_cells
from edgeprof_hub.readiness.set_ups import Cells, measure_command, set_ups_of
from edgeprof_hub.store.reader import SqliteReader

MIN_UTILISATION, MAX_UTILISATION = 0.05, 1.0


@dataclass(frozen=True, kw_only=True)
class ReadyQuery:
    """What is asked for. Words of `device` and `family` are searched in names and tags; empty: all."""

    level: ServiceLevel
    device: str = ""
    family: str = ""
    utilisation: float = DEFAULT_UTILISATION


def checked_utilisation(text: str) -> float:
    """From percent or a share, as a person types it. Raises UsageError: bad_utilisation.

    >>> checked_utilisation("70 %"), checked_utilisation("0.7"), checked_utilisation("")
    (0.7, 0.7, 0.7)
    """
    plain = text.strip().removesuffix("%").strip()
    if not plain:
        return DEFAULT_UTILISATION
    try:
        value = float(plain)
    except ValueError:
        value = float("nan")
    share = value / 100 if value > 1 or "%" in text else value
    if not MIN_UTILISATION <= share <= MAX_UTILISATION:
        raise UsageError("bad_utilisation", f"{text[:40]!r} is not a utilisation. Use 5 to 100 %.")
    return share


def ready_answer(store: SqliteReader, query: ReadyQuery, limit: int | None = None) -> ReadyAnswer:
    """The rows, the best first: by verdict, then by fewest devices for the load, then by name."""
    axes = table.axes(store)
    devices = [one for one in axes.devices if _has(query.device, (one.label, one.profile_title or "", *one.tags))]
    models = [one for one in axes.models.values() if _is_asked(one, query)]
    found = _cells(store, axes, devices, models)
    by_pair, predictions = set_ups_of(store, found, query.level), predicted_cells(store)
    rows = [
        _row(
            query,
            device,
            model,
            by_pair.get((device.device_id, model.model_id), []),
            predictions.get((model.model_id, device.device_id)),
        )
        for model in models
        for device in devices
        if device.measures(model.format)
    ]
    rows.sort(key=_place)
    counts = Counter(row.pair.verdict for row in rows)
    return ReadyAnswer(
        level=query.level.lines,
        utilisation=query.utilisation,
        counts={verdict: counts[verdict] for verdict in reversed(VERDICTS)},
        rows=tuple(rows if limit is None else rows[:limit]),
        notes=_notes(store, query, rows),
    )


def _is_asked(model: rest.ModelRecord, query: ReadyQuery) -> bool:
    language = is_language(model.format)
    if (query.level.is_of_language and not language) or (query.level.is_of_inference and language):
        return False
    return _has(query.family, (model.family, model.name, model.task, *model.tags))


def _cells(
    store: SqliteReader,
    axes: table.MatrixAxes,
    devices: Sequence[rest.DeviceRecord],
    models: Sequence[rest.ModelRecord],
) -> Cells:
    asked = {model.model_id for model in models}
    columns = [column for column in axes.columns if column.model_id in asked]
    part = table.part_of(store, axes, devices, columns, time.time(), metrics=())
    rows = store.cells(device_ids=sorted(device.device_id for device in devices), columns=[*map(table.key_of, columns)])
    return Cells(
        rows=rows,
        cells={(cell.device_id, cell.model_id, cell.config_key): cell for cell in part.shown.cells},
        devices={device.device_id: device for device in devices},
        models={model.model_id: model for model in models},
        is_synthetic=store.is_synthetic(),
    )


def _row(
    query: ReadyQuery,
    device: rest.DeviceRecord,
    model: rest.ModelRecord,
    set_ups: Sequence[SetUp],
    predicted: Predicted | None,
) -> ReadyRow:
    pair = judged_pair(
        query.level,
        device.device_id,
        model.model_id,
        set_ups,
        is_language(model.format),
        query.utilisation,
        "" if device.played else measure_command(model, device),
    )
    if pair.best is None and predicted is not None:
        pair = replace(pair, sentence=f"{pair.sentence} {_prediction(predicted)}")
    return ReadyRow(device=device.label, model=model.shown_name, family=model.family, tag=device.tag, pair=pair)


def _prediction(found: Predicted) -> str:
    """What is expected; it counts for nothing in the verdict."""
    metric = METRICS[found.metric]
    low, value, high = (figures.number(each) for each in (found.low, found.value, found.high))
    return f"Predicted {metric.title} {value} {metric.unit} ({low}–{high}); predictions do not count."


def _place(row: ReadyRow) -> tuple[bool, int, int, str, str]:
    """What was never run comes last."""
    best = row.pair.best
    needed = best.horizontal.devices if best and best.horizontal else None
    return best is None, -VERDICTS.index(row.pair.verdict), needed or 2**31, row.model.lower(), row.device.lower()


def _notes(store: SqliteReader, query: ReadyQuery, rows: Sequence[ReadyRow]) -> tuple[str, ...]:
    notes: list[str] = []
    if store.is_synthetic():
        notes.append("Every figure on this hub is synthetic: nothing is ready by it.")
    if not rows and (query.device or query.family):
        notes.append("No device and model match the filter.")
    elif not rows:
        kind = "a language model" if query.level.is_of_language else "a model that answers at once"
        notes.append(f"No device, or no model of this kind: the level needs {kind}.")
    return tuple(notes)


def _has(searched: str, texts: Sequence[str]) -> bool:
    there = [text.casefold() for text in texts]
    return all(any(word in text for text in there) for word in searched.casefold().split())
