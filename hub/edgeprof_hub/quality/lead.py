"""The lead set of a family: what the comparison shows its quality on, as found or as a person chose."""

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.quality.cells import lead_sets

MIN_ID_CHARS = 8


def evaluated_sets(hub: HubContext, family: str) -> list[rest.LeadSet]:
    """Every set and number of shots that models of the family really answered, by name; the lead is marked."""
    families = {model.model_id: model.family for model in hub.reader.models() if model.family == family}
    counts: dict[tuple[str, int], int] = {}
    for _, set_id, shots, count in hub.reader.evaluations.counts(sorted(families)):
        if count:
            counts[set_id, shots] = counts.get((set_id, shots), 0) + count
    lead = lead_sets(hub.reader, families).get(family)
    chosen = hub.reader.gates.leads([family]).get(family)
    found = [
        rest.LeadSet(
            set_id=set_id,
            set_name=_name(hub, set_id),
            shots=shots,
            evaluations=count,
            is_lead=(set_id, shots) == lead,
            is_chosen=(set_id, shots) == chosen,
        )
        for (set_id, shots), count in counts.items()
    ]
    return sorted(found, key=lambda one: (one.set_name.lower(), one.set_id, one.shots))


def find(hub: HubContext, family: str, words: str, shots: int | None) -> tuple[str, int]:
    """Set and shots by the set's name, id or start of an id. `shots` None: the number with most evaluations.

    Raises UsageError `unknown_set`: no model of the family answered it so.
    """
    known = evaluated_sets(hub, family)
    found = [
        one
        for one in known
        if (words in (one.set_name, one.set_id) or (len(words) >= MIN_ID_CHARS and one.set_id.startswith(words)))
        and shots in (None, one.shots)
    ]
    if not found:
        named = ", ".join(f"{one.set_name} ({one.shots} shots)" for one in known) or "none"
        raise UsageError("unknown_set", f"No model of {family} answered {words!r} so. Answered sets: {named}.")
    best = max(found, key=lambda one: (one.evaluations, -one.shots))
    return best.set_id, best.shots


def text(hub: HubContext, chosen: tuple[str, int] | None) -> str:
    """A choice as the record of changes has it, `digits (0 shots)`; empty: the default."""
    return "" if chosen is None else f"{_name(hub, chosen[0])} ({chosen[1]} shots)"


def _name(hub: HubContext, set_id: str) -> str:
    stored = hub.reader.evaluations.set(set_id)
    if stored is not None:
        return stored.name
    run = next(iter(hub.reader.evaluations.newest(set_id=set_id, limit=1)), None)
    return run.set_name if run is not None and run.set_name else set_id[:12]
