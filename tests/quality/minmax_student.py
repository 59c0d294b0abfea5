"""A 64-32-10 perceptron of the digits, and its QDQ int8 form whose MinMax ranges one image had stretched.

One of 200 calibration images is 64 times as bright, as where a loader forgets to scale. MinMax keeps the largest value
that it sees, and all others share a few steps. Nothing reports it.
"""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import edgeprof

DIGITS = Path(edgeprof.__file__).parent / "quality/packaged/bundled/digits"
HIDDEN, CALIBRATION_IMAGES, STRETCH = 32, 200, 64


def write(folder: Path) -> tuple[Path, Path]:
    """Trains on the images that the set `digits` leaves out; returns the fp32 and the int8 file."""
    datasets: Any = importlib.import_module("sklearn.datasets")
    network: Any = importlib.import_module("sklearn.neural_network")
    digits = datasets.load_digits()
    lines = (DIGITS / "items.jsonl").read_text().splitlines()
    held_out = {int(json.loads(line)["id"].split("-")[1]) for line in lines}
    train = [number for number in range(len(digits.data)) if number not in held_out]
    images = (digits.data / 16).astype("float32")
    fitted = network.MLPClassifier((HIDDEN,), max_iter=600, random_state=1, alpha=1e-6)
    fitted.fit(images[train], digits.target[train])
    fp32, int8 = folder / "student-fp32.onnx", folder / "student-int8.onnx"
    _save(fitted, fp32)
    _quantize(fp32, int8, [images[number].reshape(1, 1, 8, 8) for number in train[:CALIBRATION_IMAGES]])
    return fp32, int8


def _save(fitted: Any, path: Path) -> None:
    onnx: Any = importlib.import_module("onnx")
    make = onnx.helper
    nodes, last = [make.make_node("Flatten", ["image"], ["flat"])], "flat"
    weights: list[Any] = []
    for layer, (matrix, bias) in enumerate(zip(fitted.coefs_, fitted.intercepts_, strict=True)):
        for name, values in (("w", matrix), ("b", bias)):
            weights.append(onnx.numpy_helper.from_array(values.astype("float32"), f"{name}{layer}"))
        nodes.append(make.make_node("Gemm", [last, f"w{layer}", f"b{layer}"], [f"g{layer}"]))
        last = f"g{layer}"
        if layer == 0:
            nodes.append(make.make_node("Relu", [last], ["r0"]))
            last = "r0"
    tensor = make.make_tensor_value_info
    floats = onnx.TensorProto.FLOAT
    inputs, outputs = [tensor("image", floats, [1, 1, 8, 8])], [tensor(last, floats, [1, 10])]
    graph = make.make_graph(nodes, "student", inputs, outputs, weights)
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=9), path)


def _quantize(fp32: Path, int8: Path, images: list[Any]) -> None:
    quantization: Any = importlib.import_module("onnxruntime.quantization")

    class Reader(quantization.CalibrationDataReader):  # pyright: ignore[reportUntypedBaseClass]
        def __init__(self) -> None:
            self._images: Iterator[Any] = iter([images[0] * STRETCH, *images[1:]])

        def get_next(self) -> Any:
            image = next(self._images, None)
            return None if image is None else {"image": image}

    quantization.quantize_static(
        fp32,
        int8,
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod.MinMax,
    )
