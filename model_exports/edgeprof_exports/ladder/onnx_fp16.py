"""ONNX in half precision, by the converter that ONNX Runtime carries."""

from pathlib import Path

from edgeprof_exports.ladder.step import Settings
from edgeprof_exports.steps.tools import tool

MAX_FINITE = 65504.0
"""The largest float16. Another package's converter of the same name cuts at 10,000."""


def make(source: Path, target: Path, settings: Settings, inputs: Path | None) -> None:
    """Inputs and outputs stay float32, so that the same items fit. Shapes are inferred first: casts need them."""
    onnx, float16 = tool("onnx"), tool("onnxruntime.transformers.float16")
    model = onnx.shape_inference.infer_shapes(onnx.load(source))
    half = float16.convert_float_to_float16(
        model, keep_io_types=True, max_finite_val=MAX_FINITE, disable_shape_infer=True
    )
    onnx.save(half, target)
