"""What a person sets of a family: its gates and its lead set."""

import sqlite3
import time
from collections.abc import Sequence

from edgeprof.errors import UsageError
from edgeprof.quality.gate_text import parse_gates
from edgeprof.wire import rest
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.quality import lead
from edgeprof_hub.store import gates as store_gates
from edgeprof_hub.store import labels

MAX_GATES = 20


def family_gates(hub: HubContext, family: str) -> rest.FamilyGates:
    """The gates with their verdicts. Raises EdgeprofError `not_found` for a family without models and gates."""
    lines = hub.reader.gates.gates([family]).get(family, ())
    if not lines and not _is_known(hub, family):
        raise not_found("family", family)
    verdicts = tuple(hub.reader.gates.verdicts([family]))
    return rest.FamilyGates(family=family, gates=lines, verdicts=verdicts, sets=tuple(lead.evaluated_sets(hub, family)))


def set_gates(hub: HubContext, family: str, lines: Sequence[str]) -> rest.FamilyGates:
    """Replace the gates of a family; none: it has none any more. Verdicts follow on their own.

    Raises UsageError `bad_gate`, `too_many_gates`; EdgeprofError `not_found`.
    """
    gates = tuple(dict.fromkeys(map(str, parse_gates(lines))))
    if len(gates) > MAX_GATES:
        raise UsageError("too_many_gates", f"A family has at most {MAX_GATES} gates. Remove some.")
    if not _is_known(hub, family):
        raise not_found("family", family)
    hub.writer.call(lambda store: store.change(lambda db: store_gates.set_gates(db, family, gates)))
    audit.about(family, "; ".join(gates) or "none")
    hub.events.publish([Change("gate", family)])
    return family_gates(hub, family)


def set_lead(hub: HubContext, family: str, new: rest.NewLead) -> rest.FamilyGates:
    """Choose the set that the comparison shows of the family; an empty text restores the default.

    Raises UsageError `unknown_set`; EdgeprofError `not_found`.
    """
    if not _is_known(hub, family):
        raise not_found("family", family)
    chosen = lead.find(hub, family, new.set, new.shots) if new.set else None

    def make(db: sqlite3.Connection) -> None:
        before = hub.reader.gates.leads([family]).get(family)
        store_gates.set_lead(db, family, chosen)
        if before != chosen:
            labels.note(db, [noted(time.time(), family, "lead set", lead.text(hub, before), lead.text(hub, chosen))])

    hub.writer.call(lambda store: store.change(make))
    audit.about(family, new.set or "default")
    hub.events.publish([Change("gate", family)])
    return family_gates(hub, family)


def noted(at_s: float, family: str, field: str, before: str, after: str) -> rest.LabelChange:
    """What a person changed of a family, for the record."""
    return rest.LabelChange(
        at_s=at_s, kind="family", subject_id=family, subject=family, field=field, before=before, after=after
    )


def _is_known(hub: HubContext, family: str) -> bool:
    return any(model.family == family for model in hub.reader.models())
