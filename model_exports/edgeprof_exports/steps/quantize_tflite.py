"""Step `quantize_tflite`: static int8, inputs and outputs too.

Not dynamic: tflite-runtime runs dynamic-range files of this quantizer without an error and answers at random.
"""

from pathlib import Path

from edgeprof_exports.steps import digits
from edgeprof_exports.steps.tools import tool

SIGNATURE = "serving_default"


def run(folder: Path) -> None:
    """Writes the quantized TFLite file into `folder`."""
    source = str(folder / digits.TFLITE_FP32)
    interpreter = tool("ai_edge_litert.interpreter").Interpreter(source)
    (input_name,) = interpreter.get_signature_list()[SIGNATURE]["inputs"]
    images = digits.channels_last(digits.load().calibration_images)
    recipe = tool("ai_edge_quantizer.recipe").static_wi8_ai8()
    quantizer = tool("ai_edge_quantizer.quantizer").Quantizer(source, recipe)
    ranges = quantizer.calibrate({SIGNATURE: [{input_name: image[None]} for image in images]}, num_threads=1)
    result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    result.export_model(str(folder / digits.TFLITE_INT8), overwrite=True)
