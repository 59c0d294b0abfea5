"""Step `quantize_onnx`: static int8 by the training images, signed on both sides and per channel, as QDQ.

Signed int8 suits ARM's dot products and, unlike unsigned activations, cannot saturate on x86 with AVX2.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from edgeprof_exports.steps import digits
from edgeprof_exports.steps.tools import tool


class _Calibration:
    """The training images as onnxruntime's calibration asks for them."""

    def __init__(self, images: digits.Images) -> None:
        self._feeds: Iterator[dict[str, digits.Images]] = iter([{"image": image[None]} for image in images])

    def get_next(self) -> dict[str, digits.Images] | None:
        return next(self._feeds, None)


def run(folder: Path) -> None:
    """Writes the quantized ONNX file into `folder`."""
    quantization = tool("onnxruntime.quantization")
    reader = cast(type[_Calibration], quantization.CalibrationDataReader)
    reader_type = type("Calibration", (_Calibration, reader), {})
    quantization.quantize_static(
        str(folder / digits.ONNX_FP32),
        str(folder / digits.ONNX_INT8),
        reader_type(digits.load().calibration_images),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
        per_channel=True,
    )
