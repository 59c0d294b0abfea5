"""WAV files of 16 bits as numbers and back; float64 [frames, channels], -1 to 1."""

import io
import wave
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError

MAX_FRAMES = 100_000_000
_FULL_SCALE = 32_768


def read_sound(path: Path, place: str) -> tuple[Any, int]:
    """The samples and their rate in Hz. Raises EdgeprofError `bad_item`; `place` names the item."""
    import numpy as np

    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise wave.Error(f"{8 * file.getsampwidth()} bits a sample, not 16")
            if file.getnframes() > MAX_FRAMES:
                raise wave.Error(f"more than {MAX_FRAMES:,} frames")
            if not file.getnframes():
                raise wave.Error("it holds no samples")
            data, channels, rate_hz = file.readframes(file.getnframes()), file.getnchannels(), file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise EdgeprofError(
            "bad_item", f"{place}: {path.name} is not a WAV file that can be changed: {error}. Convert it to 16 bits."
        ) from error
    whole = len(data) // (2 * channels) * 2 * channels
    samples = np.frombuffer(data[:whole], "<i2").astype(np.float64) / _FULL_SCALE
    return samples.reshape(-1, channels), rate_hz


def wav_of(samples: Any, rate_hz: int) -> bytes:
    """The same as a file."""
    import numpy as np

    whole = np.clip((samples * _FULL_SCALE).round(), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2")
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(whole.tobytes())
    return packed.getvalue()
