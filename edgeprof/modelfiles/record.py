"""What a hub keeps of a plain model file: its identity, and what a person said about it."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof.modelfiles.inspection import ModelFile
from edgeprof.wire import identity, rest
from edgeprof.wire.tasks import Task


@dataclass(frozen=True)
class Labels:
    """What a person said about a model file; None where nothing was said."""

    name: str | None = None
    family: str | None = None
    quantization: str = "unknown"
    task: Task = "other"


def record_of_file(model: ModelFile, path: Path, labels: Labels) -> rest.ModelRecord:
    """What the hub is told of a plain file. Nothing is guessed from its name but the name itself."""
    name = labels.name or path.stem
    return rest.ModelRecord(
        model_id=identity.model_id(model.manifest),
        name=name,
        family=labels.family or name,
        variant=labels.quantization,
        quantization=labels.quantization,
        format=model.format,
        manifest=model.manifest,
        size_bytes=identity.model_bytes(model.manifest),
        task=labels.task,
    )
