"""What each brand's messages mean, and how a meter is named. Payloads as the brands' own documentation prints them."""

import json
from pathlib import Path

import pytest

from edgeprof.errors import UsageError
from edgeprof_agent.meters.base import Heard
from edgeprof_agent.meters.registry import BRANDS
from edgeprof_agent.meters.setting import MeterSetting, convert, distinct, parse_meter

TASMOTA = parse_meter("tasmota:plug1@10.0.0.2")
SHELLY = parse_meter("shelly:shellyplusplugs-a1b2c3@10.0.0.2:1884")
ZIGBEE = parse_meter("zigbee2mqtt:desk plug@broker.local")

SENSOR = {
    "Time": "2019-11-03T19:34:28",
    "ENERGY": {"TotalStartTime": "2019-03-23T08:19:34", "Total": 1.5, "Power": 7, "ApparentPower": 12, "Factor": 0.58},
}
STATUS = {
    "id": 0,
    "source": "init",
    "output": True,
    "apower": 8.9,
    "voltage": 237.5,
    "aenergy": {"total": 6.532, "by_minute": [45.199, 47.141, 88.397], "minute_ts": 1626935779},
}


def meaning(meter: MeterSetting, topic: str, payload: object) -> Heard | None:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return BRANDS[meter.kind].meaning(meter, topic, data)


def test_tasmotas_own_report_and_its_answer_mean_the_same() -> None:
    own = meaning(TASMOTA, "tele/plug1/SENSOR", SENSOR)
    asked = meaning(TASMOTA, "stat/plug1/STATUS8", {"StatusSNS": SENSOR})
    assert own == asked == Heard(watts=7.0, counter_j=5.4e6)


def test_shellys_answer_and_its_notification() -> None:
    answer = {"id": 1, "src": "shellyplusplugs-a1b2c3", "dst": "edgeprof-1", "result": STATUS}
    assert meaning(SHELLY, "edgeprof-1/rpc", answer) == Heard(8.9, 6.532 * 3600, "shellyplusplugs-a1b2c3")
    assert meaning(SHELLY, "shellyplusplugs-a1b2c3/status/switch:0", STATUS) == Heard(8.9, 6.532 * 3600)


def test_a_reversed_plug_gives_negative_watts() -> None:
    assert meaning(SHELLY, "p/status/switch:0", STATUS | {"apower": -8.9}) == Heard(-8.9, 6.532 * 3600)


def test_zigbees_report() -> None:
    found = meaning(ZIGBEE, "zigbee2mqtt/desk plug", {"power": 12.4, "energy": 0.5, "linkquality": 100})
    assert found == Heard(12.4, 1.8e6)


@pytest.mark.parametrize("said", [None, "unavailable", True, "", [], "nan", {}])
def test_what_is_no_number_is_a_problem(said: object) -> None:
    for meter, topic, payload in (
        (TASMOTA, "tele/plug1/SENSOR", {"ENERGY": {"Power": said}}),
        (SHELLY, "p/status/switch:0", STATUS | {"apower": said}),
        (ZIGBEE, "zigbee2mqtt/desk plug", {"power": said}),
    ):
        found = meaning(meter, topic, payload)
        assert found is not None
        assert "not a number" in str(found.problem)


def test_a_number_in_quotes_is_one() -> None:
    assert meaning(TASMOTA, "tele/plug1/SENSOR", {"ENERGY": {"Power": "12.3"}}) == Heard(watts=12.3)


@pytest.mark.parametrize(
    ("meter", "topic", "payload"),
    [
        (TASMOTA, "tele/plug1/LWT", b"Offline"),
        (SHELLY, "shellyplusplugs-a1b2c3/online", b"false"),
        (ZIGBEE, "zigbee2mqtt/desk plug/availability", {"state": "offline"}),
        (ZIGBEE, "zigbee2mqtt/desk plug/availability", b"offline"),
    ],
)
def test_a_meter_that_goes_offline_says_so(meter: MeterSetting, topic: str, payload: object) -> None:
    assert meaning(meter, topic, payload) == Heard(problem="it went offline")


@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b"\xff\xfe", b'"text"', {"Time": "now"}])
def test_what_is_about_something_else_is_nothing(payload: object) -> None:
    for meter, topic in ((TASMOTA, "tele/plug1/SENSOR"), (SHELLY, "edgeprof-1/rpc"), (ZIGBEE, "zigbee2mqtt/desk plug")):
        assert meaning(meter, topic, payload) is None


def test_a_shelly_that_refuses() -> None:
    found = meaning(
        SHELLY, "edgeprof-1/rpc", {"id": 1, "error": {"code": -105, "message": "Argument 'id', value 0 not found!"}}
    )
    assert found is not None
    assert "Argument 'id'" in str(found.problem)


def test_how_a_meter_is_named() -> None:
    assert (SHELLY.kind, SHELLY.topic, SHELLY.host, SHELLY.port) == (
        "shelly",
        "shellyplusplugs-a1b2c3",
        "10.0.0.2",
        1884,
    )
    assert ZIGBEE.called == "zigbee2mqtt:desk plug"
    assert TASMOTA.scope == "wall_ac"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shelly",
        "shelly:x",
        "shelly:@h",
        "shelly:x@",
        "meross:x@h",
        "shelly:x@h:0",
        "shelly:x@h:port",
        "tasmota:+/x@h",
    ],
)
def test_what_names_no_meter_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError, match="KIND:TOPIC@HOST"):
        parse_meter(text)


def test_two_meters_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="Two meters are named desk"):
        distinct(
            [convert({"kind": "shelly", "topic": each, "host": "h", "name": "desk"}, "a test") for each in ("a", "b")]
        )


def test_a_setting_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="colour"):
        convert({"kind": "shelly", "topic": "a", "host": "h", "colour": "red"}, "a test")


def test_every_kind_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/external-meters.md").read_text()
    assert all(f"`{kind}`" in page for kind in BRANDS)
    assert all(f"`{name}`" in page for name in MeterSetting.__struct_fields__)
