"""A probe whose second reading does not come back, as that of a sensor on a bus that hangs."""

import threading

from edgeprof_agent.telemetry.base import Site

LET_GO = threading.Event()


class Hanging:
    """`LET_GO` ends it, so that a test leaves no thread behind."""

    group = "temperature_c"
    unit = "°C"
    labels = ("cpu-thermal",)
    problem: str | None = None

    def __init__(self, site: Site) -> None:
        del site
        self._readings = 0

    def read(self) -> tuple[float]:
        self._readings += 1
        if self._readings > 1:
            LET_GO.wait(60)
        return (45.0,)
