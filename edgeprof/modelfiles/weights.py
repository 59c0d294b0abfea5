"""How a model's weights are stored: what part of them in 8 bits or fewer or in fp16, by the file's own types."""

from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.modelfiles import gguf_file, gguf_names, onnx_nodes, onnx_products, parse
from edgeprof.modelfiles.stored_tensors import stored_tensors
from edgeprof.wire.formats import ModelFormat, is_language

_SMALL = frozenset(f"int{bits}" for bits in range(1, 9))
_HALF = "fp16"


@dataclass(frozen=True, kw_only=True)
class StoredWeights:
    """Shares of all stored values, 0 to 1; None where the file stores none, and for language models.

    `matmul_nbits`: how many MatMulNBits nodes the file has by their `accuracy_level`; `products`: quantized products by
    operator and stored type, as `ConvInteger int8`; both of ONNX only. `gguf_values`: values by tensor type;
    `gguf_type`: the type that the file gives itself.
    """

    small_share: float | None = None
    half_share: float | None = None
    matmul_nbits: dict[int, int]
    products: dict[str, int] = field(default_factory=lambda: {})
    gguf_values: dict[str, int] = field(default_factory=lambda: {})
    gguf_type: str = ""


def stored_weights(path: Path, model_format: ModelFormat) -> StoredWeights:
    """What the file's own types say. Raises ModelFileError where it was cut since it was inspected."""
    if model_format == "gguf":
        return _gguf(path)
    if is_language(model_format):
        return StoredWeights(matmul_nbits={})
    with parse.open_window(path) as window:
        stored = list(stored_tensors(window, model_format))
        levels = onnx_nodes.matmul_nbits(window) if model_format == "onnx" else {}
        products = onnx_products.quantized_products(window) if model_format == "onnx" else {}
    total = sum(each.values for each in stored)
    if not total:
        return StoredWeights(matmul_nbits=levels, products=products)
    return StoredWeights(
        small_share=sum(each.values for each in stored if each.type in _SMALL) / total,
        half_share=sum(each.values for each in stored if each.type == _HALF) / total,
        matmul_nbits=levels,
        products=products,
    )


def _gguf(path: Path) -> StoredWeights:
    """Of the first part alone where the file is split: its parts are of one quantization."""
    with parse.open_window(path) as window:
        contents = gguf_file.check(window)
    return StoredWeights(
        matmul_nbits={},
        gguf_values=gguf_names.values_by_type(contents),
        gguf_type=gguf_names.named_type(contents) or "",
    )


def small_weights_share(path: Path, model_format: ModelFormat) -> float | None:
    """Of all stored values, those in integers of at most 8 bits. None for language models and without weights."""
    return stored_weights(path, model_format).small_share
