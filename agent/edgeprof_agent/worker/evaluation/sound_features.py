"""What a listening model takes: samples as they are, log-mel energies, or the micro front end's. Imports numpy.

Keys of `preparation`:

- `rate`: samples a second that the model takes. Default: 16,000.
- `features`: `samples` (default), `log-mel` or `micro-frontend` (TensorFlow Lite Micro's, of package pymicro-features).
- of log-mel: `frame_ms` 25, `hop_ms` 10, `mels` 40, `low_hz` 20, `high_hz` half the rate, `log_floor` 1e-6.
"""

import importlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.tensors import Floats
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

RATE = 16_000
_KINDS = ("samples", "log-mel", "micro-frontend")
NO_FRONTEND = (
    "The set's features come from TensorFlow Lite Micro's front end. Install it with: pip install pymicro-features"
)


class SoundFeatures:
    """Features of a recording, one row a step in time."""

    def __init__(self, keys: Mapping[str, Any]) -> None:
        """Raises RuntimeFailure `bad_set` for unknown features, and where their package is not installed."""
        self.rate = int(keys.get("rate", RATE))
        self._kind = keys.get("features", "samples")
        if self._kind not in _KINDS:
            raise RuntimeFailure("bad_set", f"The set's features {self._kind!r} are not one of {', '.join(_KINDS)}.")
        if self._kind == "micro-frontend":
            _frontend()
        self._frame = round(float(keys.get("frame_ms", 25)) * self.rate / 1000)
        self._hop = round(float(keys.get("hop_ms", 10)) * self.rate / 1000)
        self._floor = float(keys.get("log_floor", 1e-6))
        self._filters: Floats | None = None
        if self._kind == "log-mel":
            low_hz, high_hz = float(keys.get("low_hz", 20)), float(keys.get("high_hz", self.rate / 2))
            if self._frame < 1 or self._hop < 1 or not 0 <= low_hz < high_hz <= self.rate / 2:
                raise RuntimeFailure("bad_set", "The set's log-mel frames or frequencies do not fit its rate.")
            self._filters = mel_filters(self._frame, self.rate, int(keys.get("mels", 40)), low_hz, high_hz)

    @property
    def step_s(self) -> float:
        """Seconds between two rows."""
        if self._kind == "samples":
            return 1 / self.rate
        return self._hop / self.rate if self._kind == "log-mel" else 0.01

    def of(self, samples: Floats) -> Floats:
        """[steps] of samples, else [steps, features]."""
        if self._filters is not None:
            return log_mel(samples, self._frame, self._hop, self._filters, self._floor)
        if self._kind == "micro-frontend":
            return _micro(samples)
        return samples


def mel_filters(frame: int, rate: int, mels: int, low_hz: float, high_hz: float) -> Floats:
    """Triangles [frame // 2 + 1, mels], equal on the mel scale `2595 log10(1 + f / 700)` (O'Shaughnessy 1987)."""
    low, high = (2595 * math.log10(1 + hertz / 700) for hertz in (low_hz, high_hz))
    corners: npt.NDArray[Any] = 700 * (np.power(10, np.linspace(low, high, mels + 2) / 2595) - 1)
    frequencies: npt.NDArray[Any] = np.fft.rfftfreq(frame, 1 / rate)[:, None]
    rising = (frequencies - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - frequencies) / (corners[2:] - corners[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def log_mel(samples: Floats, frame: int, hop: int, filters: Floats, floor: float) -> Floats:
    """[frames, mels]: natural logarithm of the mel energies of Hann-windowed frames; nothing is padded."""
    if len(samples) < frame:
        samples = np.pad(samples, (0, frame - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    return np.log(power @ filters + floor).astype(np.float32)


def _micro(samples: Floats) -> Floats:
    """40 features every 10 ms, scaled as microWakeWord's training has them."""
    frontend = _frontend()
    data = np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()
    rows: list[Floats] = []
    place = 0
    while place + _CHUNK_BYTES <= len(data):
        found = frontend.process_samples(data[place : place + _CHUNK_BYTES])
        place += found.samples_read * 2
        if found.features:
            rows.append(np.asarray(found.features, np.float32))
        if not found.samples_read:
            break
    return np.stack(rows) if rows else np.zeros((0, 40), np.float32)


_CHUNK_BYTES = 320


def _frontend() -> Any:
    try:
        return importlib.import_module("pymicro_features").MicroFrontend()
    except ImportError as error:
        raise RuntimeFailure("bad_set", NO_FRONTEND) from error
