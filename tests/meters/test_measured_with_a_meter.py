"""A real model on this machine with a plug on a real broker: joules at the wall, and a plug that nobody hears."""

import threading
from dataclasses import replace

import pytest

from edgeprof.wire.messages import Result
from edgeprof_agent.energy import plan
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.meters.setting import MeterSetting
from edgeprof_agent.recorded.player import is_load
from tests.agent.measuring import BUNDLED, QUICK, request_for
from tests.meters.virtual_meter import Plug, VirtualMeter

pytestmark = pytest.mark.mosquitto
IDLE_W, LOAD_W = 3.0, 8.0


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "IDLE_BEFORE_S", 3.0)
    monkeypatch.setattr(plan, "IDLE_AFTER_S", 3.0)
    monkeypatch.setattr(plan, "MIN_WINDOW_S", 1.5)
    monkeypatch.setattr(plan, "WINDOW_PERIODS", 10)
    monkeypatch.setattr(plan, "IDLE_PERIODS", 10)


class Draw:
    """What the plug sees: the run's own stages say when the model computes."""

    def __init__(self) -> None:
        self.watts, self._turn = IDLE_W, 0

    def hear(self, stage: str, fraction: float | None, note: str) -> None:
        self.watts = LOAD_W if is_load(stage, note) else IDLE_W

    def at(self, _now_s: float) -> float:
        self._turn += 1
        return self.watts + 0.1 * (self._turn % 3 - 1)


def run_with(meter: MeterSetting, draw: Draw) -> Result:
    request = request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=replace(QUICK, energy=True, energy_limit_s=20))
    result, _ = measure(replace(request, meters=(meter,)), draw.hear, threading.Event())
    assert result.status == "measured", result.failure
    return result


def value(result: Result, metric: str) -> float:
    return next(row.value for row in result.metrics if row.metric == metric)


def test_a_plug_gives_the_joules_of_the_whole_device(broker: int) -> None:
    draw = Draw()
    plug = Plug(kind="shelly", topic="desk", port=broker, watts_at=draw.at, late_s=0.2)
    meter = MeterSetting(kind="shelly", topic="desk", host="127.0.0.1", port=broker, poll_hz=5, name="desk plug")
    with VirtualMeter(plug):
        result = run_with(meter, draw)
    run = next(run for run in result.energy if run.source.name == "desk plug")
    assert run.problem is None
    assert run.source.scope == "wall_ac"
    assert run.clock_offset_s is not None
    assert result.energy[0] is run or result.energy[0].source.scope == "dc_input"
    assert value(result, "average_power_w") == pytest.approx(LOAD_W, rel=0.15)
    assert value(result, "idle_power_w") == pytest.approx(IDLE_W, rel=0.15)
    assert {row.scope for row in result.metrics if row.metric == "energy_per_inference_j"} == {"wall_ac"}
    assert any(part.assumed for part in run.uncertainty)


def test_a_plug_that_nobody_hears_costs_no_time_and_says_why(broker: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgeprof_agent.meters import mqtt_meter

    monkeypatch.setattr(mqtt_meter.MqttMeter.listen, "__defaults__", (1.0,))
    meter = MeterSetting(kind="tasmota", topic="nobody", host="127.0.0.1", port=broker)
    result = run_with(meter, Draw())
    (run,) = [run for run in result.energy if run.source.name == "tasmota:nobody"]
    assert "0 values in 1 s" in str(run.problem)
    reasons = {row.metric: row.reason for row in result.absent}
    assert "0 values in 1 s" in reasons["energy_per_inference_j"]
