"""What a change of families moves: cells, evaluations, gates and jobs, in sentences. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edgeprof.wire import rest
from edgeprof_hub.registry.model_facts import may_be_one_network
from edgeprof_hub.store.labels import Attached

MAX_NAMED = 5


@dataclass(frozen=True)
class Families:
    """The two families before a change. `left` stays in the source, `there` is in the target already."""

    moved: Sequence[rest.ModelRecord]
    left: Sequence[rest.ModelRecord]
    there: Sequence[rest.ModelRecord]
    source_gates: Sequence[str]
    target_gates: Sequence[str]
    source_lead: tuple[str, int] | None = None
    """Set and shots that a person chose for the comparison."""
    target_lead: tuple[str, int] | None = None

    def gates_after(self, change: rest.FamilyChange) -> tuple[str, ...]:
        """The target's gates. Of two families that become one, nothing that was demanded is dropped."""
        takes_along = change.act in ("merge", "rename") or change.copy_gates
        return tuple(dict.fromkeys([*self.target_gates, *(self.source_gates if takes_along else ())]))


def sentences(change: rest.FamilyChange, found: Families, attached: Attached) -> tuple[str, ...]:
    """What happens, the most visible first. `attached`: what hangs on the moved models."""
    lines = [f"From {change.family} to {change.into}: {_named(found.moved)}."]
    if attached.cells:
        lines.append(
            f"Cells of the comparison that follow: {attached.cells:,}. Figures and runs stay; ranks are those within "
            f"{change.into}."
        )
    if attached.evaluations:
        lines.append(f"Evaluations that follow: {attached.evaluations:,}. Gates are judged again.")
    if attached.open_jobs:
        lines.append(f"Queued or running jobs: {attached.open_jobs:,}. They go on; results count in {change.into}.")
    lines += _of_gates(change, found)
    if change.act in ("merge", "rename") and found.source_lead is not None:
        whose = change.into if found.target_lead is not None else change.family
        lines.append(f"The comparison then shows quality on the set chosen for {whose}.")
    if found.left:
        lines.append(f"Left in {change.family}: {_named(found.left)}.")
    else:
        lines.append(f"Left in {change.family}: no model. The family leaves the lists.")
    return (*lines, "Nothing is deleted or measured again.")


def warnings(
    change: rest.FamilyChange,
    found: Families,
    verdicts: Sequence[rest.GateVerdictRecord],
    model_of: Mapping[str, str],
) -> tuple[str, ...]:
    """Why the change may not be what is meant. `model_of`: model by the id of a verdict's reference."""
    lines: list[str] = []
    pairs = ((one, other) for one in found.moved for other in found.there)
    if unlike := next((pair for pair in pairs if not may_be_one_network(*pair)), None):
        sizes = ", ".join(f"{model.shown_name} {model.parameters:,}" for model in unlike)
        lines.append(f"They may be different networks. Parameters: {sizes}.")
    tasks = {model.task for model in (*found.moved, *found.there)}
    if found.there and len(tasks) > 1:
        lines.append(
            f"Their tasks differ: {', '.join(sorted(tasks))}. Each model's own task selects its cloud baseline."
        )
    if found.source_gates and not found.left and change.act in ("move", "split"):
        lines.append(f"The gates of {change.family} would hold for no model. A merge takes gates along.")
    ids = {model.model_id for model in found.moved}
    if lost := sum(_is_parted(each, ids, model_of) for each in verdicts):
        lines.append(f"Gate verdicts that lose their reference to the other family: {lost}. They are judged again.")
    return tuple(lines)


def _of_gates(change: rest.FamilyChange, found: Families) -> list[str]:
    lines: list[str] = []
    along = found.gates_after(change)[len(found.target_gates) :]
    if along:
        what = "Gates copied" if change.act == "split" else "Gates that move along"
        lines.append(f"{what} to {change.into}: {_lines(along)}.")
    elif found.source_gates and found.left:
        lines.append(f"Gates that stay with {change.family}, not with the moved models: {_lines(found.source_gates)}.")
    if found.target_gates:
        lines.append(f"Gates of {change.into} that then hold for the moved models: {_lines(found.target_gates)}.")
    return lines


def _is_parted(verdict: rest.GateVerdictRecord, moved: Collection[str], model_of: Mapping[str, str]) -> bool:
    reference = model_of.get(verdict.reference_id)
    return reference is not None and (verdict.model_id in moved) != (reference in moved)


def _named(models: Collection[rest.ModelRecord]) -> str:
    names = sorted(model.shown_name for model in models)
    return f"{len(names)} model{'' if len(names) == 1 else 's'} ({_some(names, ', ')})"


def _lines(gates: Sequence[str]) -> str:
    return f"{len(gates)} ({_some(gates, '; ')})"


def _some(texts: Sequence[str], between: str) -> str:
    more = f" and {len(texts) - MAX_NAMED} more" if len(texts) > MAX_NAMED else ""
    return between.join(texts[:MAX_NAMED]) + more
