"""ONNX with its smallest weights set to 0: unstructured pruning, which saves nothing where zeros are computed too."""

from pathlib import Path

import numpy as np

from edgeprof_exports.ladder.step import Settings
from edgeprof_exports.steps.tools import tool

MIN_WEIGHTS = 256
"""Of a tensor: biases and scales are left alone."""


def make(source: Path, target: Path, settings: Settings, inputs: Path | None) -> None:
    """`share`: of each large tensor, by magnitude."""
    onnx = tool("onnx")
    model = onnx.load(source)
    pruned = 0
    for tensor in model.graph.initializer:
        weights = np.array(onnx.numpy_helper.to_array(tensor))
        if weights.dtype != np.float32 or weights.ndim < 2 or weights.size < MIN_WEIGHTS:
            continue
        limit = np.quantile(np.abs(weights), settings["share"])
        weights[np.abs(weights) <= limit] = 0
        tensor.CopyFrom(onnx.numpy_helper.from_array(weights, tensor.name))
        pruned += 1
    if not pruned:
        raise ValueError("the model has no float32 weights to prune")
    onnx.save(model, target)
