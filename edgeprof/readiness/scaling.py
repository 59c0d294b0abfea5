"""Horizontal scale: how many devices carry the load, with headroom and with one of them failed. Pure."""

import math
from dataclasses import dataclass

from edgeprof.readiness.evidence import SetUp
from edgeprof.readiness.level import ServiceLevel
from edgeprof.readiness.speed import capacity_runs
from edgeprof.tables import figures

MAX_DEVICES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Horizontal:
    """Devices of one kind for the whole load; None where one user's share is more than a device gives."""

    devices: int | None
    devices_with_spare: int | None
    """With one device failed, the others still carry the load within the headroom (N + 1)."""
    capacity_per_s: float
    """Of one device: the lower end of its 95 % interval, or the value where there is none."""
    sentence: str


def horizontal(level: ServiceLevel, set_up: SetUp, is_language: bool, utilisation: float) -> Horizontal | None:
    """Devices needed = ceil(load / (utilisation x capacity)); with a spare, one more.

    By the utilisation law U = X · S (Denning and Buzen, "The operational analysis of queueing network models", ACM
    Computing Surveys 10(3), 1978), solved for the number of equal devices that share the load. Capacity is the lower
    end of the 95 % interval, from the end of a soak where there is one. A user of a language model stays on one device,
    where the KV cache is: devices = ceil(users / floor(utilisation x capacity / rate of one user)). Requests of other
    models go to any device. None: no rate is demanded, or no real device was measured.

    >>> from edgeprof.readiness.evidence import RunFacts
    >>> from edgeprof.wire.figures import MetricRow
    >>> rows = {"sustained_p50_ms": MetricRow(metric="sustained_p50_ms", value=20, n=9, ci_low=20, ci_high=20)}
    >>> unit = SetUp(device_id="d", model_id="m", label="", runs=(RunFacts(result_id="r", figures=rows),))
    >>> horizontal(ServiceLevel(rate_per_s=100), unit, False, 0.7).devices
    3
    """
    load, found = level.load_per_s, capacity_runs(level, set_up, is_language)
    if load is None or not found or found[0][1].unreal:
        return None
    capacity = found[0][1].low
    usable = utilisation * capacity
    if not math.isfinite(usable) or usable <= 0:
        return None
    unit = "tokens/s" if is_language else "requests/s"
    share = f"{figures.number(capacity)} {unit} each at {utilisation:.0%}"
    if is_language:
        users = math.floor(usable / (load / level.users) + 1e-9)
        if users == 0:
            return _none(
                capacity, f"No number of devices: one user needs more than {figures.number(usable)} {unit} of a device."
            )
        needed = math.ceil(level.users / users)
    else:
        needed = max(1, math.ceil(load / usable - 1e-9))
    if needed > MAX_DEVICES:
        return _none(capacity, f"More than {MAX_DEVICES:,} devices.")
    plural = "s" if needed != 1 else ""
    text = f"{needed:,} device{plural} for {load:g} {unit} ({share}); {needed + 1:,} with one failed."
    return Horizontal(devices=needed, devices_with_spare=needed + 1, capacity_per_s=capacity, sentence=text)


def _none(capacity: float, sentence: str) -> Horizontal:
    return Horizontal(devices=None, devices_with_spare=None, capacity_per_s=capacity, sentence=sentence)
