"""White noise under a sound, at a stated ratio of signal to noise."""

from typing import Any

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import SoundPerturbation


def _hissing(samples: Any, rate_hz: int, values: Values, stream: Any) -> Any:
    import numpy as np

    power = float(np.square(samples).mean()) if len(samples) else 0.0
    sigma = (power / 10 ** (float(values["snr_db"]) / 10)) ** 0.5
    return samples + stream.normal(0.0, sigma, samples.shape)


HISS = SoundPerturbation(
    name="hiss",
    title="Noise under a sound",
    parameters=(
        Parameter(name="snr_db", default=10.0, low=-20, high=60, meaning="power of the sound over the noise, in dB"),
    ),
    change=_hissing,
)
