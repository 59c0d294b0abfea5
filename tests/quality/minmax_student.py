"""A 64-32-10 perceptron of the digits, and its QDQ int8 form whose MinMax ranges one image had stretched.

One of 200 calibration images is 64 times as bright, as where a loader forgets to scale. MinMax keeps the largest value
it sees, so that all others share a few steps. Nothing reports it.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from edgeprof.quality.packaged import bundled_digits

HIDDEN, CALIBRATION_IMAGES, STRETCH = 32, 200, 64
