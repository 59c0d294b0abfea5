"""Plugs with several sockets, other components, other generations and other base topics.

Payloads as public reports and the makers' pages print them (arendst/Tasmota 6160, easimon/shelly-exporter 155,
Koenkk/zigbee2mqtt 22981 and 26484).
"""

import json
from typing import NamedTuple

import pytest

from edgeprof.errors import UsageError
from edgeprof_agent.meters.base import Heard
from edgeprof_agent.meters.registry import BRANDS
from edgeprof_agent.meters.setting import distinct, parse_meter


class Said(NamedTuple):
    """What is set, and what a plug publishes."""

    meter: str
    topic: str
    payload: object
    watts: float
    counter_j: float | None = None


STRIP = {"StatusSNS": {"ENERGY": {"Total": [3.5, 1.25], "Power": [23.6, 67.2]}}}
WHOLE = [
    Said("tasmota:desk@h", "stat/desk/STATUS8", STRIP, 23.6),
    Said("tasmota:desk@h,channel=1", "stat/desk/STATUS8", STRIP, 67.2, 1.25 * 3.6e6),
    Said("tasmota:desk@h,channel=1", "tele/desk/SENSOR", {"ENERGY": {"Total": 4.0, "Power": [1, 2]}}, 2.0),
    Said("tasmota:desk@h,base=%topic%/%prefix%/", "desk/tele/SENSOR", {"ENERGY": {"Power": 5}}, 5.0),
    Said("tasmota:desk@h,base=home/lab", "home/lab/tele/desk/SENSOR", {"ENERGY": {"Power": 5}}, 5.0),
    Said("tasmota:desk@h,field=SML.Power_curr", "tele/desk/SENSOR", {"SML": {"Power_curr": 321}}, 321.0),
    Said("shelly:plug@h", "plug/status/pm1:0", {"id": 0, "apower": 12.8, "aenergy": {"total": 2}}, 12.8, 7200.0),
    Said("shelly:plug@h", "plug/status/em1:0", {"id": 0, "act_power": 12.8}, 12.8),
    Said("shelly:plug@h", "plug/status/em:0", {"id": 0, "a_act_power": 3.0, "total_act_power": 9.0}, 9.0),
    Said("shelly:plug@h,field=b_act_power", "plug/status/em:0", {"b_act_power": 4.0, "total_act_power": 9.0}, 4.0),
    Said("shelly:plug@h,channel=1", "plug/status/switch:1", {"id": 1, "apower": 7.5}, 7.5),
    Said("shelly:plug@h,base=cellar", "cellar/plug/status/pm1:0", {"apower": 1.5}, 1.5),
    Said("shelly:shellyplug-s-1A@h", "shellies/shellyplug-s-1A/relay/0/power", 12.83, 12.83),
    Said("shelly:shellies/shellyem-1A@h,channel=1", "shellies/shellyem-1A/emeter/1/power", -3.5, -3.5),
    Said("zigbee2mqtt:desk@h", "zigbee2mqtt/desk", {"power_l1": 12.4, "power_l2": 0, "energy_l1": 0.5}, 12.4, 1.8e6),
    Said("zigbee2mqtt:desk@h,channel=1", "zigbee2mqtt/desk", {"power_l1": 12.4, "power_l2": 3.5}, 3.5),
    Said("zigbee2mqtt:desk@h", "zigbee2mqtt/desk", {"power": None, "power_left": 8.5, "power_right": 1}, 8.5),
    Said("zigbee2mqtt:desk@h,channel=1", "zigbee2mqtt/desk", {"power_left": 8.5, "power_right": 1.5}, 1.5),
    Said("zigbee2mqtt:desk@h", "zigbee2mqtt/desk", {"power_a": 5.5, "power_b": 6, "power_factor_a": 0.9}, 5.5),
    Said("zigbee2mqtt:desk@h,channel=2", "zigbee2mqtt/desk", {"power": 1, "power_phase_c": 4.5}, 4.5),
    Said("zigbee2mqtt:desk@h", "zigbee2mqtt/desk", {"power": 9, "power_l1": 4, "power_on_behavior": "on"}, 9.0),
    Said("zigbee2mqtt:desk@h,field=load_w", "zigbee2mqtt/desk", {"load_w": 2.5, "power": 1}, 2.5),
    Said("zigbee2mqtt:desk@h,base=zigbee/lab", "zigbee/lab/desk", {"power": 2.5}, 2.5),
]


@pytest.mark.parametrize("said", WHOLE)
def test_a_setting_leads_to_the_watts(said: Said) -> None:
    meter = parse_meter(said.meter)
    brand = BRANDS[meter.kind]
    assert said.topic in brand.topics(meter, "edgeprof-x")
    heard = brand.meaning(meter, said.topic, json.dumps(said.payload).encode())
    assert heard is not None
    assert (heard.watts, heard.problem) == (said.watts, None)
    if said.counter_j is not None:
        assert heard.counter_j == pytest.approx(said.counter_j)


@pytest.mark.parametrize(
    ("meter", "topic", "payload", "reason"),
    [
        ("tasmota:desk@h,channel=2", "stat/desk/STATUS8", STRIP, "channel=2 is not one of 0 to 1"),
        ("tasmota:desk@h,channel=1", "stat/desk/STATUS8", {"ENERGY": {"Power": 5}}, "remove channel=1"),
        ("tasmota:desk@h,field=SML.P", "tele/desk/SENSOR", {"SML": {"Power": 3}}, "sends no SML.P, but SML.Power"),
        ("shelly:p@h", "e/rpc", {"id": 1, "result": {"id": 0, "output": True}}, "this component has no meter"),
    ],
)
def test_a_setting_that_does_not_fit_says_what_would(meter: str, topic: str, payload: object, reason: str) -> None:
    setting = parse_meter(meter)
    heard = BRANDS[setting.kind].meaning(setting, topic, json.dumps(payload).encode())
    assert heard is not None
    assert heard.watts is None
    assert reason in str(heard.problem)


def test_the_other_sockets_message_is_not_this_ones() -> None:
    meter = parse_meter("zigbee2mqtt:desk@h,channel=1")
    assert BRANDS["zigbee2mqtt"].meaning(meter, "zigbee2mqtt/desk", b'{"power_l1": 12.4}') is None
    assert BRANDS["zigbee2mqtt"].meaning(meter, "zigbee2mqtt/desk", b'{"power": 12.4}') is None


def test_a_method_or_component_that_a_shelly_lacks_leads_to_the_next_question() -> None:
    meter = parse_meter("shelly:p@h")
    shelly = BRANDS["shelly"]
    for code in (404, -105):
        answer = {"id": 1, "error": {"code": code, "message": "No handler for Switch.GetStatus"}}
        heard = shelly.meaning(meter, "e/rpc", json.dumps(answer).encode())
        assert heard is not None
        assert heard.unknown
    methods = [json.loads(each.payload)["method"] for each in shelly.questions(meter, "e")]
    assert methods[:3] == ["Switch.GetStatus", "PM1.GetStatus", "EM1.GetStatus"]
    named = parse_meter("shelly:p@h,field=pm1,channel=1")
    (only,) = shelly.questions(named, "e")
    assert json.loads(only.payload)["params"] == {"id": 1}


@pytest.mark.parametrize(
    ("meter", "topic", "payload", "hint"),
    [
        ("tasmota:desk@h", "desk/tele/SENSOR", {"ENERGY": {"Power": 5}}, "set base=%topic%/%prefix%/"),
        ("tasmota:desk@h", "home/tele/desk/SENSOR", {"ENERGY": {"Power": 5}}, "set base=home/%prefix%/%topic%/"),
        ("tasmota:desk@h", "tele/desk/SENSOR", {"SML": {"Power_curr": 5}}, "set field=SML.Power_curr"),
        ("shelly:p@h", "cellar/p/status/switch:0", {"apower": 1}, "set base=cellar"),
        ("shelly:p@h", "p/status/switch:2", {"apower": 1}, "set channel=2"),
        ("shelly:p@h", "shellies/p/relay/1/power", 3.5, "set base=shellies"),
        ("zigbee2mqtt:desk@h", "zigbee2mqtt/desk", {"power_upper": 4}, "set field=power_upper"),
        ("zigbee2mqtt:desk@h", "home/z2m/desk", {"power": 4}, "set base=home/z2m"),
        ("zigbee2mqtt:desk@h", "zigbee2mqtt/lamp", {"power": 4}, None),
        ("zigbee2mqtt:desk@h", "zigbee2mqtt/desk", {"state": "ON"}, None),
        ("tasmota:desk@h", "tele/lamp/SENSOR", {"ENERGY": {"Power": 5}}, None),
        ("shelly:p@h", "p/status/sys", {"ram": 1}, None),
    ],
)
def test_a_message_somewhere_else_hints_at_the_setting(
    meter: str, topic: str, payload: object, hint: str | None
) -> None:
    setting = parse_meter(meter)
    assert BRANDS[setting.kind].hint(setting, topic, json.dumps(payload).encode()) == hint


def test_two_sockets_of_a_strip_are_two_meters() -> None:
    one, other = distinct([parse_meter("tasmota:strip@h"), parse_meter("tasmota:strip@h,channel=1")])
    assert (one.called, other.called) == ("tasmota:strip", "tasmota:strip:1")


def test_all_settings_can_stand_on_the_command_line() -> None:
    meter = parse_meter("zigbee2mqtt:desk, left@h:1884,name=left,poll_hz=0.5,scope=dc_input,base=a/b,factor=0.001")
    assert (meter.topic, meter.port, meter.name) == ("desk, left", 1884, "left")
    assert (meter.poll_hz, meter.scope, meter.base, meter.factor) == (0.5, "dc_input", "a/b", 0.001)


@pytest.mark.parametrize(
    "text", ["shelly:x@h,channel=99", "shelly:x@h,colour=red", "shelly:x@h,field=a b", "shelly:x@h,"]
)
def test_a_setting_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=VALUE"):
        parse_meter(text)


def test_nothing_is_heard_in_text() -> None:
    meter = parse_meter("shelly:shellyplug-s-1A@h")
    heard = BRANDS["shelly"].meaning(meter, "shellies/shellyplug-s-1A/relay/0/power", b"overpower")
    assert isinstance(heard, Heard)
    assert "not a number" in str(heard.problem)
