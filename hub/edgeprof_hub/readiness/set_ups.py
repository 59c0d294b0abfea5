"""From the matrix to set-ups: the cells of one configuration that differ in load, prompt and depth alone."""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edgeprof.readiness.evidence import Evidence, RunFacts, SetUp
from edgeprof.readiness.level import ServiceLevel
from edgeprof.wire import identity, rest
from edgeprof.wire.evidence import SweepPoint
from edgeprof.wire.failures import FailureCode
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import Result, RunConfig
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix import labels
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.store.records import CellRow

Pair = tuple[str, str]
"""Device and model."""
MEASURED_ANYWAY = ("noisy", "emulated", "replayed")
"""Trust causes that a figure carries otherwise: its interval is wider, or it counts as unreal."""
OF_MODEL: frozenset[FailureCode] = frozenset(
    (
        "crash",
        "does_not_fit",
        "inference_error",
        "input_unsupported",
        "load_error",
        "no_space",
        "operator_unsupported",
        "out_of_memory",
        "partial_delegation",
        "unsupported_model",
    )
)
"""Failures that a repeat would show again. The others (time limit, heat, a missing size) leave a model unmeasured."""

OPTIONS_AFTER: dict[str, str] = {
    "shape_required": "--input-shape NAME=1,3,224,224",
}
"""What lets a repeat succeed after a failure, where an option does."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What the hub holds of some devices and models."""

    rows: Sequence[CellRow]
    cells: Mapping[rest.CellKey, rest.Cell]
    devices: Mapping[str, rest.DeviceRecord]
    models: Mapping[str, rest.ModelRecord]
    is_synthetic: bool = False


def set_ups_of(store: ReadStore, found: Cells, level: ServiceLevel) -> dict[Pair, list[SetUp]]:
    """By device and model. A result's points are read only where the level names a context that the run lacks."""
    groups: dict[tuple[str, str, str], list[CellRow]] = defaultdict(list)
    base_of: dict[str, str] = {}
    for row in found.rows:
        if row.device_id in found.devices and row.model_id in found.models and row.config.is_speed:
            base = base_of.get(row.config_key) or identity.config_key(_base(row.config))
            base_of[row.config_key] = base  # hashed once, not for each device
            groups[row.device_id, row.model_id, base].append(row)
    made: dict[Pair, list[SetUp]] = defaultdict(list)
    for (device_id, model_id, _), rows in groups.items():
        made[device_id, model_id].append(_set_up(store, found, rows, level))
    return made


def measure_command(model: rest.ModelRecord, device: rest.DeviceRecord, config: RunConfig | None = None) -> str:
    """The command that measures a model on a device, in a configuration that is told apart from the usual one."""
    words = ["edgeprof", "flash", shlex.quote(model.shown_name), "--to", shlex.quote(device.label)]
    if config is not None:
        words += ["--runtime", shlex.quote(config.runtime)]
        words += ["--threads", str(config.threads)] if config.threads else []
        words += ["--provider", shlex.quote(config.provider)] if config.provider != "cpu" else []
    return " ".join(words)


def _base(config: RunConfig) -> RunConfig:
    usual = RunConfig(runtime=config.runtime)
    return replace(
        config,
        arrival_rate_per_s=usual.arrival_rate_per_s,
        prompt_tokens=usual.prompt_tokens,
        decode_tokens=usual.decode_tokens,
        depth_tokens=usual.depth_tokens,
    )


def _set_up(store: ReadStore, found: Cells, rows: Sequence[CellRow], level: ServiceLevel) -> SetUp:
    first = rows[0]
    device, model, base = found.devices[first.device_id], found.models[first.model_id], _base(first.config)
    cells = [found.cells.get((row.device_id, row.model_id, row.config_key)) for row in rows]
    runs = [
        run
        for row, cell in zip(rows, cells, strict=True)
        if cell is not None
        for run in _runs(store, row, cell, device, model, level, found.is_synthetic)
    ]
    threads = f"{base.threads} thread{'s' * (base.threads != 1)}" if base.threads else "all cores"
    known = [cell for cell in cells if cell is not None]
    gated = next((cell.quality for cell in known if cell.quality and cell.quality.gate is not None), None)
    return SetUp(
        device_id=first.device_id,
        model_id=first.model_id,
        label=", ".join((base.runtime, threads, *labels.options_of(base, model))),
        runs=tuple(runs),
        threads=base.threads,
        measure="" if device.played else measure_command(model, device, base),
        quality=_quality(known, device, found.is_synthetic),
        quality_set=next((cell.quality.set_name for cell in known if cell.quality and cell.quality.set_name), ""),
        quality_reason=_entered(model),
        gate=gated.gate if gated else None,
        gate_sentence=" ".join(gated.gate_sentences) if gated else "",
        cost=_cost(known, device, found.is_synthetic),
        cost_reason=_cost_reason(known),
    )


def _runs(
    store: ReadStore,
    row: CellRow,
    cell: rest.Cell,
    device: rest.DeviceRecord,
    model: rest.ModelRecord,
    level: ServiceLevel,
    is_synthetic: bool,
) -> Iterable[RunFacts]:
    """The cell's newest result; and, of a language model, its points at other prompts and depths."""
    result = row.stored.result if row.stored else None
    config = row.config
    failure = cell.failure_message or cell.failure_code or ""
    run = RunFacts(
        result_id=cell.result_id or "",
        figures=cell.metrics,
        absent=cell.absent,
        unreal=_unreal(device, result, is_synthetic),
        doubts=_doubts(cell),
        stale=next((note for note in cell.notes if note.startswith("Stale:")), ""),
        rate_per_s=config.arrival_rate_per_s,
        soak_s=result.protocol.soak_s if result else 0.0,
        depth_tokens=config.depth_tokens,
        prompt_tokens=config.depth_tokens + config.prompt_tokens,
        failure=f"{cell.failure_code}: {failure}" if cell.failure_code and not cell.metrics else failure,
        failure_is_of_model=cell.failure_code in OF_MODEL,
        options_after=OPTIONS_AFTER.get(cell.failure_code or "", ""),
    )
    if not cell.metrics and not failure:
        return
    yield run
    if level.context_tokens and is_language(model.format) and cell.result_id and cell.metrics:
        whole = store.result(cell.result_id)
        for point in whole.result.points if whole else ():
            yield from _at_point(run, point, config)


def _at_point(run: RunFacts, point: SweepPoint, config: RunConfig) -> Iterable[RunFacts]:
    if not point.metrics:
        return
    depth = config.depth_tokens if point.at.depth_tokens is None else point.at.depth_tokens
    prompt = config.prompt_tokens if point.at.prompt_tokens is None else point.at.prompt_tokens
    figures = {row.metric: row for row in point.metrics}
    yield replace(
        run, figures=figures, absent={}, rate_per_s=0.0, soak_s=0.0, depth_tokens=depth, prompt_tokens=depth + prompt
    )


def _unreal(device: rest.DeviceRecord, result: Result | None, is_synthetic: bool) -> str:
    if is_synthetic:
        return "synthetic"
    if result is not None and result.replayed is not None:
        return "replayed"
    return device.played or ("emulated" if result is not None and result.emulated else "")


def _doubts(cell: rest.Cell) -> tuple[str, ...]:
    marks = cell.trust.marks if cell.trust else ()
    return tuple(mark.cause.replace("_", " ") for mark in marks if mark.cause not in MEASURED_ANYWAY)


def _entered(model: rest.ModelRecord) -> str:
    if model.accuracy is None:
        return ""
    return f"{model.accuracy:g} on {model.accuracy_on or 'an unnamed set'} is entered, not measured here"


def _quality(cells: Sequence[rest.Cell], device: rest.DeviceRecord, is_synthetic: bool) -> Evidence | None:
    quality = next((cell.quality for cell in cells if cell.quality and cell.quality.value is not None), None)
    if quality is None or quality.value is None:
        return None
    return Evidence(
        metric=quality.metric,
        value=quality.value,
        unit=METRICS[quality.metric].unit if quality.metric in METRICS else "",
        ci_low=quality.ci_low,
        ci_high=quality.ci_high,
        n=quality.n,
        result_id=quality.result_id,
        unreal="synthetic" if is_synthetic else device.played,
    )


def _cost(cells: Sequence[rest.Cell], device: rest.DeviceRecord, is_synthetic: bool) -> Evidence | None:
    cell = next((cell for cell in cells if cell.cost is not None), None)
    if cell is None or cell.cost is None:
        return None
    return Evidence(
        metric="cost_usd",
        value=cell.cost.edge_usd,
        unit="USD",
        result_id=cell.result_id or "",
        origin="modelled",
        unreal="synthetic" if is_synthetic else device.played,
    )


def _cost_reason(cells: Sequence[rest.Cell]) -> str:
    """What the cost leaves out, or why there is none."""
    priced = next((cell.cost for cell in cells if cell.cost is not None), None)
    if priced is not None:
        return f"not counted: {', '.join(priced.not_counted)}" if priced.not_counted else ""
    return next((cell.cost_absent for cell in cells if cell.cost_absent), None) or ""
