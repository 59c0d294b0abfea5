"""The answer of `GET /api/v1/ready`: every model on every device, the best first, with the evidence."""

from dataclasses import dataclass

from edgeprof.readiness.judge import PairVerdict


@dataclass(frozen=True, kw_only=True)
class ReadyRow:
    """One model on one device, with its names."""

    device: str
    model: str
    family: str
    tag: str
    """`emulated`, `replayed`, `cloud`, or nothing: a device that is what it says."""
    pair: PairVerdict


@dataclass(frozen=True, kw_only=True)
class ReadyAnswer:
    """`counts` are of all that match the filters; `rows` may be fewer, by `limit`."""

    level: tuple[str, ...]
    """The service level as it was understood."""
    utilisation: float
    counts: dict[str, int]
    """By verdict, the best first."""
    rows: tuple[ReadyRow, ...]
    notes: tuple[str, ...] = ()
