"""A virtual plug on a real broker, recorded: energy is recovered, and what goes wrong has a name."""

import math
import time
from collections.abc import Callable

import pytest

from edgeprof.wire.energy import EnergyRun
from edgeprof_agent.energy.analysis import RunContext, energy_run
from edgeprof_agent.meters.mqtt_meter import MqttMeter
from edgeprof_agent.meters.registry import BRANDS
from edgeprof_agent.meters.setting import Kind, MeterSetting
from edgeprof_agent.worker_protocol.document import EnergyLoad
from tests.energy.curves import S, load_of, true_j, watts_at
from tests.meters.virtual_meter import Plug, VirtualMeter

pytestmark = pytest.mark.mosquitto


class Clock:
    """Runs `speed` times as fast as the wall's, from 1,000 s on: a course of minutes in seconds."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._began_s = time.monotonic()

    def s(self) -> float:
        return 1_000 + (time.monotonic() - self._began_s) * self.speed

    def ns(self) -> int:
        return int(self.s() * S)

    def sleep_until(self, moment_ns: int) -> None:
        time.sleep(max(0.0, (moment_ns / S - self.s()) / self.speed))


def setting(kind: Kind, topic: str, port: int, poll_hz: float | None = None) -> MeterSetting:
    return MeterSetting(kind=kind, topic=topic, host="127.0.0.1", port=port, poll_hz=poll_hz, uncertainty_percent=1.0)


def course(
    plug: Callable[[Clock, Callable[[float], float]], Plug], speed: float, load: EnergyLoad, poll_hz: float | None
) -> EnergyRun:
    """The plug recorded over the whole load."""
    clock = Clock(speed)
    played = plug(clock, lambda now_s: watts_at(load, int(now_s * S)))
    meter = MqttMeter(setting(played.kind, played.topic, played.port, poll_hz), BRANDS[played.kind], clock.ns)
    with VirtualMeter(played):
        meter.period_s = played.sends_s or speed / (poll_hz or 1.0)
        meter.start()
        clock.sleep_until(load["idle_after"]["end_ns"] + int(2 * meter.period_s * S))
        meter.stop()
    run_context = RunContext(latency_per_s={})
    return energy_run(meter.recording(), load, None, run_context, max(10.0, 100 * meter.period_s))


def error(run: EnergyRun, load: EnergyLoad) -> float:
    windows = load["phases"][0]["windows"]
    assert run.problem is None, run.problem
    return sum(each.gross_j for each in run.windows) / true_j(load, windows[0]["start_ns"], windows[-1]["end_ns"]) - 1


def test_a_shelly_that_is_asked_once_a_second(broker: int) -> None:
    """Six times as fast: asked six times a second of the wall's clock."""
    load = load_of(idle_s=32, window_s=24, after_s=12)
    run = course(
        lambda clock, watts: Plug(
            kind="shelly", topic="s1", port=broker, watts_at=watts, clock_s=clock.s, averages_s=1.0, late_s=0.6
        ),
        6,
        load,
        6.0,
    )
    assert abs(error(run, load)) < 0.02
    assert run.uncertainty_share is not None
    assert run.uncertainty_share < 0.05
    assert run.clock_offset_s is not None
    assert run.clock_offset_error_s is not None
    assert run.clock_offset_s == pytest.approx(0.6 + 0.5, abs=0.3 + run.clock_offset_error_s)


def test_a_tasmota_that_reports_each_second(broker: int) -> None:
    load = load_of(idle_s=32, window_s=24, after_s=12)
    run = course(
        lambda clock, watts: Plug(
            kind="tasmota",
            topic="t1",
            port=broker,
            watts_at=watts,
            clock_s=clock.s,
            sends_s=1.0,
            step_w=0.1,
            retained_w=900.0,
        ),
        6,
        load,
        0.0,
    )
    assert abs(error(run, load)) < 0.02


def test_a_zigbee_plug_that_reports_changes(broker: int) -> None:
    load = load_of(idle_s=32, window_s=24, after_s=12)
    run = course(
        lambda clock, watts: Plug(
            kind="zigbee2mqtt", topic="z1", port=broker, watts_at=watts, clock_s=clock.s, sends_s=1.0, delta_w=0.2
        ),
        6,
        load,
        None,
    )
    assert run.source.integration == "held"
    assert abs(error(run, load)) < 0.02


def test_a_report_each_ten_seconds_is_known_less_well_and_says_so(broker: int) -> None:
    load = load_of(idle_s=102, window_s=180, after_s=110)
    run = course(
        lambda clock, watts: Plug(
            kind="tasmota",
            topic="t10",
            port=broker,
            watts_at=watts,
            clock_s=clock.s,
            sends_s=10.0,
            averages_s=10.0,
            late_s=3.0,
            step_w=0.1,
        ),
        40,
        load,
        0.0,
    )
    assert run.uncertainty_share is not None
    assert abs(error(run, load)) <= run.uncertainty_share
    assert 0.015 < run.uncertainty_share < 0.15
    assert {"short_windows", "low_resolution"} <= set(run.marks)


def recorded(broker: int, plug: Plug, poll_hz: float | None, seconds: float) -> MqttMeter:
    meter = MqttMeter(setting(plug.kind, plug.topic, broker, poll_hz), BRANDS[plug.kind])
    with VirtualMeter(plug):
        meter.start()
        time.sleep(seconds)
        meter.stop()
    return meter


def steady(_now_s: float) -> float:
    return 5.0


def test_a_value_that_lies_retained_is_none(broker: int) -> None:
    plug = Plug(kind="tasmota", topic="old", port=broker, watts_at=steady, retained_w=123.0, silent_from_s=0.0)
    meter = recorded(broker, plug, 0.0, 0.5)
    assert meter.recording().samples == ()


def test_listening_finds_the_pace(broker: int) -> None:
    plug = Plug(kind="tasmota", topic="pace", port=broker, watts_at=lambda now_s: now_s % 7, sends_s=0.4)
    meter = MqttMeter(setting("tasmota", "pace", broker, 0.0), BRANDS["tasmota"])
    with VirtualMeter(plug):
        assert meter.listen(10) is None
    assert meter.period_s == pytest.approx(0.4, abs=0.15)
    assert meter.recording().samples == ()


def test_a_silent_meter_is_told_how_to_speak(broker: int) -> None:
    meter = MqttMeter(setting("tasmota", "nobody", broker, 0.0), BRANDS["tasmota"])
    told = str(meter.listen(0.5))
    assert told.startswith("0 values in 0.5 s: set poll_hz to poll it, or publish TelePeriod 10 to it; subscribed to ")
    assert "tele/nobody/SENSOR" in told


def test_a_broker_that_is_not_there() -> None:
    meter = MqttMeter(setting("shelly", "x", 1), BRANDS["shelly"])
    assert "cannot reach the broker 127.0.0.1:1" in str(meter.listen(3))


def test_text_in_the_place_of_watts(broker: int) -> None:
    plug = Plug(
        kind="zigbee2mqtt", topic="text", port=broker, watts_at=steady, sends_s=0.1, garbles=lambda _: "unavailable"
    )
    meter = recorded(broker, plug, None, 0.6)
    assert "not a number" in meter.recording().broken[0].reason


def test_milliwatts_in_the_place_of_watts_are_set_right_by_a_factor(broker: int) -> None:
    plug = Plug(
        kind="tasmota", topic="milli", port=broker, watts_at=steady, sends_s=0.1, garbles=lambda watts: watts * 1000
    )
    meter = MqttMeter(
        MeterSetting(kind="tasmota", topic="milli", host="127.0.0.1", port=broker, factor=0.001), BRANDS["tasmota"]
    )
    with VirtualMeter(plug):
        meter.start()
        time.sleep(0.5)
        meter.stop()
    assert {round(sample.value, 9) for sample in meter.recording().samples} == {5.0}


def test_a_meter_that_goes_offline(broker: int) -> None:
    until_s = time.monotonic() + 0.5
    plug = Plug(
        kind="tasmota",
        topic="gone",
        port=broker,
        watts_at=steady,
        sends_s=0.1,
        silent_from_s=until_s,
        says_offline=True,
    )
    meter = recorded(broker, plug, 0.0, 1.0)
    assert [each.reason for each in meter.recording().broken] == ["it went offline"]


def test_two_shellys_with_one_prefix(broker: int) -> None:
    one = Plug(kind="shelly", topic="twin", port=broker, watts_at=steady, mac="aaaaaa")
    other = Plug(kind="shelly", topic="twin", port=broker, watts_at=steady, mac="bbbbbb")
    with VirtualMeter(other):
        meter = recorded(broker, one, 5.0, 1.0)
    assert "two meters answer as shelly:twin" in meter.recording().broken[0].reason


def test_two_tasmotas_with_one_topic(broker: int) -> None:
    one = Plug(kind="tasmota", topic="tasmota", port=broker, watts_at=steady, sends_s=0.2)
    other = Plug(kind="tasmota", topic="tasmota", port=broker, watts_at=steady, sends_s=0.2, counter_offset_j=5e6)
    with VirtualMeter(other):
        meter = recorded(broker, one, 0.0, 1.2)
    assert "two meters answer as tasmota:tasmota" in meter.recording().broken[0].reason


def test_reversed_power_is_negative(broker: int) -> None:
    plug = Plug(kind="shelly", topic="reversed", port=broker, watts_at=lambda _: -5.0)
    meter = recorded(broker, plug, 5.0, 0.8)
    values = [sample.value for sample in meter.recording().samples]
    assert len(values) >= 2
    assert all(math.isclose(value, -5.0) for value in values)
