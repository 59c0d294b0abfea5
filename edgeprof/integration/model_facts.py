"""What a model file says that matters to its integration: operators outside the standard set, opset, open sizes."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from edgeprof.modelfiles import gguf_file, onnx_nodes, parse
from edgeprof.modelfiles.declared import declared_inputs
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.parse import elements, messages, numbers, table, table_text, text
from edgeprof.modelfiles.window import FileWindow, ModelFileError
from edgeprof.wire.formats import ModelFormat

# Field numbers of onnx.proto: ModelProto, OperatorSetIdProto, NodeProto, FunctionProto.
_IR_VERSION, _OPSETS, _FUNCTIONS = 1, 8, 25
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_NODE_TYPE, _NODE_DOMAIN = 4, 7
_FUNCTION_NAME, _FUNCTION_DOMAIN = 1, 10
# tensorflow/lite/schema.fbs: Model, OperatorCode.
_VERSION, _OPERATOR_CODES, _CUSTOM_CODE = 0, 1, 1
STANDARD_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
MAX_NAMED = 6


class ModelFacts(NamedTuple):
    """None: the format or the file does not tell."""

    opset: str | None = None
    custom_operators: tuple[str, ...] | None = None
    """Kinds of operators outside the standard set, the most frequent first."""
    open_sizes: tuple[str, ...] | None = None
    """Inputs with a size that is not a number."""
    tokenizer: str | None = None
    chat_template: bool | None = None
    licence: str = ""
    problem: str = ""
    """Why the file could not be read further."""


def model_facts(path: Path, model_format: ModelFormat) -> ModelFacts:
    """Of a file that was found whole when it was stored. A part that is odd leaves its facts unknown."""
    try:
        if model_format == "gguf":
            return _gguf(path)
        opened = tuple(
            each.name
            for each in declared_inputs(path, model_format)
            if not each.has_rank or any(not isinstance(size, int) or size < 0 for size in each.sizes)
        )
        with parse.open_window(path) as window:
            if model_format == "onnx":
                return ModelFacts(_onnx_opset(window), _onnx_custom(window), opened)
            if model_format == "tflite":
                root = table(window, 0)
                version = slot_of(window, root, _VERSION)
                schema = f"schema {window.u32(version)}" if version else None
                return ModelFacts(schema, _tflite_custom(window, root), opened)
        return ModelFacts(open_sizes=opened)
    except (ModelFileError, OSError) as error:
        return ModelFacts(problem=str(error))


def _onnx_opset(window: FileWindow) -> str:
    whole = (0, window.size)
    opsets = {
        text(window, each, _OPSET_DOMAIN) or "ai.onnx": next(numbers(window, each, _OPSET_VERSION), 0)
        for each in messages(window, whole, _OPSETS)
    }
    named = ", ".join(f"{domain} {version}" for domain, version in sorted(opsets.items()))
    return f"{named or 'no opset'}; IR {next(numbers(window, whole, _IR_VERSION), 0)}"


def _onnx_custom(window: FileWindow) -> tuple[str, ...]:
    """Nodes of other domains, without calls of functions that the file itself defines."""
    own = {
        (text(window, each, _FUNCTION_DOMAIN), text(window, each, _FUNCTION_NAME))
        for each in messages(window, (0, window.size), _FUNCTIONS)
    }
    found: Counter[str] = Counter()
    for node in onnx_nodes.nodes(window):
        domain, kind = text(window, node, _NODE_DOMAIN), text(window, node, _NODE_TYPE)
        if domain not in STANDARD_DOMAINS and (domain, kind) not in own:
            found[f"{domain}.{kind}"] += 1
    return tuple(f"{name} ×{count}" for name, count in sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _tflite_custom(window: FileWindow, root: int) -> tuple[str, ...]:
    names = (table_text(window, table(window, at), _CUSTOM_CODE) for at in elements(window, root, _OPERATOR_CODES))
    return tuple(sorted({name for name in names if name}))


def _gguf(path: Path) -> ModelFacts:
    with parse.open_window(path) as window:
        contents = gguf_file.check(window)
        version = int.from_bytes(window.read(4, 4), "little")
    tokenizer = contents.text("tokenizer.ggml.model")
    architecture = contents.text("general.architecture") or "unknown"
    has_template = True if "tokenizer.chat_template" in contents.values else None  # a long one is left out
    return ModelFacts(
        opset=f"GGUF {version}, architecture {architecture}",
        custom_operators=(),
        open_sizes=(),
        tokenizer=tokenizer or None,
        chat_template=has_template,
        licence=contents.text("general.license"),
    )
