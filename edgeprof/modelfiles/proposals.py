"""What a model file says of its family, quantization, task and size: proposed, for a person to confirm or edit."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof.modelfiles import gguf_names, gguf_split
from edgeprof.modelfiles.declared import declared_inputs, declared_outputs
from edgeprof.modelfiles.family_names import family_of
from edgeprof.modelfiles.inspection import ModelFile
from edgeprof.modelfiles.weight_types import weight_types
from edgeprof.modelfiles.window import ModelFileError
from edgeprof.wire import identity
from edgeprof.wire.tasks import Task

_IMAGENET_CLASSES = (1000, 1001)
_ID_CHARS = 8
_MAX_FOLDERS = 8


@dataclass(frozen=True)
class FileFacts:
    """What the tables of a file say. `None`: they do not."""

    quantization: str | None
    parameters: int | None
    context_tokens: int | None


def facts_of(model: ModelFile) -> FileFacts:
    """Quantization, parameters and trained context of a model that `inspect` has found whole."""
    if model.gguf is not None:
        contents = model.gguf
        return FileFacts(
            gguf_names.quantization_of(contents),
            gguf_names.parameters_of(contents),
            gguf_names.trained_context(contents),
        )
    try:
        stored = weight_types(model.folder / model.manifest.entry, model.format)
    except ModelFileError:  # whole, yet odd in a part that only a proposal reads
        return FileFacts(None, None, None)
    most = stored.large.most_common(1)
    return FileFacts(most[0][0] if most else None, stored.values or None, None)


def name_of(path: Path) -> str:
    """A model's name by its file: without its suffix, and of a split GGUF without the part's number."""
    return gguf_split.stem_of(path.name) or path.stem


def proposed_family(model: ModelFile, stem: str, folder: Path | None) -> str:
    """The family by the file's name, by the name in it, or by its folder. `folder=None`: where it lay is not known.

    Where all are as general as `model`, the start of the model's id keeps unrelated networks apart.
    """
    inside = gguf_names.own_name(model.gguf) if model.gguf is not None else ""
    family = family_of(stem, _folders(folder), inside)
    return family or f"{stem} {identity.model_id(model.manifest)[:_ID_CHARS]}"


def proposed_task(model: ModelFile) -> Task:
    """`other` where the file does not make it plain."""
    if model.format == "gguf":
        return "llm"
    path = model.folder / model.manifest.entry
    try:
        inputs, outputs = declared_inputs(path, model.format), declared_outputs(path, model.format)
    except ModelFileError:
        return "other"
    if any(each.name in ("input_ids", "token_ids") for each in inputs):
        embeds = any("embedding" in each.name.lower() for each in outputs)
        return "embedding" if embeds else "text"
    if len(inputs) == len(outputs) == 1 and len(inputs[0].sizes) == 4 and len(outputs[0].sizes) == 2:
        is_image = any(inputs[0].sizes[place] in (1, 3) for place in (1, 3))
        if is_image and outputs[0].sizes[-1] in _IMAGENET_CLASSES:
            return "image-classification"
    return "other"


def _folders(folder: Path | None) -> list[str]:
    """Names of the folders that a file lies in, the nearest first, up to the user's own."""
    if folder is None:
        return []
    whole, home = folder.absolute(), Path.home()
    above = [whole, *whole.parents][:_MAX_FOLDERS]
    return [each.name for each in above if each != home and each not in home.parents]
