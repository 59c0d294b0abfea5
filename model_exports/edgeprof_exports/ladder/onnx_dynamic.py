"""ONNX with int8 weights and ranges of activations taken at each run, by ONNX Runtime's quantizer."""

from pathlib import Path

from edgeprof_exports.ladder.step import Settings
from edgeprof_exports.steps.tools import tool


def make(source: Path, target: Path, settings: Settings, inputs: Path | None) -> None:
    """`weights`: `QUInt8` or `QInt8`. The tool's default is signed, for which x86 has no kernel of ConvInteger."""
    quantization = tool("onnxruntime.quantization")
    quantization.quantize_dynamic(
        str(source), str(target), weight_type=getattr(quantization.QuantType, settings["weights"])
    )
