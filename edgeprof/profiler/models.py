"""What an entry of `models` is: a file, a recipe, a hosted model, one on the hub, or a live PyTorch module."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.errors import EdgeprofError, MissingPartError, UsageError
from edgeprof.modelfiles import inspect, served_file
from edgeprof.modelfiles.served_file import Served, ServedPrice
from edgeprof.profiler.cells import CellFailure
from edgeprof.tables.figures import clean
from edgeprof.wire import rest
from edgeprof.wire.messages import ModelFormat

Say = Callable[[str], None]
_HOSTED = re.compile(r"(?P<provider>[a-z][a-z0-9_-]*):(?P<model>[^\s/:][^\s]*)")
MAX_CAUSE_CHARS = 300
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class TorchModel:
    """A live PyTorch module with the inputs that its export needs: a tuple of example tensors."""

    module: Any
    example_inputs: tuple[Any, ...]
    name: str = ""

    def __str__(self) -> str:
        return f"module:{self.name or type(self.module).__name__}"


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A model that was found: a file here, or a record on the hub; or why there is none."""

    name: str
    path: Path | None = None
    record: rest.ModelRecord | None = None
    format: ModelFormat | None = None
    failure: CellFailure | None = None


def is_module(item: object) -> bool:
    """Whether this is a PyTorch module, without importing torch."""
    return any(base.__module__.startswith("torch.nn") and base.__name__ == "Module" for base in type(item).__mro__)


def name_of(item: object) -> str:
    """How plan, profiles and tables call an entry of `models`.

    >>> name_of("digits-cnn-int8"), name_of(Path("models/a.onnx"))
    ('digits-cnn-int8', 'models/a.onnx')
    """
    return f"module:{type(item).__name__}" if is_module(item) else str(item)


def find(item: object, folder: Path, client: Callable[[], HubClient], say: Say) -> ModelSource:
    """The model; whatever is wrong with it is a named failure. `folder`: where exports and documents go."""
    name = name_of(item)
    try:
        if is_module(item) or isinstance(item, TorchModel):
            return _of_path(name, _exported(item, folder))
        found = _path_of(name, folder, say)
        return _of_path(name, found) if found else _on_hub(name, client)
    except EdgeprofError as error:
        return ModelSource(name=name, failure=CellFailure.of(error))


def _of_path(name: str, path: Path) -> ModelSource:
    return ModelSource(name=name, path=path, format=inspect(path).format)


def _path_of(text: str, folder: Path, say: Say) -> Path | None:
    if Path(text).exists():
        return Path(text)
    recipe = _recipe(text, say)
    if recipe is not None:
        return recipe
    hosted = _HOSTED.fullmatch(text)
    return _document(hosted["provider"], hosted["model"], folder) if hosted else None


def _recipe(text: str, say: Say) -> Path | None:
    try:
        from edgeprof_exports import catalogue, fetch
    except (ModuleNotFoundError, MissingPartError):  # recipes need Python 3.11
        return None
    recipe = catalogue.load_recipes().get(text)
    return fetch.ensure(recipe, say) if recipe else None


def _document(provider: str, model: str, folder: Path) -> Path:
    """A served model's document, as `edgeprof endpoint model` writes it."""
    served = Served(edgeprof_served=1, model=model, price=ServedPrice(provider=provider, model=model))
    path = folder / (_UNSAFE.sub("-", f"{provider}-{model}").strip("-.") + served_file.SUFFIX)
    path.write_bytes(served_file.written(served))
    return path


def _on_hub(text: str, client: Callable[[], HubClient]) -> ModelSource:
    if text.endswith((".onnx", ".tflite", ".gguf", ".ort", ".served")):
        raise UsageError("unknown_model", f"No file {text} here. Check the path.")
    try:
        known: Sequence[rest.ModelRecord] = client().models()
    except EdgeprofError as error:
        raise UsageError(
            "unknown_model", f"{text!r} is not a file, recipe or hosted model; for models on a hub: {error.message}"
        ) from error
    record = resolve.stored_model(known, text)
    if record is None:
        raise UsageError("unknown_model", f"{text!r} is not a file, a recipe, a hosted model or a model on the hub.")
    return ModelSource(name=text, record=record, format=record.format)


def _exported(item: object, folder: Path) -> Path:
    """The module as ONNX, by PyTorch's own exporter. Raises EdgeprofError."""
    name = name_of(item).partition(":")[2]
    if not isinstance(item, TorchModel):
        raise UsageError(
            "no_example_inputs",
            f"The export of {name} needs inputs. Give TorchModel(module=..., example_inputs=(...)).",
        )
    try:
        torch, _ = import_module("torch"), import_module("onnxscript")
    except ModuleNotFoundError as error:
        raise MissingPartError(
            "extra_missing",
            f"Exporting {name} needs {error.name}, which is not installed. Install it with: pip install "
            "'edgeprof[exports]'",
        ) from error
    path = folder / f"{_UNSAFE.sub('-', name)}.onnx"
    was_training = item.module.training
    item.module.eval()
    try:
        torch.onnx.export(item.module, item.example_inputs, str(path), dynamo=True, external_data=False, verbose=False)
    except Exception as error:
        raise EdgeprofError("export_failed", f"PyTorch cannot export {name} to ONNX: {_first_cause(error)}") from error
    finally:
        item.module.train(was_training)
    return path


def _first_cause(error: BaseException) -> str:
    """What the exporter met, in a line: it wraps that in advice of many lines, with colours."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines() or [""]
    return clean(f"{type(error).__name__}: {lines[0]}")[:MAX_CAUSE_CHARS]
