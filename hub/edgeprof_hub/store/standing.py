"""The few fields of a stored outcome by which other cells are ranked: read of many more cells than are shown."""

import msgspec

from edgeprof.wire.evidence import NoiseFloor, Trust
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.messages import ResultStatus


class Ran(msgspec.Struct, frozen=True, gc=False):
    """Which runtime ran."""

    runtime: str
    runtime_version: str


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What of the protocol decides whether figures may be compared."""

    soak_s: float = 0.0


class Standing(msgspec.Struct, frozen=True):
    """A part of `messages.Result`, by the same names; the rest of the document is skipped."""

    result_id: str
    status: ResultStatus
    metrics: tuple[MetricRow, ...]
    effective: Ran | None
    protocol: Asked
    emulated: bool
    job_id: str | None = None
    replayed: str | None = None
    trust: Trust | None = None
    noise_floor: NoiseFloor | None = None
    noise_floors: tuple[NoiseFloor, ...] = ()


class StandingRow(msgspec.Struct, frozen=True):
    """A cell's standing, and the job that it waits for or that ended last."""

    device_id: str
    model_id: str
    config_key: str
    job_id: str | None
    job_state: str | None
    standing: Standing


DECODER = msgspec.json.Decoder(Standing)
