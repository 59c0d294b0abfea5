"""A recording as samples: WAV files of the standard library's kinds, one channel, the rate that the model takes."""

import importlib
import io
import wave
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.tensors import Floats

MAX_SECONDS = 3_600
_TOLERANCE_S = 0.1


class Recording(NamedTuple):
    """Samples from -1 to 1, one channel."""

    samples: Floats
    rate: int


def recording(path: Path) -> Recording:
    """A PCM WAV file of 8, 16, 24 or 32 bits; channels are averaged. Raises NoAnswer."""
    try:
        data = path.read_bytes()
        with wave.open(io.BytesIO(data)) as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            if file.getnframes() > MAX_SECONDS * max(rate, 1):
                raise NoAnswer(f"{path.name} is longer than {MAX_SECONDS:,} s; cut it")
            raw = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise NoAnswer(f"{path.name} does not decode: {str(error) or 'it ends too early'}") from error
    if rate <= 0 or channels <= 0 or not raw:
        raise NoAnswer(f"{path.name} holds no sound")
    values = _scaled(raw[: len(raw) - len(raw) % (width * channels)], width)
    return Recording(values.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate)


def recording_of(item: Item, folder: Path) -> Recording:
    """An item's recording. Raises NoAnswer, also where it is not as long as the item says: rates are per hour of it."""
    found = recording(folder / item["file"])
    seconds, declared_s = len(found.samples) / found.rate, float(item["duration_s"])
    if abs(seconds - declared_s) > max(_TOLERANCE_S, 0.01 * declared_s):
        raise NoAnswer(f"the recording lasts {seconds:.2f} s, and its item says {declared_s:.2f} s. Correct duration_s")
    return found


def at_rate(found: Recording, rate: int) -> Floats:
    """The samples at another rate, by SciPy's polyphase filter. Raises NoAnswer where that is not installed."""
    if found.rate == rate:
        return found.samples
    try:
        signal: Any = importlib.import_module("scipy.signal")
    except ImportError:
        raise NoAnswer(
            f"the recording has {found.rate:,} Hz, the model takes {rate:,} Hz. Resample the file, or install scipy."
        ) from None
    return np.asarray(signal.resample_poly(found.samples, rate, found.rate), dtype=np.float32)


def _scaled(raw: bytes, width: int) -> Floats:
    """8 bits are unsigned in a WAV file, all others signed."""
    if width == 1:
        return ((np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128).astype(np.float32)
    if width == 3:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return (wide.view("<i4").ravel() / 2**31).astype(np.float32)
    return (np.frombuffer(raw, f"<i{width}") / float(2 ** (8 * width - 1))).astype(np.float32)
