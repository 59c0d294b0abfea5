"""A meter that gives no values on a real broker: what did speak, what was asked, and how long."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edgeprof_agent.meters.mqtt_meter import MqttMeter
from edgeprof_agent.meters.registry import BRANDS
from edgeprof_agent.meters.setting import parse_meter

pytestmark = pytest.mark.mosquitto


@contextmanager
def speaking(port: int, topic: str, payload: object, every_s: float = 0.1, *, retain: bool = False) -> Generator[None]:
    """A device that publishes one thing again and again."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    done = threading.Event()

    def run() -> None:
        while not done.wait(every_s):
            client.publish(topic, json.dumps(payload), retain=retain)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        client.publish(topic, b"", retain=True).wait_for_publish(2)
        client.loop_stop()
        client.disconnect()


def meter_of(text: str) -> MqttMeter:
    meter = parse_meter(text)
    return MqttMeter(meter, BRANDS[meter.kind])


@pytest.mark.parametrize(
    ("meter", "topic", "payload", "advice"),
    [
        (
            "zigbee2mqtt:s1@127.0.0.1:{}",
            "zigbee2mqtt/s1",
            {"power_upper": 4, "linkquality": 99},
            "set field=power_upper",
        ),
        ("zigbee2mqtt:s2@127.0.0.1:{}", "home/z2m/s2", {"power": 4}, "set base=home/z2m"),
        ("tasmota:s3@127.0.0.1:{}", "s3/tele/SENSOR", {"ENERGY": {"Power": 5}}, "set base=%topic%/%prefix%/"),
        ("shelly:s4@127.0.0.1:{},poll_hz=0", "s4/status/switch:1", {"apower": 5}, "set channel=1"),
        ("zigbee2mqtt:s5@127.0.0.1:{}", "zigbee2mqtt/s5", {"state": "ON"}, "set field=NAME"),
    ],
)
def test_a_meter_that_speaks_elsewhere_is_named_with_the_setting(
    broker: int, meter: str, topic: str, payload: object, advice: str
) -> None:
    with speaking(broker, topic, payload):
        told = str(meter_of(meter.format(broker)).listen(2.0))
    assert told.startswith("0 values in 2 s: ")
    assert advice in told.partition("; subscribed")[0]
    assert f"{topic} sends " in told
    assert "report interval" not in told
    assert "poll_hz" not in told


def test_what_was_asked_and_subscribed_to_is_told(broker: int) -> None:
    told = str(meter_of(f"tasmota:dumb@127.0.0.1:{broker}").listen(1.5))
    assert "0 values in 1.5 s: it does not answer" in told
    assert "subscribed to tele/dumb/SENSOR, stat/dumb/STATUS8, tele/dumb/LWT" in told
    assert "asked cmnd/dumb/STATUS 2 times" in told


def test_what_lies_retained_has_not_spoken(broker: int) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker)
    client.loop_start()
    client.publish("home/old/gone", json.dumps({"power": 3}), retain=True).wait_for_publish(2)
    told = str(meter_of(f"zigbee2mqtt:gone@127.0.0.1:{broker}").listen(1.0))
    client.publish("home/old/gone", b"", retain=True).wait_for_publish(2)
    client.loop_stop()
    assert "home/old/gone" not in told


def test_a_shelly_without_a_switch_is_asked_for_its_meter(broker: int) -> None:
    """A PM Mini knows PM1.GetStatus alone."""
    client = Client(CallbackAPIVersion.VERSION2)
    asked: list[str] = []

    def answer(client: Client, _data: object, message: MQTTMessage) -> None:
        request = json.loads(message.payload)
        asked.append(request["method"])
        reply: dict[str, object] = {"id": request["id"], "src": "shellypmmini-1", "dst": request["src"]}
        if request["method"] == "PM1.GetStatus":
            reply["result"] = {"id": 0, "apower": 12.8 + 0.1 * (len(asked) % 3), "aenergy": {"total": 699.3}}
        else:
            reply["error"] = {"code": 404, "message": f"No handler for {request['method']}"}
        client.publish(f"{request['src']}/rpc", json.dumps(reply))

    client.on_message = answer
    client.connect("127.0.0.1", broker)
    client.subscribe("mini/rpc")
    client.loop_start()
    meter = meter_of(f"shelly:mini@127.0.0.1:{broker},poll_hz=10")
    try:
        assert meter.listen(10.0) is None
    finally:
        client.loop_stop()
        client.disconnect()
    assert asked[:2] == ["Switch.GetStatus", "PM1.GetStatus"]
    assert asked.count("Switch.GetStatus") == 1


def test_a_plug_whose_bursts_repeat_a_cached_power_is_as_slow_as_its_readings(broker: int) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker)
    client.loop_start()
    done = threading.Event()

    def run() -> None:
        number = 0
        while not done.wait(0.88):
            number += 1
            for part in range(3):
                power = 4.0 + 0.1 * ((number if part == 2 else number - 1) % 3)
                client.publish("zigbee2mqtt/burst", json.dumps({"power": power, "voltage": 230 + part}))
                done.wait(0.04)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    meter = meter_of(f"zigbee2mqtt:burst@127.0.0.1:{broker}")
    try:
        assert meter.listen(12.0) is None
    finally:
        done.set()
        thread.join()
        client.loop_stop()
        client.disconnect()
    assert meter.period_s == pytest.approx(1.0, rel=0.3)
