"""A Zigbee plug behind Zigbee2MQTT: `zigbee2mqtt/<name>` when it reports a change, seldom else.

zigbee2mqtt.io, MQTT topics and messages: `power` in W, `energy` in kWh; `<name>/get` asks, and some plugs answer.
"""

from edgeprof.wire.energy import Integration
from edgeprof_agent.meters.base import Heard, Question, document, number, part, reading
from edgeprof_agent.meters.setting import MeterSetting

_BASE = "zigbee2mqtt"
_KWH_J = 3.6e6


class Zigbee2Mqtt:
    """A plug whose reports Zigbee2MQTT passes on."""

    integration: Integration = "held"
    asks_hz = 0.0
    unasked_period_s = 10.0
    advice = "lower the maximum report interval of `activePower` in Zigbee2MQTT's reporting page"
    resolution_w: float | None = None

    def topics(self, meter: MeterSetting, reply_to: str) -> tuple[str, ...]:
        return (f"{_BASE}/{meter.topic}", f"{_BASE}/{meter.topic}/availability")

    def question(self, meter: MeterSetting, reply_to: str) -> Question | None:
        return Question(f"{_BASE}/{meter.topic}/get", '{"power": ""}')

    def meaning(self, meter: MeterSetting, topic: str, payload: bytes) -> Heard | None:
        found = document(payload)
        if topic.endswith("/availability"):
            state = found.get("state") or payload.decode("utf-8", "replace").strip()
            return Heard(problem="it went offline") if state == "offline" else None
        if "power" not in found:
            return None
        device = part(found, "device").get("ieeeAddr")
        identity = device if isinstance(device, str) else None
        return reading(found["power"], "power", number(found.get("energy")), _KWH_J, identity)
