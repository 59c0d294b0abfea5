"""A louder or quieter sound; what leaves the range is clipped, as a converter does."""

from typing import Any

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import SoundPerturbation


def _scaled(samples: Any, rate_hz: int, values: Values, stream: Any) -> Any:
    return samples * 10 ** (float(values["gain_db"]) / 20)


GAIN = SoundPerturbation(
    name="gain",
    title="Gain",
    parameters=(Parameter(name="gain_db", default=-12.0, low=-60, high=40, meaning="gain in dB"),),
    change=_scaled,
)
