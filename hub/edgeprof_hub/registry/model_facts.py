"""A model's labels: facts that the hub reads itself, edits that stay, families kept apart. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.modelfiles.proposals import FileFacts
from edgeprof.modelfiles.record import UNKNOWN
from edgeprof.wire import rest

EDITABLE = ("family", "quantization", "task", "parameters")
MAX_RATIO = 1.5
"""Variants of one network store about as many values, whatever their types; beyond this they are other networks."""
_ID_CHARS = 8


def with_facts(record: rest.ModelRecord, facts: FileFacts) -> rest.ModelRecord:
    """The record of a sender that knows less of the file than the hub, such as an older one."""
    if record.quantization == UNKNOWN and facts.quantization:
        known = {"quantization": facts.quantization, "proposed": (*record.proposed, "quantization")}
        record = replace(record, **known, variant=facts.quantization if record.variant == UNKNOWN else record.variant)
    if record.parameters is None and facts.parameters is not None:
        record = replace(record, parameters=facts.parameters, proposed=(*record.proposed, "parameters"))
    return replace(record, context_tokens=facts.context_tokens)


def merged(known: rest.ModelRecord | None, new: rest.ModelRecord) -> rest.ModelRecord:
    """The record when a model comes again: a plain upload knows less than the recipe that made it.

    What a person said or edited stays until a person says something else; a proposal never replaces it.
    """
    if known is None:
        return new
    if new.source == "uploaded" != known.source:
        return known
    kept = [name for name in EDITABLE if _stays(name, known, new)]
    values = {name: getattr(known, name) for name in kept}
    variant = known.variant if "quantization" in kept else new.variant
    proposed = [name for name in EDITABLE if name in (known if name in kept else new).proposed]
    stays = {"variant": variant, "name": known.name, "tags": tuple(sorted({*known.tags, *new.tags}))}
    return replace(new, **values, **stays, created_s=known.created_s, proposed=tuple(proposed))


def _stays(name: str, known: rest.ModelRecord, new: rest.ModelRecord) -> bool:
    """Nothing was said of it now, and something is known."""
    was_said = name not in new.proposed and getattr(new, name) not in (UNKNOWN, "other", None)
    return not was_said and getattr(known, name) not in (UNKNOWN, "other", None)


def apart(record: rest.ModelRecord, models: Sequence[rest.ModelRecord]) -> rest.ModelRecord:
    """The record in a family of its own where the one that was proposed holds another network.

    Two networks may come in files of one name. They are known by how many values they store.
    """
    if "family" not in record.proposed:
        return record
    others = [model for model in models if model.model_id != record.model_id]
    named = sorted({model.family for model in others if _is_of(model.family, record.family)} | {record.family})
    for family in named:
        if all(may_be_one_network(record, model) for model in others if model.family == family):
            return replace(record, family=family)
    return replace(record, family=f"{record.family} {record.model_id[:_ID_CHARS]}")


def _is_of(family: str, proposed: str) -> bool:
    """The family itself, or one that was kept apart from it."""
    rest_of_it = family.removeprefix(f"{proposed} ")
    return family == proposed or (rest_of_it != family and len(rest_of_it) == _ID_CHARS)


def may_be_one_network(one: rest.ModelRecord, other: rest.ModelRecord) -> bool:
    """Whether they store about as many values, or one's number is unknown."""
    if not one.parameters or not other.parameters:
        return True
    return max(one.parameters, other.parameters) <= MAX_RATIO * min(one.parameters, other.parameters)


def edited(record: rest.ModelRecord, changes: dict[str, object]) -> rest.ModelRecord:
    """The record with what a person changed; those fields are no longer proposed. `variant` follows quantization."""
    values = dict(changes)
    if "quantization" in values and "variant" not in values and record.variant == record.quantization:
        values["variant"] = values["quantization"]
    left = tuple(name for name in record.proposed if name not in changes)
    return replace(record, **values, proposed=left)  # pyright: ignore[reportArgumentType]
