"""Tasmota: `tele/<topic>/SENSOR` each TelePeriod (300 s), and an answer to `STATUS 8` whenever it is asked.

tasmota.github.io/docs, Commands and MQTT: `ENERGY.Power` in W (`WattRes` 0 to 3 decimals, 0 from the maker),
`ENERGY.Total` in kWh; both are lists where it has several channels. `FullTopic` (`%prefix%/%topic%/` from the maker)
says how a topic is made.
"""

import json
import re
from typing import cast

from edgeprof.wire.energy import Integration
from edgeprof_agent.meters.base import OFFLINE, Heard, Question, document, number, part, powers, reading
from edgeprof_agent.meters.setting import MeterSetting

_KWH_J = 3.6e6
_FULL_TOPIC = "%prefix%/%topic%/"
_FIELD = "ENERGY.Power"


class Tasmota:
    """A plug with Tasmota's firmware."""

    integration: Integration = "trapezoid"
    asks_hz = 1.0
    unasked_period_s = 300.0
    advice = "set poll_hz to poll it, or publish TelePeriod 10 to it"
    unanswered = "it does not answer; check its Topic and FullTopic, and that it uses this broker"
    resolution_w: float | None = 1.0

    def topics(self, meter: MeterSetting, reply_to: str) -> tuple[str, ...]:
        return (_topic(meter, "tele", "SENSOR"), _topic(meter, "stat", "STATUS8"), _topic(meter, "tele", "LWT"))

    def questions(self, meter: MeterSetting, reply_to: str) -> tuple[Question, ...]:
        return (Question(_topic(meter, "cmnd", "STATUS"), "8"),)

    def meaning(self, meter: MeterSetting, topic: str, payload: bytes) -> Heard | None:
        if topic.endswith("/LWT"):
            return Heard(problem=OFFLINE) if payload.strip() == b"Offline" else None
        found = document(payload)
        sensors = part(found, "StatusSNS") or found
        group, _, name = (meter.field or _FIELD).rpartition(".")
        energy = part(sensors, group) if group else sensors
        if not energy:
            return None
        if name not in energy:
            sent = ", ".join(powers(sensors)) or "no power"
            return Heard(problem=f"it sends no {meter.field or _FIELD}, but {sent}") if meter.field else None
        return _of_channel(meter, energy[name], energy.get("Total"), meter.field or _FIELD)

    def hint(self, meter: MeterSetting, topic: str, payload: bytes) -> str | None:
        if not topic.endswith(("/SENSOR", "/STATUS8")) or f"/{meter.topic}/" not in f"/{topic}":
            return None
        prefix = re.search(r"(?:^|/)(tele|stat)/", topic)
        if prefix is None:
            return None
        made = f"/{topic}".replace(f"/{meter.topic}/", "/%topic%/", 1).replace(f"/{prefix[1]}/", "/%prefix%/", 1)
        base = made[1:].rpartition("/")[0] + "/"
        if _full_topic(meter) != base:
            return f"set base={base}"
        sensors = document(payload)
        fields = powers(part(sensors, "StatusSNS") or sensors)
        return f"set field={next(iter(fields))}" if fields else None


def _of_channel(meter: MeterSetting, power: object, total: object, name: str) -> Heard:
    """One value for the whole, or a list with one a channel."""
    if not isinstance(power, list):
        if meter.channel:
            return Heard(problem=f"{name} is one value, {json.dumps(power)[:40]}; remove channel={meter.channel}")
        return reading(power, name, total, _KWH_J)
    values = cast("list[object]", power)
    if meter.channel >= len(values):
        if not values:
            return reading(values, name, None, _KWH_J)
        return Heard(
            problem=f"{name} is {json.dumps(values)[:60]}: channel={meter.channel} is not one of 0 to {len(values) - 1}"
        )
    totals = cast("list[object]", total) if isinstance(total, list) else []
    counter = totals[meter.channel] if meter.channel < len(totals) else None
    return reading(values[meter.channel], f"{name}[{meter.channel}]", number(counter), _KWH_J)


def _full_topic(meter: MeterSetting) -> str:
    base = meter.base
    if not base:
        return _FULL_TOPIC
    base = base if base.endswith("/") else f"{base}/"
    return base if "%topic%" in base else f"{base}{_FULL_TOPIC}"


def _topic(meter: MeterSetting, prefix: str, end: str) -> str:
    return _full_topic(meter).replace("%prefix%", prefix).replace("%topic%", meter.topic) + end
