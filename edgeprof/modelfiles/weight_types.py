"""How many values a model stores in which type, by the file's own tables: what its quantization is read from."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.stored_tensors import stored_tensors
from edgeprof.wire.formats import ModelFormat

_MIN_DIMENSIONS = 2
"""Below it lie biases, scales and sizes, which stay in wide types whatever the weights are."""


@dataclass(frozen=True)
class WeightTypes:
    """Values of all stored tensors; and by type (`int8`, `fp32` ...) those of tensors that may be quantized."""

    values: int
    large: Counter[str]


def weight_types(path: Path, model_format: ModelFormat) -> WeightTypes:
    """The weights of an ONNX, ORT or TFLite file that `inspect` has found whole; of other formats nothing."""
    with parse.open_window(path) as window:
        found = [each for each in stored_tensors(window, model_format) if each.type]
    large = [each for each in found if len(each.sizes) >= _MIN_DIMENSIONS] or found
    counted: Counter[str] = Counter()
    for each in large:
        counted[each.type] += each.values
    return WeightTypes(sum(each.values for each in found), counted)
