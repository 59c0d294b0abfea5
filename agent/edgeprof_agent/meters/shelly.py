"""Shelly. Second generation and later: RPC over MQTT, `Switch.GetStatus` and its like, and notifications of changes.

shelly-api-docs.shelly.cloud/gen2, MQTT, Switch, PM1, EM1, EM, Cover, Light: `apower` in W and `aenergy.total` in Wh, of
an energy meter `act_power` or `total_act_power`; a request goes to `<prefix>/rpc`, its answer to `<src>/rpc`, and
`<prefix>/online` is its last will. A method that it lacks is error 404, a component that it lacks error -105.

First generation (shelly-api-docs.shelly.cloud/gen1, MQTT): no RPC, but plain numbers on `shellies/<id>/relay/0/power`
or `shellies/<id>/emeter/0/power`, with the energy beside it, and `shellies/<id>/online`.
"""

import json
import re

from edgeprof.wire.energy import Integration
from edgeprof_agent.meters.base import OFFLINE, Heard, Question, document, number, part, powers, reading
from edgeprof_agent.meters.setting import MeterSetting

_WH_J = 3600.0
_METHODS = {"switch": "Switch", "pm1": "PM1", "em1": "EM1", "em": "EM", "cover": "Cover", "light": "Light"}
_POWERS = ("apower", "act_power", "total_act_power")
_FIRST = ("relay", "emeter", "meter", "light", "roller")
_BASE_OF_FIRST = "shellies"
_UNKNOWN = (404, -105)


class Shelly:
    """A plug, relay or energy meter."""

    integration: Integration = "trapezoid"
    asks_hz = 1.0
    unasked_period_s = 60.0
    advice = "set poll_hz to poll it, and turn on `RPC over MQTT` in its MQTT settings"
    unanswered = (
        "it does not answer; check its MQTT prefix and turn on `RPC over MQTT` in its MQTT settings (the first "
        "generation has no RPC, and sends by itself)"
    )
    resolution_w: float | None = 0.1

    def topics(self, meter: MeterSetting, reply_to: str) -> tuple[str, ...]:
        prefix = _prefix(meter)
        first = [prefix] if meter.base or "/" in prefix else [prefix, f"{_BASE_OF_FIRST}/{prefix}"]
        return (
            f"{reply_to}/rpc",
            *(f"{prefix}/status/{component}:{meter.channel}" for component in _components(meter)),
            *(f"{each}/{part}/{meter.channel}/power" for each in first for part in _FIRST),
            *(f"{each}/online" for each in first),
        )

    def questions(self, meter: MeterSetting, reply_to: str) -> tuple[Question, ...]:
        requests = (
            {"id": 1, "src": reply_to, "method": f"{_METHODS[each]}.GetStatus", "params": {"id": meter.channel}}
            for each in _components(meter)
        )
        return tuple(Question(f"{_prefix(meter)}/rpc", json.dumps(request)) for request in requests)

    def meaning(self, meter: MeterSetting, topic: str, payload: bytes) -> Heard | None:
        if topic.endswith("/online"):
            return Heard(problem=OFFLINE) if payload.strip() == b"false" else None
        if topic.endswith("/power"):
            text = payload.decode("utf-8", "replace").strip()
            return None if text.startswith("{") else reading(text, "power", None, _WH_J)
        found = document(payload)
        refused = part(found, "error")
        if refused:
            problem = f"it refused the request: {str(refused.get('message'))[:100]}"
            return Heard(problem=problem, unknown=refused.get("code") in _UNKNOWN)
        status = part(found, "result") or found
        name = next((each for each in _names(meter) if each in status), None)
        if name is None:
            problem = f"its answer has no {' or '.join(_names(meter))}: this component has no meter"
            return Heard(problem=problem, unknown=True) if "result" in found else None
        source = found.get("src")
        identity = source if isinstance(source, str) else None
        return reading(status[name], name, part(status, "aenergy").get("total"), _WH_J, identity)

    def hint(self, meter: MeterSetting, topic: str, payload: bytes) -> str | None:
        name = meter.topic.rpartition("/")[2]
        if f"/{name}/" not in f"/{topic}":
            return None
        base = f"/{topic}".partition(f"/{name}/")[0].strip("/")
        old_base = _prefix(meter).rpartition("/")[0]
        if base and base != old_base and (powers(document(payload)) or topic.endswith("/power")):
            return f"set base={base}"
        place = re.search(r"(?:/status/\w+:|/(?:relay|emeter|meter|light|roller)/)(\d+)(?:/power)?$", topic)
        if place is None or int(place[1]) == meter.channel:
            return None
        status = document(payload)
        is_power = topic.endswith("/power") or any(number(status.get(each)) is not None for each in _POWERS)
        return f"set channel={place[1]}" if is_power else None


def _prefix(meter: MeterSetting) -> str:
    return f"{meter.base.rstrip('/')}/{meter.topic}" if meter.base else meter.topic


def _components(meter: MeterSetting) -> tuple[str, ...]:
    """Those that may have a meter; just one where the settings name it."""
    if meter.field in _METHODS:
        return (meter.field,)
    return ("em",) if _is_phase(meter) else tuple(_METHODS)


def _names(meter: MeterSetting) -> tuple[str, ...]:
    """Where the power stands in a component's status."""
    return (meter.field,) if meter.field and meter.field not in (*_METHODS, *_FIRST) else _POWERS


def _is_phase(meter: MeterSetting) -> bool:
    return meter.field.endswith("act_power") and meter.field not in _POWERS
