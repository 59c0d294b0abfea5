"""TFLite by ai-edge-quantizer's own recipes."""

from pathlib import Path

import numpy as np

from edgeprof_exports.ladder.step import Settings
from edgeprof_exports.steps.tools import tool

SIGNATURE = "serving_default"


def make(source: Path, target: Path, settings: Settings, inputs: Path | None) -> None:
    """`recipe`: the name of a function of ai_edge_quantizer.recipe. The model needs the signature serving_default."""
    recipe = getattr(tool("ai_edge_quantizer.recipe"), settings["recipe"])()
    quantizer = tool("ai_edge_quantizer.quantizer").Quantizer(str(source), recipe)
    ranges = quantizer.calibrate({SIGNATURE: _feeds(source, inputs)}, num_threads=1) if inputs else None
    result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    result.export_model(str(target), overwrite=True)


def _feeds(source: Path, inputs: Path) -> list[dict[str, object]]:
    """By the signature's names. An interpreter names the same inputs otherwise."""
    interpreter = tool("ai_edge_litert.interpreter").Interpreter(str(source))
    signature = interpreter.get_signature_list().get(SIGNATURE)
    if signature is None:
        raise ValueError(f"the model has no signature {SIGNATURE}")
    runner = interpreter.get_signature_runner(SIGNATURE)
    names = {detail["name"]: name for name, detail in runner.get_input_details().items()}
    found: list[dict[str, object]] = []
    for file in sorted(inputs.glob("*.npz"), key=lambda each: int(each.stem)):
        with np.load(file, allow_pickle=False) as arrays:
            found.append({names[name]: array for name, array in arrays.items()})
    return found
