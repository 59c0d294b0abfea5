"""What a model file says of the memory that it will need, and of what it asks of a runtime. Reads no weights."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from edgeprof.modelfiles import gguf_file, parse
from edgeprof.modelfiles.declared import declared_inputs
from edgeprof.modelfiles.gguf_file import GgufContents
from edgeprof.modelfiles.onnx_needs import onnx_needs
from edgeprof.modelfiles.stored_tensors import stored_tensors
from edgeprof.modelfiles.tflite_arena import TfliteGraph, read_graph
from edgeprof.wire.identity import model_bytes
from edgeprof.wire.messages import Manifest, ModelFormat

_MIB = 1024 * 1024
_BYTES = {"fp64": 8.0, "fp32": 4.0, "fp16": 2.0, "bf16": 2.0, "int16": 2.0, "int8": 1.0, "int4": 0.5, "int2": 0.25}
_REPACKED = (2, 20, 12, 10)
"""ggml types that llama.cpp rewrites for the processor's wide instructions: Q4_0, IQ4_NL, Q4_K, Q2_K."""


@dataclass(frozen=True, kw_only=True)
class LanguageFacts:
    """Of a GGUF model's head; `trained_tokens` and `licence` where it states them."""

    layers: int
    width: int
    feed_forward: int
    kv_values: int
    """Values that one token adds to the cache of one layer: keys and values of all heads."""
    vocabulary: int
    trained_tokens: int | None
    repacked_mib: float
    architecture: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class MemoryFacts:
    """Of a whole model, all its files together, MiB.

    `widened_mib`: what fp16 weights take on top once a CPU has them in fp32. `input_mib`: all inputs at their declared
    sizes, an open batch as 1. `open_inputs`: names of inputs with other open sizes.
    """

    format: ModelFormat
    file_mib: float
    weights_mib: float
    widened_mib: float = 0.0
    input_mib: float = 0.0
    open_inputs: tuple[str, ...] = ()
    arena_mib: float | None = None
    """Of a TFLite model: the largest sum of tensors that are needed at the same time."""
    opset: int | None = None
    foreign_operators: tuple[str, ...] = field(default=())
    """Operators outside the sets that the format defines: `domain.Name` of ONNX, custom names of TFLite."""
    language: LanguageFacts | None = None


def memory_facts(model_format: ModelFormat, manifest: Manifest, place: Callable[[str], Path]) -> MemoryFacts:
    """Of files that `inspect` has found whole; `place` says where a path of the manifest lies.

    Raises ModelFileError where one was cut since, and OSError.
    """
    file_mib = model_bytes(manifest) / _MIB
    if model_format == "gguf":
        return _language(_contents(manifest, place), file_mib)
    if model_format not in ("onnx", "tflite", "ort"):
        return MemoryFacts(format=model_format, file_mib=file_mib, weights_mib=0.0)
    return _tensors(place(manifest.entry), model_format, file_mib)


def _contents(manifest: Manifest, place: Callable[[str], Path]) -> GgufContents:
    """The entry's own, with the tensors of all parts of a split model."""
    with parse.open_window(place(manifest.entry)) as window:
        found = gguf_file.check(window)
    for each in manifest.files:
        if each.path != manifest.entry and each.path.endswith(".gguf"):
            with parse.open_window(place(each.path)) as window:
                found.elements.update(gguf_file.check(window).elements)
    return found


def _tensors(path: Path, model_format: ModelFormat, file_mib: float) -> MemoryFacts:
    weights = widened = 0.0
    graph: TfliteGraph | None = None
    opset, foreign = None, ()
    with parse.open_window(path) as window:
        for tensor in stored_tensors(window, model_format):
            size = tensor.values * _BYTES.get(tensor.type, 4.0)
            weights += size
            widened += size if tensor.type in ("fp16", "bf16") else 0.0
        if model_format == "tflite":
            graph = read_graph(window)
        elif model_format == "onnx":
            opset, foreign = onnx_needs(window)
    inputs = declared_inputs(path, model_format)
    sizes = [[size if isinstance(size, int) else 1 for size in each.sizes] for each in inputs]
    is_open = [
        each.name for each in inputs if not each.has_rank or any(not isinstance(size, int) for size in each.sizes[1:])
    ]
    return MemoryFacts(
        format=model_format,
        file_mib=file_mib,
        weights_mib=weights / _MIB,
        widened_mib=widened / _MIB,
        input_mib=sum(4 * prod(each) for each in sizes) / _MIB,
        open_inputs=tuple(is_open),
        arena_mib=graph.arena_bytes / _MIB if graph else None,
        opset=opset,
        foreign_operators=graph.custom if graph else foreign,
    )


def _language(contents: GgufContents, file_mib: float) -> MemoryFacts:
    name = contents.text("general.architecture")

    def whole(key: str, default: int = 0) -> int:
        return contents.whole(f"{name}.{key}") or default

    heads, width = whole("attention.head_count", 1), whole("embedding_length")
    kv_heads = whole("attention.head_count_kv", heads)
    key = whole("attention.key_length", width // max(1, heads))
    value = whole("attention.value_length", width // max(1, heads))
    sizes = {kind: gguf_file.tensor_bytes(kind, count) for kind, count in contents.elements.items()}
    return MemoryFacts(
        format="gguf",
        file_mib=file_mib,
        weights_mib=sum(sizes.values()) / _MIB,
        language=LanguageFacts(
            layers=whole("block_count"),
            width=width,
            feed_forward=whole("feed_forward_length", 4 * width),
            kv_values=kv_heads * (key + value),
            vocabulary=contents.array_lengths.get("tokenizer.ggml.tokens", 0),
            trained_tokens=contents.whole(f"{name}.context_length"),
            repacked_mib=sum(sizes.get(kind, 0) for kind in _REPACKED) / _MIB,
            architecture=name,
            licence=contents.text("general.license"),
        ),
    )
