"""A family with its float source and two quantized variants, evaluated and measured, on a hub that runs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from edgeprof.quality.outcomes import Outcome, encode_outcomes
from edgeprof.statistics.shares import wilson
from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.identity import sha256_hex
from edgeprof_hub.context import HubContext
from edgeprof_hub.quality.judging import refresh
from edgeprof_hub.store.gates import set_gates
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet
from tests.quality.evaluations import answers, flipped

SET_ID = sha256_hex(b"shapes")
FAMILY = "digits"
FLOAT = fleet.model("cnn fp32", FAMILY, task="image-classification")
GOOD = fleet.model("cnn int8", FAMILY, quantization="int8", task="image-classification")
BAD = fleet.model("cnn int4", FAMILY, quantization="int4", task="image-classification")
MODELS = (FLOAT, GOOD, BAD)
N = 500
RIGHT, SLIGHTLY = flipped(N, 480, 1, 1)
_, WORSE = flipped(N, 480, 60, 0)
GATE = "shapes: accuracy >= source - 2"


def speed(number: int, model: rest.ModelRecord, p50_ms: float, **changes: Any) -> m.Result:
    """A run that measured the model's latency on a device."""
    made = replace(fleet.result(number, model), metrics=fleet.vision_rows(p50_ms, p50_ms / 100))
    return replace(made, **changes)


def evaluated(
    hub: HubContext | None,
    number: int,
    model: rest.ModelRecord,
    right: Sequence[bool | None] | Sequence[Outcome],
    architecture: str = "aarch64",
    version: str | None = None,
    **changes: Any,
) -> m.Result:
    """A run that answered `shapes`; with a hub its outcomes are stored there."""
    outcomes = [each for each in right if isinstance(each, Outcome)] or answers(
        [each for each in right if not isinstance(each, Outcome)]
    )
    answered = [each for each in outcomes if not each.problem]
    share = sum(bool(each.correct) for each in answered) / len(answered)
    low, high = wilson(sum(bool(each.correct) for each in answered), len(answered))
    content = encode_outcomes(outcomes)
    ref = m.ArtifactRef(name="outcomes", sha256=sha256_hex(content), size=len(content), media_type="text/plain")
    if hub is not None and not hub.artifacts.has(ref.sha256):
        path = hub.artifacts.path(ref.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    config = replace(fleet.config(model), evaluation_set=SET_ID)
    evaluation = Evaluation(
        set_id=SET_ID,
        set_name="shapes",
        task="image-classification",
        asked=len(outcomes),
        answered=len(answered),
        ended="all",
        unanswered=len(outcomes) - len(answered),
        problem_count=len(outcomes) - len(answered),
        architecture=architecture,
    )
    base = fleet.result(number, model)
    assert base.effective is not None
    figure = m.MetricRow(
        metric="accuracy_percent", value=100 * share, n=len(answered), ci_low=100 * low, ci_high=100 * high
    )
    made = replace(
        base,
        config=config,
        config_key=identity.config_key(config),
        metrics=(figure,),
        absent=(),
        samples_ms=(),
        evaluation=evaluation,
        artifacts=(ref,),
        effective=replace(base.effective, runtime_version=version or base.effective.runtime_version),
    )
    return replace(made, **changes)


def emptied(hub: HubContext) -> HubContext:
    """The same hub, with nothing in it: starting one takes longer than a test."""

    def change(writer: SqliteWriter) -> None:
        for device in hub.reader.devices():
            writer.delete_device(device.device_id)
        for model in hub.reader.models():
            writer.delete_model(model.model_id)
        writer.change(lambda db: set_gates(db, FAMILY, ()))

    hub.writer.call(change)
    refresh(hub, FAMILY)
    return hub


def store(
    hub: HubContext,
    *results: m.Result,
    devices: Sequence[int] = (1,),
    gates: Sequence[str] = (GATE,),
    models: Sequence[rest.ModelRecord] = MODELS,
) -> None:
    """Store devices, the models, the results and the gates, and judge the family."""

    def change(writer: SqliteWriter) -> None:
        for number in devices:
            writer.save_state(fleet.state(number, f"pi-{number}"), fleet.NOW_S)
            writer.save_facts(fleet.facts(number), None, "")
        for model in models:
            writer.save_model(model)
        for result in results:
            writer.save_result(result, sha256_hex(result.result_id.encode()), fleet.NOW_S)
        writer.change(lambda db: set_gates(db, FAMILY, gates))

    hub.writer.call(change)
    refresh(hub, FAMILY)
