"""What a hub keeps of a plain model file: its identity, and what a person said about it."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof.modelfiles import proposals
from edgeprof.modelfiles.family_names import without_precision
from edgeprof.modelfiles.inspection import ModelFile
from edgeprof.wire import identity, rest
from edgeprof.wire.tasks import Task

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Labels:
    """What a person said about a model file; None where nothing was said."""

    name: str | None = None
    family: str | None = None
    quantization: str | None = None
    task: Task | None = None


def record_of_file(model: ModelFile, path: Path, labels: Labels, *, has_folder: bool = True) -> rest.ModelRecord:
    """The hub's record of a plain file. What a person left out is proposed from the file, and marked so.

    `has_folder=False`: the file does not lie where its owner has it, so that no folder names its family.
    """
    name = labels.name or proposals.name_of(path)
    facts = proposals.facts_of(model)
    said = None if labels.quantization == UNKNOWN else labels.quantization
    quantization = said or facts.quantization or UNKNOWN
    task = labels.task or proposals.proposed_task(model)
    return rest.ModelRecord(
        model_id=identity.model_id(model.manifest),
        name=name,
        family=labels.family or _family(model, path, labels, has_folder),
        variant=quantization,
        quantization=quantization,
        format=model.format,
        manifest=model.manifest,
        size_bytes=identity.model_bytes(model.manifest),
        task=task,
        parameters=facts.parameters,
        context_tokens=facts.context_tokens,
        proposed=tuple(
            field
            for field, is_proposed in (
                ("family", not labels.family),
                ("quantization", not said and facts.quantization is not None),
                ("task", not labels.task and task != "other"),
                ("parameters", facts.parameters is not None),
            )
            if is_proposed
        ),
    )


def _family(model: ModelFile, path: Path, labels: Labels, has_folder: bool) -> str:
    """By the name that a person gave, else by the file and where it lies."""
    if labels.name:
        return without_precision(labels.name)
    return proposals.proposed_family(model, proposals.name_of(path), path.parent if has_folder else None)
