"""A sound resampled to a lower rate and back: all above half of that rate is lost, the rate of the file stays."""

from typing import Any

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import SoundPerturbation


def _band_limited(samples: Any, rate_hz: int, values: Values, stream: Any) -> Any:
    import numpy as np

    spectrum = np.fft.rfft(samples, axis=0)
    spectrum[np.fft.rfftfreq(len(samples), 1 / rate_hz) >= float(values["rate_hz"]) / 2] = 0
    return np.fft.irfft(spectrum, len(samples), axis=0)


RESAMPLING = SoundPerturbation(
    name="resampling",
    title="Resampling",
    parameters=(
        Parameter(name="rate_hz", default=8_000, low=1_000, high=192_000, meaning="the lower rate, in samples/s"),
    ),
    change=_band_limited,
)
