"""What each of the 256 values of a pixel becomes, once for all items: an input is then filled by looking up.

The values are those of `Preparation.normalized` and `tensors.stored`, bit for bit: both work on each value alone.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.preparation import Preparation
from edgeprof_agent.worker.evaluation.tensors import stored
from edgeprof_agent.worker_protocol.adapter import InputNeed


class PixelTable:
    """For one input. Items that are not uint8 are computed."""

    def __init__(self, preparation: Preparation, need: InputNeed) -> None:
        self._preparation = preparation
        self._need = need
        ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], preparation.channels, axis=2)
        values = stored(preparation.scaled(ramp), need)[:, 0, :]
        self._channels = [np.ascontiguousarray(values[:, channel]) for channel in range(preparation.channels)]
        self._is_one = all(np.array_equal(channel, self._channels[0]) for channel in self._channels)

    def filled(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The input's array of an image [height, width, channels] of its size."""
        if image.dtype != np.uint8:
            return stored(self._preparation.normalized(image), self._need)
        if self._is_one:
            return self._preparation.laid_out(np.take(self._channels[0], image))
        if self._preparation.layout == "NCHW":
            return np.stack([np.take(table, image[..., at]) for at, table in enumerate(self._channels)])[None]
        looked_up = [np.take(table, image[..., at]) for at, table in enumerate(self._channels)]
        return self._preparation.laid_out(np.stack(looked_up, axis=-1))
