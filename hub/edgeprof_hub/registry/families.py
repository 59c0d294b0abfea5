"""Families as a person arranges them: merged, split, renamed. What a change moves is shown before it is made."""

import time
from collections.abc import Sequence
from dataclasses import replace

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest
from edgeprof_hub import names
from edgeprof_hub.context import HubContext
from edgeprof_hub.events import Change
from edgeprof_hub.failures import not_found
from edgeprof_hub.people import audit
from edgeprof_hub.quality import lead, setting
from edgeprof_hub.registry import family_effects, model_facts
from edgeprof_hub.registry.family_effects import Families
from edgeprof_hub.store import gates as store_gates
from edgeprof_hub.store import labels
from edgeprof_hub.store.writer import SqliteWriter


def listed(hub: HubContext) -> list[rest.FamilyRecord]:
    """Every family with its variants and gates, by name."""
    models = hub.reader.models()
    found = sorted({model.family for model in models}, key=lambda name: (name.lower(), name))
    gates = hub.reader.gates.gates(found)
    return [
        rest.FamilyRecord(
            name=name,
            model_ids=tuple(model.model_id for model in models if model.family == name),
            gates=gates.get(name, ()),
            is_proposed=all("family" in model.proposed for model in models if model.family == name),
        )
        for name in found
    ]


def change(hub: HubContext, asked: rest.FamilyChange) -> rest.FamilyEffects:
    """Make a change, or with `dry_run` say what it would move.

    Raises EdgeprofError: not_found, bad_name, same_family, family_exists, no_family, whole_family, empty_family_change,
    family_changed, too_many_gates.
    """
    wanted = replace(asked, into=names.checked(asked.into), model_ids=tuple(dict.fromkeys(asked.model_ids)))
    if wanted.dry_run:
        audit.about(changed=False)
        return _effects(hub, wanted, _found(hub, wanted), done=False)

    def make(store: SqliteWriter) -> rest.FamilyEffects:
        found = _found(hub, wanted)  # here, where nothing else can change it
        effects = _effects(hub, wanted, found, done=True)
        with store.transaction():
            for model in found.moved:
                store.save_model(model_facts.edited(model, {"family": wanted.into}))
            store.change(lambda db: labels.note(db, _noted(hub, wanted, found)))
            after = found.gates_after(wanted)
            if after != tuple(found.target_gates):
                store.change(lambda db: store_gates.set_gates(db, wanted.into, after))
            if wanted.act in ("merge", "rename"):
                store.change(lambda db: store_gates.set_gates(db, wanted.family, ()))
                store.change(lambda db: store_gates.set_lead(db, wanted.family, None))
                if found.target_lead is None and found.source_lead is not None:
                    store.change(lambda db: store_gates.set_lead(db, wanted.into, found.source_lead))
        return effects

    made = hub.writer.call(make)
    audit.about(wanted.family, f"{wanted.act} into {wanted.into}")
    models = [Change("model", model_id) for model_id in made.model_ids]
    hub.events.publish([*models, *(Change("gate", name) for name in (wanted.family, wanted.into))])
    return made


def of_one_model(hub: HubContext, model: rest.ModelRecord, into: str) -> rest.FamilyEffects:
    """What giving one model another family would move."""
    asked = rest.FamilyChange(act="move", family=model.family, into=into, model_ids=(model.model_id,), dry_run=True)
    return change(hub, asked)


def _found(hub: HubContext, wanted: rest.FamilyChange) -> Families:
    models = hub.reader.models()
    members = [model for model in models if model.family == wanted.family]
    there = [model for model in models if model.family == wanted.into]
    if not members:
        raise not_found("family", wanted.family)
    if wanted.family == wanted.into:
        raise UsageError("same_family", f"{wanted.family!r} is already that family. Name another one.")
    if wanted.act == "merge" and not there:
        raise UsageError(
            "no_family", f"No family {wanted.into!r} on this hub to merge into. To give a new name, rename the family."
        )
    if wanted.act in ("split", "rename") and there:
        raise UsageError("family_exists", f"The family {wanted.into!r} exists. To put both together, merge them.")
    moved = _chosen(wanted, members)
    ids = {model.model_id for model in moved}
    left = [model for model in members if model.model_id not in ids]
    if wanted.act == "split" and not left:
        raise UsageError(
            "whole_family",
            f"These are all models of {wanted.family!r}, so nothing would be left to split from. Rename the family.",
        )
    gates = hub.reader.gates.gates([wanted.family, wanted.into])
    leads = hub.reader.gates.leads([wanted.family, wanted.into])
    found = Families(
        moved=moved,
        left=left,
        there=there,
        source_gates=gates.get(wanted.family, ()),
        target_gates=gates.get(wanted.into, ()),
        source_lead=leads.get(wanted.family),
        target_lead=leads.get(wanted.into),
    )
    if len(found.gates_after(wanted)) > setting.MAX_GATES:
        raise UsageError(
            "too_many_gates", f"Together they have more than {setting.MAX_GATES} gates. Remove some first."
        )
    return found


def _chosen(wanted: rest.FamilyChange, members: Sequence[rest.ModelRecord]) -> list[rest.ModelRecord]:
    if wanted.act in ("merge", "rename"):
        if wanted.model_ids and set(wanted.model_ids) != {model.model_id for model in members}:
            raise EdgeprofError(
                "family_changed", f"Family {wanted.family!r} changed after you previewed the change. Preview it again."
            )
        return list(members)
    if not wanted.model_ids:
        raise UsageError("empty_family_change", "Name at least one model to move.")
    by_id = {model.model_id: model for model in members}
    if strange := [model_id for model_id in wanted.model_ids if model_id not in by_id]:
        raise EdgeprofError("not_found", f"The family {wanted.family!r} has no model {strange[0][:12]!r}.")
    return [by_id[model_id] for model_id in wanted.model_ids]


def _effects(hub: HubContext, wanted: rest.FamilyChange, found: Families, done: bool) -> rest.FamilyEffects:
    ids = tuple(model.model_id for model in found.moved)
    verdicts = hub.reader.gates.verdicts([wanted.family])
    references = {verdict.reference_id for verdict in verdicts if verdict.reference_id}
    model_of = {result_id: hub.reader.evaluations.model_of(result_id) or "" for result_id in references}
    return rest.FamilyEffects(
        change=wanted,
        model_ids=ids,
        sentences=family_effects.sentences(wanted, found, hub.reader.labels.attached(ids)),
        warnings=family_effects.warnings(wanted, found, verdicts, model_of),
        done=done,
    )


def _noted(hub: HubContext, wanted: rest.FamilyChange, found: Families) -> list[rest.LabelChange]:
    at_s = time.time()
    noted = [
        rest.LabelChange(
            at_s=at_s,
            kind="model",
            subject_id=model.model_id,
            subject=model.name,
            field="family",
            before=model.family,
            after=wanted.into,
        )
        for model in found.moved
    ]
    after = found.gates_after(wanted)
    left = () if wanted.act in ("merge", "rename") else found.source_gates
    for family, old, new in (
        (wanted.into, found.target_gates, after),
        (wanted.family, found.source_gates, left),
    ):
        if tuple(old) != tuple(new):
            noted.append(setting.noted(at_s, family, "gates", "; ".join(old), "; ".join(new)))
    if wanted.act in ("merge", "rename") and found.source_lead is not None:
        moved = found.source_lead
        noted.append(setting.noted(at_s, wanted.family, "lead set", lead.text(hub, moved), ""))
        if found.target_lead is None:
            noted.append(setting.noted(at_s, wanted.into, "lead set", "", lead.text(hub, moved)))
    return noted
