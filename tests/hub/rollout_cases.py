"""Devices that speak the wire and answer every job by themselves, and models of which the truth is known."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import paho.mqtt.client as mqtt

from benchmarks.simulated_runs import ALL, Device
from edgeprof.wire import codec, identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.failures import FailureCode, Stage
from edgeprof.wire.identity import manifest_of, sha256_hex
from edgeprof.wire.rollouts import Rollout, RolloutPlan, RolloutRequest
from edgeprof_hub.context import HubContext
from edgeprof_hub.store.evaluations import save_set
from edgeprof_hub.store.gates import set_gates
from edgeprof_hub.store.writer import SqliteWriter
from tests.hub import fleet, quality_cases
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually

GATE = quality_cases.GATE
SET_ID = quality_cases.SET_ID
RIGHT, _ = quality_cases.RIGHT, quality_cases.SLIGHTLY
WRONG = quality_cases.WORSE
SAMPLES = 200
PLAIN = RolloutPlan(gates=False, max_slowdown_percent=None)
"""Nothing but errors counts."""


@dataclass
class Behaviour:
    """What a model does on every device. `fails_on`: a run's number from 1 at which it fails; 0: at every one."""

    factor: float = 1.0
    series: str = "normal"
    spread: float = 0.003
    """How far whole runs lie apart. Three of each side then show 10 % in 600 of 600 simulated comparisons."""
    scales: tuple[float, ...] = (1.0,)
    """By which a device's runs of the model differ, in turn."""
    fails: tuple[Stage, FailureCode] | None = None
    fails_on: int = 0
    fails_only: str = ""
    """`speed`, `evaluation` or `flash`: where alone it fails."""
    memory_mib: float | None = None
    """Peak memory of its runs, where that matters."""
    refuses: str = ""
    right: Sequence[bool | None] = field(default_factory=lambda: RIGHT)
    holds: Callable[[str], bool] = lambda device_id: True
    """Whether this device answers at all."""


class Agent(FakeAgent):
    """Answers each job once, by the behaviour of its model. `runs`: jobs that it did, by model."""

    def __init__(
        self, port: int, number: int, models: dict[str, Behaviour], hub: HubContext | None = None, **changes: Any
    ) -> None:
        super().__init__(port, number)
        self.number = number
        self.models = models
        self.hub = hub
        self.runs: list[m.Job] = []
        self.facts = replace(self.facts, abilities=("evaluate",), disk_free_mib=10_000.0)
        self.facts = replace(self.facts, **changes)
        self._draw = random.Random(number)
        self._done: set[tuple[str, int]] = set()

    def __enter__(self) -> "Agent":
        super().__enter__()
        return self

    def _arrived(self, client: mqtt.Client, _: object, arrived: mqtt.MQTTMessage) -> None:
        super()._arrived(client, _, arrived)
        message = self.received[-1]
        if isinstance(message, m.Job):
            self._answer(message)

    def _answer(self, job: m.Job) -> None:
        does = self.models[job.model.model_id]
        if (job.job_id, job.attempt) in self._done or not does.holds(self.device_id):
            return
        self._done.add((job.job_id, job.attempt))
        self.runs.append(job)
        if does.refuses:
            ack = m.Ack(job_id=job.job_id, attempt=job.attempt, status="refused", reason=does.refuses)
            self.publish_soon("ack", codec.encode(ack))
            return
        self.post(replace(self._result(job, does), job_id=job.job_id, attempt=job.attempt))

    def _result(self, job: m.Job, does: Behaviour) -> m.Result:
        record = fleet.model(job.model.name, "any", job.model.format)
        record = replace(record, model_id=job.model.model_id)
        kind = "evaluation" if job.config.evaluation_set else "flash" if job.config.load_only else "speed"
        number = sum(1 for each in self.runs if each.model.model_id == job.model.model_id)
        if does.fails and does.fails_only in ("", kind) and does.fails_on in (0, number):
            stage, code = does.fails
            made = fleet.result(self.number, record, failure=m.Failure(stage=stage, code=code, message="", log=""))
        elif kind == "evaluation":
            made = quality_cases.evaluated(self.hub, self.number, record, does.right)
        elif job.config.load_only:
            made = fleet.result(self.number, record)
        else:
            device = Device(ALL[does.series], does.spread)
            scale = does.scales[number % len(does.scales)]
            samples = device.run(self._draw, SAMPLES, does.factor * scale)
            middle = sorted(samples)[SAMPLES // 2]
            rows = fleet.vision_rows(middle, middle / 100)
            if does.memory_mib is not None:
                others = [row for row in rows if row.metric != "peak_memory_mib"]
                rows = (*others, fleet.row("peak_memory_mib", does.memory_mib))
            made = replace(fleet.result(self.number, record, rows), samples_ms=tuple(samples))
        return replace(made, config=job.config, config_key=job.config_key, protocol=job.protocol)


def shapes() -> rest.EvaluationSetRecord:
    """The set of the gate."""
    return rest.EvaluationSetRecord(
        set_id=SET_ID,
        names=("shapes",),
        task="image-classification",
        domain="vision",
        language="",
        items=quality_cases.N,
        size_bytes=1000,
        licence="CC0-1.0",
        source="",
        manifest=manifest_of("set.json", [m.FileRef(path="set.json", size=9, sha256="1" * 64)]),
        facts={},
        created_s=fleet.NOW_S,
    )


def variant(name: str, family: str, quantization: str = "int8") -> rest.ModelRecord:
    """A model of a family."""
    return fleet.model(name, family, quantization=quantization, task="image-classification")


def keep(hub: HubContext, *models: rest.ModelRecord, gates: Sequence[str] = (), has_set: bool = False) -> None:
    """Store models, their families' gates and the set."""

    def change(store: SqliteWriter) -> None:
        for model in models:
            store.save_model(model)
            store.change(lambda db, family=model.family: set_gates(db, family, gates))
        if has_set:
            store.change(lambda db: save_set(db, shapes(), ["1" * 64]))

    hub.writer.call(change)


def ran(hub: HubContext, model: rest.ModelRecord, numbers: Sequence[int]) -> None:
    """These devices measured the model before, as somebody flashed it."""
    results = [fleet.result(number, model, fleet.vision_rows(10.0, 0.1)) for number in numbers]

    def change(store: SqliteWriter) -> None:
        for result in results:
            store.save_result(result, sha256_hex(result.result_id.encode()), fleet.NOW_S)

    hub.writer.call(change)


def answered(hub: HubContext, model: rest.ModelRecord, number: int) -> None:
    """This device answered the set with the model, rightly as a source does."""
    result = quality_cases.evaluated(hub, number, model, RIGHT)
    hub.writer.call(lambda store: store.save_result(result, sha256_hex(result.result_id.encode()), fleet.NOW_S))


def request(
    model: rest.ModelRecord, agents: Sequence[FakeAgent], plan: RolloutPlan = PLAIN, **changes: Any
) -> RolloutRequest:
    """To these devices."""
    ids = tuple(agent.device_id for agent in agents)
    return RolloutRequest(run=rest.CampaignRequest(model_ids=(model.model_id,), device_ids=ids, **changes), plan=plan)


def outcome_of(live: Live, started: Rollout) -> Rollout:
    """Once it has ended, or waits for a person."""
    eventually(lambda: rests(live.client.rollout(started.rollout_id)))
    return live.client.rollout(started.rollout_id)


def rests(found: Rollout) -> bool:
    """Whether nothing moves any more without a person."""
    begun = [group for group in found.groups if group.started_s is not None]
    return found.ended_s is not None or bool(begun and begun[-1].state in ("approval", "short"))


def online(live: Live, agents: Sequence[FakeAgent]) -> None:
    """Until the hub knows them all."""
    ids = {agent.device_id for agent in agents}
    eventually(
        lambda: ids <= {each.device_id for each in live.hub.reader.devices() if each.online and each.facts is not None}
    )


def new_id() -> str:
    """An id that nothing has."""
    return identity.new_id()
