"""ONNX in static int8: ranges from real inputs, signed on both sides, a scale a channel.

Signed int8 suits ARM's dot products and, unlike unsigned activations, cannot saturate on x86 with AVX2.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgeprof_exports.ladder.step import Settings
from edgeprof_exports.steps.tools import tool


class Inputs:
    """Recorded inputs as the calibration takes them."""

    def __init__(self, folder: Path) -> None:
        self._files: Iterator[Path] = iter(sorted(folder.glob("*.npz"), key=lambda file: int(file.stem)))

    def get_next(self) -> dict[str, Any] | None:
        """The next inference's arrays by input name; None at the end."""
        file = next(self._files, None)
        if file is None:
            return None
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)


def make(source: Path, target: Path, settings: Settings, inputs: Path | None) -> None:
    """`layout`: `QDQ` or `QOperator`; `calibration`: `MinMax`, `Entropy` or `Percentile`."""
    if inputs is None:
        raise ValueError("static quantization needs inputs")
    quantization = tool("onnxruntime.quantization")
    reader = type("Calibration", (Inputs, quantization.CalibrationDataReader), {})
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quantization.quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(prepared),
            str(target),
            reader(inputs),
            quant_format=getattr(quantization.QuantFormat, settings["layout"]),
            calibrate_method=getattr(quantization.CalibrationMethod, settings["calibration"]),
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
        )
