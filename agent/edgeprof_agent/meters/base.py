"""What a brand of meter is: where it speaks, how it is asked, what its words mean. No I/O."""

import json
import math
import re
from typing import NamedTuple, Protocol, cast

from edgeprof.wire.energy import Integration
from edgeprof_agent.meters.setting import MeterSetting

OFFLINE = "it went offline"
"""The one retained message that counts: a last will stays on the broker until its device is back."""
_POWER = re.compile(r"power|watt", re.IGNORECASE)
_NO_POWER = re.compile(r"factor|apparent|reactive|on_behavio|outage|type|source|supply|_on|mode|limit", re.IGNORECASE)


class Heard(NamedTuple):
    """One message's meaning. `problem`: why it is no value. `counter_j`: its own count of energy, where it has one."""

    watts: float | None = None
    counter_j: float | None = None
    identity: str | None = None
    """Who said it, where the message tells: two devices may have been given one topic."""
    problem: str | None = None
    unknown: bool = False
    """`problem` is that it does not know this question: it may know another one."""


class Question(NamedTuple):
    """What is published to be told a fresh value."""

    topic: str
    payload: str


class Brand(Protocol):
    """One kind of meter."""

    integration: Integration
    asks_hz: float
    """How often it is asked unless the settings say otherwise; 0: its own reports are enough."""
    unasked_period_s: float
    """The time between two values that it sends by itself, as it comes from its maker."""
    advice: str
    """What to set where nobody asks it and values come too seldom."""
    unanswered: str
    """What to look at where it does not answer."""
    resolution_w: float | None

    def topics(self, meter: MeterSetting, reply_to: str) -> tuple[str, ...]:
        """What to subscribe to."""
        ...

    def questions(self, meter: MeterSetting, reply_to: str) -> tuple[Question, ...]:
        """How to ask: each in turn until it knows one. Empty: it cannot be asked, or should not be."""
        ...

    def meaning(self, meter: MeterSetting, topic: str, payload: bytes) -> Heard | None:
        """Of one message; None: it is about something else."""
        ...

    def hint(self, meter: MeterSetting, topic: str, payload: bytes) -> str | None:
        """What to set, where this message, on whatever topic, looks like this meter's; None: it does not."""
        ...


def document(payload: bytes) -> dict[str, object]:
    """A JSON object; empty where it is none."""
    try:
        found: object = json.loads(payload)
    except ValueError:
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def part(found: dict[str, object], name: str) -> dict[str, object]:
    """An object within an object; empty where there is none."""
    value = found.get(name)
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def number(value: object) -> float | None:
    """A finite number, also one in quotes; None for everything else (true, null, "unavailable")."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def powers(found: dict[str, object], path: str = "") -> dict[str, float]:
    """Every number within a document whose name speaks of power, by its path: `{"ENERGY.Power": 12.0}`.

    >>> powers({"power_l1": 12.4, "power_factor": 0.9, "ENERGY": {"Power": [1, 2]}})
    {'power_l1': 12.4, 'ENERGY.Power': 1.0}
    """
    named: dict[str, float] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            named |= powers(cast("dict[str, object]", value), f"{path}{name}.")
            continue
        values = cast("list[object]", value) if isinstance(value, list) else [value]
        watts = number(values[0]) if values and _POWER.search(name) and not _NO_POWER.search(name) else None
        if watts is not None:
            named[f"{path}{name}"] = watts
    return named


def reading(watts: object, what: str, counter: object, joules_a_unit: float, identity: str | None = None) -> Heard:
    """A power and a counter as they stand in a message."""
    found = number(watts)
    if found is None:
        return Heard(problem=f"{what} is {json.dumps(watts)[:60]}, not a number")
    total = number(counter)
    return Heard(found, None if total is None else total * joules_a_unit, identity)
