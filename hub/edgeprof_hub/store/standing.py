"""What a result is ranked by, in a few bytes next to its cell: read of many more cells than a page shows.

It holds what was recorded, never what a rule made of it, so that a release may change the rules.
"""

import msgspec

from edgeprof.wire.messages import Result, ResultStatus
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.store.trouble import Rotten


class StandingFigure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A measured figure with its 95 % interval, in the metric's unit. `scope`: what the meters cover, for energy."""

    value: float
    ci_low: float | None
    ci_high: float | None
    scope: str | None


class Ran(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which runtime ran."""

    runtime: str
    runtime_version: str


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """Of one result. `causes`: of its trust badge. `floors`: noise floor by series, those of this very set-up only."""

    result_id: str
    job_id: str | None
    status: ResultStatus
    effective: Ran | None
    emulated: bool
    replayed: str | None
    soak_s: float
    causes: tuple[str, ...]
    floors: dict[str, float]
    figures: dict[str, StandingFigure]


class StandingRow(msgspec.Struct, frozen=True):
    """A cell's standing, and its newest job where that one failed."""

    device_id: str
    model_id: str
    config_key: str
    failed_job_id: str | None
    standing: Standing

    @property
    def is_of_newest_job(self) -> bool:
        """Whether no newer job ended without a result: the device refused it, and old figures must not pass as new."""
        return self.failed_job_id is None or self.failed_job_id == self.standing.job_id


def standing_of(result: Result) -> Standing:
    """The part of a result that decides its rank: its measured figures and what speaks for or against them."""
    ran = result.effective
    floors = [floor for floor in (result.noise_floor, *result.noise_floors) if floor is not None]
    return Standing(
        result_id=result.result_id,
        job_id=result.job_id,
        status=result.status,
        effective=Ran(ran.runtime, ran.runtime_version) if ran else None,
        emulated=result.emulated,
        replayed=result.replayed,
        soak_s=result.protocol.soak_s,
        causes=tuple(dict.fromkeys(mark.cause for mark in result.trust.marks)) if result.trust else (),
        floors={
            floor.series: floor.floor
            for floor in floors
            if floor.is_of(result.model_id, result.config_key) and floor.device_id == result.device_id
        },
        figures={
            row.metric: StandingFigure(row.value, row.ci_low, row.ci_high, row.scope)
            for row in result.metrics
            if row.origin == "measured" and row.metric in METRICS
        },
    )


def encoded(result: Result) -> bytes:
    """As it is stored."""
    return _ENCODER.encode(standing_of(result))


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Standing)


def decoded(raw: bytes) -> Standing:
    """What `encoded` made. Raises Rotten where it is none any more."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.MsgspecError, TypeError) as error:
        raise Rotten(f"a stored standing cannot be read: {error}") from error
