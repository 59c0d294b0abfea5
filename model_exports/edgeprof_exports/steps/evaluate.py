"""Step `evaluate`: every built file on the test images in its own runtime, written down with what made it."""

import hashlib
import platform
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeprof_exports import bundle
from edgeprof_exports.steps import digits, network, tools
from edgeprof_exports.steps.tools import tool

FILES = (digits.ONNX_FP32, digits.ONNX_INT8, digits.TFLITE_FP32, digits.TFLITE_INT8)


def run(folder: Path) -> None:
    """Writes the manifest of the build into `folder`."""
    split = digits.load()
    scores = network.predict(network.trained(folder), split.test_images)
    bundle.save(
        bundle.BuildRecord(
            network=network.DESCRIPTION,
            dataset=digits.DATASET,
            train_images=len(split.train_images),
            test_images=len(split.test_images),
            seed=digits.SEED,
            python=platform.python_version(),
            tools=tools.versions(),
            trained_accuracy=_share_right(scores.argmax(axis=1), split.test_labels),
            files={name: _measured(folder / name, split) for name in FILES},
        ),
        folder,
    )


def accuracy(path: Path, split: digits.Split) -> float:
    """The share of the test images that the model at `path` names rightly."""
    answers = onnx_answers if path.suffix == ".onnx" else tflite_answers
    return _share_right(answers(path, split.test_images), split.test_labels)


def onnx_answers(path: Path, images: digits.Images) -> digits.Labels:
    """What ONNX Runtime's CPU provider says to each image."""
    session = tool("onnxruntime").InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answers = [int(session.run(None, {"image": image[None]})[0].argmax()) for image in images]
    return np.array(answers, dtype=np.int64)


def tflite_answers(path: Path, images: digits.Images) -> digits.Labels:
    """What LiteRT says to each image; int8 inputs use the scale and zero point of the model."""
    interpreter = tool("ai_edge_litert.interpreter").Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers: list[int] = []
    for image in _as_input(digits.channels_last(images), source["dtype"], *source["quantization"]):
        interpreter.set_tensor(source["index"], image[None])
        interpreter.invoke()
        answers.append(int(interpreter.get_tensor(target["index"]).argmax()))
    return np.array(answers, dtype=np.int64)


def _as_input(
    images: digits.Images, kind: type[np.float32] | type[np.int8], scale: float, zero_point: int
) -> NDArray[np.float32] | NDArray[np.int8]:
    if kind == np.float32:
        return images
    steps = np.rint(images / np.float32(scale)) + np.float32(zero_point)
    return steps.clip(-128, 127).astype(np.int8)


def _share_right(answers: digits.Labels, labels: digits.Labels) -> float:
    return int(np.count_nonzero(answers == labels)) / len(labels)


def _measured(path: Path, split: digits.Split) -> bundle.File:
    data = path.read_bytes()
    return bundle.File(size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), accuracy=accuracy(path, split))
