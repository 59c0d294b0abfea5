"""A Zigbee plug behind Zigbee2MQTT: `zigbee2mqtt/<name>` when it reports a change, seldom else.

zigbee2mqtt.io, MQTT topics and messages: `power` in W, `energy` in kWh; `<name>/get` asks, and some plugs answer. A
strip or a meter with several clamps has a field each: `power_l1`, `power_left`, `power_a`, `power_phase_b`
(zigbee2mqtt.io, Supported devices). The base topic is set in Zigbee2MQTT's `mqtt.base_topic`.
"""

import json
import re

from edgeprof.wire.energy import Integration
from edgeprof_agent.meters.base import OFFLINE, Heard, Question, document, number, part, powers, reading
from edgeprof_agent.meters.setting import MeterSetting

_BASE = "zigbee2mqtt"
_KWH_J = 3.6e6
_POWER = "power"
_PART = re.compile(r"^power_(?:l?(?P<number>[1-9]\d?)|(?:phase_)?(?P<letter>[a-h])|(?P<place>[a-z]+))$")
_PLACES = {"left": 0, "top": 0, "right": 1, "bottom": 1, "center": 2, "centre": 2, "middle": 2}
"""Of the first two sockets; a third one lies between them."""


class Zigbee2Mqtt:
    """A plug whose reports Zigbee2MQTT passes on."""

    integration: Integration = "held"
    asks_hz = 0.0
    unasked_period_s = 10.0
    advice = "lower the maximum report interval of `activePower` in Zigbee2MQTT's reporting page"
    unanswered = "it does not answer; leave poll_hz out, and check its name in Zigbee2MQTT"
    resolution_w: float | None = None

    def topics(self, meter: MeterSetting, reply_to: str) -> tuple[str, ...]:
        return (_topic(meter), f"{_topic(meter)}/availability")

    def questions(self, meter: MeterSetting, reply_to: str) -> tuple[Question, ...]:
        return (Question(f"{_topic(meter)}/get", json.dumps({meter.field or _POWER: ""})),)

    def meaning(self, meter: MeterSetting, topic: str, payload: bytes) -> Heard | None:
        found = document(payload)
        if topic.endswith("/availability"):
            state = found.get("state") or payload.decode("utf-8", "replace").strip()
            return Heard(problem=OFFLINE) if state == "offline" else None
        name = meter.field or _field(found, meter.channel)
        if name is None or name not in found:
            return None
        device = part(found, "device").get("ieeeAddr")
        identity = device if isinstance(device, str) else None
        energy = found.get(name.replace(_POWER, "energy", 1)) if name.startswith(_POWER) else None
        return reading(found[name], name, number(energy), _KWH_J, identity)

    def hint(self, meter: MeterSetting, topic: str, payload: bytes) -> str | None:
        fields = powers(document(payload))
        if not fields:
            return None
        if topic == _topic(meter):
            return f"set field={' or field='.join(fields)}"
        base, slash, _ = topic.removesuffix(f"/{meter.topic}").partition("\0")
        is_it = topic.endswith(f"/{meter.topic}") and not slash
        return f"set base={base}" if is_it else None


def _field(found: dict[str, object], channel: int) -> str | None:
    """Where the channel's power is in this message: its own field, else the one of the whole."""
    channels = {_channel(name): name for name in reversed(found) if _channel(name) is not None}
    whole = _POWER in found
    if channels and (channel or not whole or number(found[_POWER]) is None):
        return channels.get(channel)
    return _POWER if whole and not channel else None


def _channel(name: str) -> int | None:
    """Counted from 0; None: this field is no socket's power."""
    match = _PART.match(name)
    if match is None:
        return None
    if match["number"]:
        return int(match["number"]) - 1
    return ord(match["letter"]) - ord("a") if match["letter"] else _PLACES.get(match["place"])


def _topic(meter: MeterSetting) -> str:
    return f"{meter.base.rstrip('/') or _BASE}/{meter.topic}"
