"""Quality beside speed: what each cell of the matrix shows of its set-up. A few queries of rows; no outcome is read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edgeprof.wire import rest
from edgeprof.wire.quality import DriftKind
from edgeprof_hub.quality.correct import correct_cost
from edgeprof_hub.replacing import replaced
from edgeprof_hub.store.reader import SqliteReader

Gates = tuple[rest.VerdictState | None, tuple[str, ...]]
"""The worst state of all gates, and a sentence for each; None: there is no gate."""
Place = tuple[str, str, str]
"""Model, runtime with its version, architecture."""
_WORST: tuple[rest.VerdictState, ...] = ("fails", "undecided", "passes", "reference")


@dataclass(frozen=True)
class Verdicts:
    """Of some families: their gates, and every verdict by the set-up that it is of."""

    gates: Mapping[str, tuple[str, ...]]
    by_place: Mapping[Place, tuple[rest.GateVerdictRecord, ...]]
    drifts: Mapping[str, tuple[DriftKind, str]]

    def of(self, family: str, place: Place, base_key: str, name: str) -> Gates:
        """What one set-up holds.

        A gate belongs to variant, runtime and architecture: where this very configuration was not evaluated, the worst
        of the others in the same place counts.
        """
        found = self.by_place.get(place, ())
        chosen = [_of_gate(line, found, base_key, name) for line in self.gates.get(family, ())]
        if not chosen:
            return None, ()
        states = {state for state, _ in chosen}
        return next(state for state in _WORST if state in states), tuple(sentence for _, sentence in chosen)


def _of_gate(
    line: str, found: Sequence[rest.GateVerdictRecord], base_key: str, name: str
) -> tuple[rest.VerdictState, str]:
    mine = [each for each in found if each.gate == line]
    exact = [each for each in mine if each.base_key == base_key] or mine
    worst = min(exact, key=lambda each: _WORST.index(each.state), default=None)
    if worst is None:
        set_name = line.partition(":")[0]
        return "undecided", f"{name} is undecided: not evaluated on {set_name} in this runtime on this architecture."
    return worst.state, worst.sentence


def verdicts_of(store: SqliteReader, families: Sequence[str]) -> Verdicts:
    """Read from the rows that were computed before."""
    by_place: dict[Place, list[rest.GateVerdictRecord]] = defaultdict(list)
    gates = store.gates.gates(families)
    for each in store.gates.verdicts(sorted(gates)):
        by_place[each.model_id, each.runtime, each.architecture].append(each)
    return Verdicts(gates, {key: tuple(each) for key, each in by_place.items()}, store.gates.drift_verdicts(families))


def lead_sets(store: SqliteReader, families: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """By family the set and shots that a person chose, once they were answered there, else those with most evaluations.

    Of several with as many, the first evaluated leads. `families`: by model.
    """
    counts: dict[str, dict[tuple[str, int], int]] = defaultdict(lambda: defaultdict(int))
    for model_id, set_id, shots, count in store.evaluations.counts(sorted(families)):
        if count:
            counts[families[model_id]][set_id, shots] += count
    chosen = store.gates.leads(sorted(counts))
    return {
        family: chosen[family] if chosen.get(family) in found else max(found, key=lambda key: (found[key], -key[1]))
        for family, found in counts.items()
    }


def architecture_of(device: rest.DeviceRecord | None) -> str:
    """Of the programs on the device, as an evaluation reports it."""
    facts = device.facts if device else None
    return "" if facts is None else facts.userland or facts.machine


@dataclass(frozen=True)
class KnownQuality:
    """What is known of the variants in some columns, on all devices."""

    columns: Mapping[str, rest.Column]
    """By model; any of its columns."""
    verdicts: Verdicts
    leads: Mapping[str, tuple[str, int]]
    """By family: set and shots."""
    _found: dict[tuple[str, str, str, str], Gates] = field(default_factory=lambda: {}, repr=False, compare=False)
    """A page of 200 devices has the same few set-ups over and over."""

    def gate(self, device: rest.DeviceRecord | None, model_id: str, config_key: str, runtime: str) -> Gates:
        """Of a speed cell. A device that is played by another one has no verdict."""
        if not self.verdicts.gates or device is None or device.played:
            return None, ()
        key = (model_id, config_key, runtime, architecture_of(device))
        if key not in self._found:
            column = self.columns.get(model_id)
            place = (model_id, runtime, key[3])
            is_gated = column is not None and column.family in self.verdicts.gates
            known = (
                self.verdicts.of(column.family, place, config_key, column.model_name) if column and is_gated else None
            )
            self._found[key] = known or (None, ())
        return self._found[key]


def _worst(found: Iterable[Gates]) -> Gates:
    known = [gates for gates in found if gates[0] is not None]
    return min(known, key=lambda gates: _WORST.index(gates[0] or "reference"), default=(None, ()))


def known_quality(store: SqliteReader, columns: Iterable[rest.Column]) -> KnownQuality:
    """Read from rows; empty where no family in these columns has a gate or an evaluation."""
    by_model = {column.model_id: column for column in columns}
    families = {model_id: column.family for model_id, column in by_model.items()}
    leads = lead_sets(store, families)
    return KnownQuality(by_model, verdicts_of(store, sorted(set(families.values()))), leads)


def with_quality(
    store: SqliteReader, known: KnownQuality, cells: Sequence[rest.Cell], devices: Iterable[rest.DeviceRecord]
) -> tuple[rest.Cell, ...]:
    """The cells, each with its quality where something is known of it."""
    if not known.leads and not known.verdicts.gates:
        return tuple(cells)
    device_of = {device.device_id: device for device in devices}
    asked = [
        (model_id, *known.leads[column.family])
        for model_id, column in known.columns.items()
        if column.family in known.leads
    ]
    found = {
        (one.device_id, one.model_id, one.base_key): one
        for one in store.evaluations.latest(asked, sorted(device_of))
        if not one.unreal
    }

    def of(cell: rest.Cell) -> rest.Cell:
        one = found.get((cell.device_id, cell.model_id, cell.config_key))
        device = device_of.get(cell.device_id)
        # The runtime may have been upgraded between speed and evaluation.
        runtimes = dict.fromkeys((one.runtime if one else "", cell.effective_runtime or ""))
        gate = _worst(known.gate(device, cell.model_id, cell.config_key, each) for each in runtimes if each)
        quality = quality_of(one, cell, gate if cell.metrics else (None, ()), known.verdicts.drifts)
        return cell if quality is None else replaced(cell, quality=quality)

    return tuple(map(of, cells))


def quality_of(
    one: rest.EvaluationRecord | None,
    cell: rest.Cell,
    gate: Gates,
    drifts: Mapping[str, tuple[DriftKind, str]],
) -> rest.CellQuality | None:
    """None: nothing is known."""
    state, sentences = gate
    if one is None:
        return None if state is None else rest.CellQuality(gate=state, gate_sentences=sentences)
    drift, sentence = drifts.get(one.result_id, (None, ""))
    return rest.CellQuality(
        set_id=one.set_id,
        set_name=one.set_name,
        shots=one.shots,
        result_id=one.result_id,
        metric=one.metric or "",
        value=one.value,
        ci_low=one.ci_low,
        ci_high=one.ci_high,
        n=one.answered,
        gate=state,
        gate_sentences=sentences,
        drift=drift,
        drift_sentence=sentence,
        correct=correct_cost(cell, one),
    )
