"""Verdicts on a family's gates and the drift of its models, from outcomes to stored rows. Takes seconds: no page waits.

Rows are kept until their inputs change: the gates, the models, the newest evaluations and their outcomes' hashes.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edgeprof.errors import EdgeprofError
from edgeprof.quality.capability import CapabilityRow, Evaluated, capability_rows, spelled
from edgeprof.quality.drift import find_drift
from edgeprof.quality.gate_text import Gate, parse_gate
from edgeprof.quality.gates import judge_gate
from edgeprof.quality.pairing import EvaluationRecord, record_of
from edgeprof.wire import rest
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.model_names import distinct_names
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.quality.cells import architecture_of
from edgeprof_hub.quality.references import current, rank_of, reference
from edgeprof_hub.registry.evaluation_reading import outcomes_of
from edgeprof_hub.store import gates as store_gates
from edgeprof_hub.store.rows import to_json

log = logging.getLogger(__name__)

RULES = "5"
"""Counts up when verdicts on the same inputs may change."""
MAX_ITEMS = 100
"""Items that a stored drift names of each kind."""


_ONE_AT_A_TIME = threading.Lock()
"""Of two at once the slower one would store what has changed meanwhile."""


def refresh(hub: HubContext, family: str) -> bool:
    """Judge a family again if what its rows rest on has changed. Whether it had."""
    with _ONE_AT_A_TIME:
        return _refreshed(hub, family)


def _refreshed(hub: HubContext, family: str) -> bool:
    models = {model.model_id: model for model in hub.reader.models() if model.family == family}
    asked = [(model_id, set_id, shots) for model_id, set_id, shots, _ in hub.reader.evaluations.counts([*models])]
    runs = current(_placed(hub, hub.reader.evaluations.latest(asked, in_each_place=True)))
    shown = {run.result_id for run in hub.reader.evaluations.latest(asked)}
    lines = hub.reader.gates.gates([family]).get(family, ())
    hashes = hub.reader.evaluations.outcomes([run.result_id for run in runs])
    names = {one.set_id: one.names for one in hub.reader.evaluations.sets()}
    inputs = sha256_hex(to_json([RULES, lines, _of_models(models), _of_runs(runs, hashes), names]).encode())
    if inputs == hub.reader.gates.inputs(family):
        return False
    gates = [parse_gate(line) for line in lines]
    verdicts, drifts, capability = list[rest.GateVerdictRecord](), list[rest.DriftRecord](), list[CapabilityRow]()
    for set_id in dict.fromkeys(run.set_id for run in runs):
        one = _OneSet(hub, family, models, [run for run in runs if run.set_id == set_id], names.get(set_id, ()), shown)
        verdicts += [each for gate in gates for each in one.verdicts(gate)]
        drifts += one.drifts()
        capability += one.capability()
    hub.writer.call(
        lambda store: store.change(lambda db: store_gates.save_judged(db, family, inputs, verdicts, drifts, capability))
    )
    hub.events.publish([Change("family", family)])
    return True


def _placed(hub: HubContext, found: Sequence[rest.EvaluationRecord]) -> list[rest.EvaluationRecord]:
    """With the device's architecture where an older agent has not reported the run's."""
    devices = {device.device_id: device for device in hub.reader.devices(retired=True)}
    return [
        one if one.architecture else replace(one, architecture=architecture_of(devices.get(one.device_id)))
        for one in found
    ]


def refresh_all(hub: HubContext) -> None:
    """Every family that has evaluations or had rows. One that cannot be judged keeps no other from it."""
    families = {model.family for model in hub.reader.models()} | set(hub.reader.gates.judged())
    for family in sorted(families):
        try:
            refresh(hub, family)
        except EdgeprofError as error:
            log.warning("quality.not_judged family=%s reason=%s", family, error)
        except Exception:
            log.exception("quality.failed family=%s", family)


def _of_models(models: Mapping[str, rest.ModelRecord]) -> list[tuple[str, str, str]]:
    return sorted((model.model_id, model.shown_name, model.quantization) for model in models.values())


def _of_runs(runs: Iterable[rest.EvaluationRecord], hashes: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(run.result_id, hashes.get(run.result_id, "")) for run in runs]


@dataclass
class _OneSet:
    """A family's evaluations on one set while they are judged. Outcomes are read once each, and dropped with it."""

    hub: HubContext
    name: str
    models: Mapping[str, rest.ModelRecord]
    runs: Sequence[rest.EvaluationRecord]
    set_names: Sequence[str]
    shown: Collection[str]
    """Of several runs on one device, as of two runtime versions, those that stand for it."""
    _read: dict[str, EvaluationRecord | None] = field(default_factory=lambda: {})

    def verdicts(self, gate: Gate) -> list[rest.GateVerdictRecord]:
        asked = [run for run in self.runs if gate.set_name in (run.set_name, *self.set_names)]
        groups: dict[str, list[rest.EvaluationRecord]] = defaultdict(list)
        found: list[rest.GateVerdictRecord] = []
        read = {run.result_id: record for run in asked if (record := self._record(run)) is not None}
        shapes = {result_id: record.evaluation.batch_shape for result_id, record in read.items()}
        for run in asked:
            source = None if gate.kind == "minimum" else reference(run, asked, self.models, shapes)
            if source is run:
                name = self.models[run.model_id].shown_name
                found.append(self._verdict(gate, run, "", "reference", f"{name} is what the others are held against."))
            else:
                groups[source.result_id if source else ""].append(run)
        for source_id, candidates in groups.items():
            found += self._judged(gate, source_id, candidates)
        return found

    def _judged(
        self, gate: Gate, source_id: str, runs: Sequence[rest.EvaluationRecord]
    ) -> list[rest.GateVerdictRecord]:
        by_id = {run.result_id: run for run in self.runs}
        records = {run.result_id: self._record(run, gate) for run in runs}
        source = self._record(by_id[source_id], gate) if source_id else None
        unread = "is undecided: its outcomes are not stored here. Evaluate it again."
        lost = source_id and source is None
        read = [] if lost else [(run, one) for run in runs if (one := records[run.result_id]) is not None]
        judged = judge_gate(gate, source, [one for _, one in read])
        found = [
            self._verdict(gate, run, source_id, one.state, one.sentence, one.n)
            for (run, _), one in zip(read, judged, strict=True)
        ]
        missing = [run for run in runs if lost or records[run.result_id] is None]
        return found + [
            self._verdict(gate, run, source_id, "undecided", f"{self._name(run)} {unread}") for run in missing
        ]

    def drifts(self) -> list[rest.DriftRecord]:
        """Each set-up against the first evaluation of its model on the same set in another place."""
        groups: dict[tuple[str, str, int], list[rest.EvaluationRecord]] = defaultdict(list)
        for run in self.runs:
            groups[run.model_id, run.set_id, run.shots].append(run)
        return [
            drift
            for group in groups.values()
            for other in _one_each_place(group)[1:]
            if (drift := self._drift(group[0], other)) is not None
        ]

    def capability(self) -> tuple[CapabilityRow, ...]:
        """A row for each model, device and runtime, of several configurations the newest whole one."""
        ranked = sorted((run for run in self.runs if run.result_id in self.shown), key=rank_of)
        newest = {(run.model_id, run.shots, run.device_id, run.runtime): run for run in ranked}
        devices = {device.device_id: device.label for device in self.hub.reader.devices(retired=True)}
        titles = distinct_names({model_id: _title(model) for model_id, model in self.models.items()})
        found: list[Evaluated] = []
        for run in newest.values():
            if (record := self._record(run)) is not None:
                model = self.models[run.model_id]
                found.append(
                    Evaluated(
                        model=titles[run.model_id],
                        device=devices.get(run.device_id, run.device_id),
                        runtime=run.runtime,
                        evaluation=record.evaluation,
                        outcomes=record.outcomes,
                        figures=record.figures,
                        shots=run.shots,
                        quantization=model.quantization,
                        result_id=run.result_id,
                    )
                )
        return capability_rows(found)

    def _drift(self, first: rest.EvaluationRecord, other: rest.EvaluationRecord) -> rest.DriftRecord | None:
        one, another = self._record(first), self._record(other)
        if one is None or another is None:
            return None
        found = find_drift(
            replace(one, name=f"{first.runtime} on {first.architecture or 'an unnamed architecture'}"),
            replace(another, name=f"{other.runtime} on {other.architecture or 'an unnamed architecture'}"),
        )
        return rest.DriftRecord(
            family=self.name,
            model_id=first.model_id,
            set_id=first.set_id,
            result_id=other.result_id,
            other_id=first.result_id,
            verdict=found.verdict,
            sentence=found.sentence,
            n=found.n,
            answers_differ=found.answers_differ[:MAX_ITEMS],
            gained=found.gained[:MAX_ITEMS],
            lost=found.lost[:MAX_ITEMS],
            unanswered_by_one=found.unanswered_by_one[:MAX_ITEMS],
            largest_score_difference=found.largest_score_difference,
        )

    def _record(self, run: rest.EvaluationRecord, gate: Gate | None = None) -> EvaluationRecord | None:
        """An evaluation with its outcomes; None where they cannot be read. A gate may call the set by another name."""
        if run.result_id not in self._read:
            self._read[run.result_id] = self._from_store(run)
        found = self._read[run.result_id]
        if found is None or gate is None:
            return found
        return replace(found, evaluation=replace(found.evaluation, set_name=gate.set_name))

    def _from_store(self, run: rest.EvaluationRecord) -> EvaluationRecord | None:
        stored = self.hub.reader.result(run.result_id)
        if stored is None or stored.result.evaluation is None:
            return None
        try:
            outcomes = outcomes_of(stored.result, self.hub.artifact)
        except EdgeprofError:
            return None
        return record_of(self._name(run), stored.result, outcomes, run.architecture)

    def _name(self, run: rest.EvaluationRecord) -> str:
        place = f" on {run.architecture}" if run.architecture else ""
        return f"{self.models[run.model_id].shown_name} with {run.runtime}{place}"

    def _verdict(
        self,
        gate: Gate,
        run: rest.EvaluationRecord,
        reference_id: str,
        state: rest.VerdictState,
        sentence: str,
        n: int = 0,
    ) -> rest.GateVerdictRecord:
        return rest.GateVerdictRecord(
            family=self.name,
            gate=str(gate),
            model_id=run.model_id,
            base_key=run.base_key,
            runtime=run.runtime,
            architecture=run.architecture,
            result_id=run.result_id,
            reference_id=reference_id,
            state=state,
            sentence=sentence,
            n=n,
        )


def _title(model: rest.ModelRecord) -> str:
    is_said = spelled(model.quantization) in spelled(model.name)
    return model.name if is_said else f"{model.name} {model.quantization}"


def _one_each_place(runs: Sequence[rest.EvaluationRecord]) -> list[rest.EvaluationRecord]:
    """The first of each runtime version and architecture."""
    first: dict[tuple[str, str], rest.EvaluationRecord] = {}
    for run in runs:
        first.setdefault((run.runtime, run.architecture), run)
    return [*first.values()]
