"""Shelly, second generation and later: RPC over MQTT, `Switch.GetStatus`, and notifications when something changes.

shelly-api-docs.shelly.cloud/gen2, MQTT and Switch: `apower` in W, `aenergy.total` in Wh; a request goes to
`<prefix>/rpc`, its answer to `<src>/rpc`, and `<prefix>/online` is its last will.
"""

import json

from edgeprof.wire.energy import Integration
from edgeprof_agent.meters.base import Heard, Question, document, part, reading
from edgeprof_agent.meters.setting import MeterSetting

_WH_J = 3600.0


class Shelly:
    """A Plus, Pro or later plug or relay with a meter."""

    integration: Integration = "trapezoid"
    asks_hz = 1.0
    unasked_period_s = 60.0
    advice = "set poll_hz to poll it, and turn on `RPC over MQTT` in its MQTT settings"
    resolution_w: float | None = 0.1

    def topics(self, meter: MeterSetting, reply_to: str) -> tuple[str, ...]:
        return (f"{reply_to}/rpc", f"{meter.topic}/status/switch:{meter.channel}", f"{meter.topic}/online")

    def question(self, meter: MeterSetting, reply_to: str) -> Question | None:
        request = {"id": 1, "src": reply_to, "method": "Switch.GetStatus", "params": {"id": meter.channel}}
        return Question(f"{meter.topic}/rpc", json.dumps(request))

    def meaning(self, meter: MeterSetting, topic: str, payload: bytes) -> Heard | None:
        if topic.endswith("/online"):
            return Heard(problem="it went offline") if payload.strip() == b"false" else None
        found = document(payload)
        refused = part(found, "error")
        if refused:
            return Heard(problem=f"it refused the request: {str(refused.get('message'))[:100]}")
        status = part(found, "result") or found
        if "apower" not in status:
            return None
        source = found.get("src")
        identity = source if isinstance(source, str) else None
        return reading(status["apower"], "apower", part(status, "aenergy").get("total"), _WH_J, identity)
