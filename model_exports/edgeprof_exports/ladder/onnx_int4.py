"""ONNX with 4-bit weights of MatMul in blocks of 32, by ONNX Runtime's quantizer. Convolutions stay as they are."""

from pathlib import Path

from edgeprof_exports.ladder.step import Settings
from edgeprof_exports.steps.tools import tool

BLOCK = 32


def make(source: Path, target: Path, settings: Settings, inputs: Path | None) -> None:
    """`accuracy_level`: 1 computes in float32, 4 in int8 (com.microsoft.MatMulNBits)."""
    onnx, quantizers = tool("onnx"), tool("onnxruntime.quantization.matmul_nbits_quantizer")
    model = onnx.load(source)
    quantizer = quantizers.MatMulNBitsQuantizer(
        model, block_size=BLOCK, is_symmetric=True, accuracy_level=settings["accuracy_level"]
    )
    quantizer.process()
    made = quantizer.model.model
    if not any(node.op_type == "MatMulNBits" for node in made.graph.node):
        raise ValueError("the model has no MatMul with constant weights")
    onnx.save(made, target)
