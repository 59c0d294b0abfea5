"""The digits images of scikit-learn (UCI, CC BY 4.0), split once by a seed, and the file names of the build."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeprof_exports.steps.tools import tool

SEED = 7
TRAIN_IMAGES = 1297
CALIBRATION_IMAGES = 200
DATASET = "scikit-learn digits"

WEIGHTS = "weights.npz"
ONNX_FP32 = "digits-cnn-fp32.onnx"
ONNX_INT8 = "digits-cnn-int8.onnx"
TFLITE_FP32 = "digits-cnn-fp32.tflite"
TFLITE_INT8 = "digits-cnn-int8.tflite"

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Images as (count, 1, 8, 8) from 0 to 1, and their digits."""

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels

    @property
    def calibration_images(self) -> Images:
        """The training images that quantization sees; it never sees a test image."""
        return self.train_images[:CALIBRATION_IMAGES]


def load() -> Split:
    """The split; the same on every machine."""
    raw = tool("sklearn.datasets").load_digits()
    order = np.random.default_rng(SEED).permutation(len(raw.target))
    images = (raw.images[order, None] / 16).astype(np.float32)
    labels = raw.target[order].astype(np.int64)
    return Split(images[:TRAIN_IMAGES], labels[:TRAIN_IMAGES], images[TRAIN_IMAGES:], labels[TRAIN_IMAGES:])


def channels_last(images: Images) -> Images:
    """The layout of TFLite: (count, height, width, channels)."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))
