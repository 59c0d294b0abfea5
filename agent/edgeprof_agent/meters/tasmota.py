"""Tasmota: `tele/<topic>/SENSOR` each TelePeriod (300 s), and an answer to `STATUS 8` whenever it is asked.

tasmota.github.io/docs, Commands and MQTT: `ENERGY.Power` in W (`WattRes` 0 to 3 decimals, 0 from the maker),
`ENERGY.Total` in kWh.
"""

from edgeprof.wire.energy import Integration
from edgeprof_agent.meters.base import Heard, Question, document, part, reading
from edgeprof_agent.meters.setting import MeterSetting

_KWH_J = 3.6e6


class Tasmota:
    """A plug with Tasmota's firmware."""

    integration: Integration = "trapezoid"
    asks_hz = 1.0
    unasked_period_s = 300.0
    advice = "set poll_hz to poll it, or publish TelePeriod 10 to it"
    resolution_w: float | None = 1.0

    def topics(self, meter: MeterSetting, reply_to: str) -> tuple[str, ...]:
        return (f"tele/{meter.topic}/SENSOR", f"stat/{meter.topic}/STATUS8", f"tele/{meter.topic}/LWT")

    def question(self, meter: MeterSetting, reply_to: str) -> Question | None:
        return Question(f"cmnd/{meter.topic}/STATUS", "8")

    def meaning(self, meter: MeterSetting, topic: str, payload: bytes) -> Heard | None:
        if topic.endswith("/LWT"):
            return Heard(problem="it went offline") if payload.strip() == b"Offline" else None
        found = document(payload)
        energy = part(part(found, "StatusSNS") or found, "ENERGY")
        if not energy:
            return None
        return reading(energy.get("Power"), "ENERGY.Power", energy.get("Total"), _KWH_J)
