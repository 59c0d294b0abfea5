"""The heat gate on recorded machines that are made warm, cool down, or stay hot."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from edgeprof.quality.sets import read_set
from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.evaluating.evaluate import evaluate
from edgeprof_agent.measuring import lock
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.telemetry import gate as gate_module
from edgeprof_agent.telemetry.gate import HeatGate, Passed
from tests.agent.evaluation_sets import first_digits
from tests.agent.measuring import BUNDLED, machine, misbehaving, request_for, unheard


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often."""
    monkeypatch.setattr(gate_module, "LOOK_S", 0.01)


@dataclass
class Board:
    """A Raspberry Pi 4 that cools by `cools_by_c` at each line of progress."""

    root: Path
    temperature_c: float
    cools_by_c: float = 0.0
    gate: HeatGate = field(default_factory=HeatGate)
    cancelled: threading.Event = field(default_factory=threading.Event)
    told: list[tuple[str, float | None, str]] = field(default_factory=lambda: [])

    def set(self, temperature_c: float) -> None:
        self.temperature_c = temperature_c
        (self.root / "sys/class/thermal/thermal_zone0/temp").write_text(f"{temperature_c * 1000:.0f}\n")

    def take_line(self, stage: str, fraction: float | None, note: str) -> None:
        self.told.append((stage, fraction, note))
        self.set(self.temperature_c - self.cools_by_c)

    def enter(self, start_below_c: float | None = None, wait_s: float = 60.0) -> Passed:
        protocol = RunProtocol(start_below_c=start_below_c, heat_wait_s=wait_s)
        self.set(self.temperature_c)
        return self.gate.wait(protocol, self.take_line, self.cancelled, self.root)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(machine("pi-4b-4gb", tmp_path), 61.2)


def test_a_cool_device_starts_at_once(board: Board) -> None:
    board.temperature_c = 50.0
    assert board.enter(start_below_c=55.0).hot is None
    assert board.told == []


def test_a_warm_device_is_waited_for_and_progress_says_so(board: Board) -> None:
    board.cools_by_c = 1.0
    passed = board.enter(start_below_c=55.0)
    assert passed.hot is None
    assert board.temperature_c <= 55.0
    stage, fraction, note = board.told[0]
    assert (stage, note) == ("start", "cooling: 61.2 °C, waiting for 55.0 °C")
    assert fraction is not None
    assert 0 <= fraction < 1
    assert len(board.told) == 7


def test_a_device_that_stays_hot_starts_at_the_limit_and_says_so(board: Board) -> None:
    passed = board.enter(start_below_c=55.0, wait_s=0.05)
    assert passed.hot == "61.2 °C, waiting for 55.0 °C"
    assert passed.waited_s >= 0.05


def test_a_limit_of_no_wait_marks_at_once(board: Board) -> None:
    assert board.enter(start_below_c=55.0, wait_s=0.0).hot is not None
    assert board.told == []


def test_later_runs_start_no_hotter_than_the_first_and_two_degrees(board: Board) -> None:
    board.temperature_c = 50.0
    assert board.enter().hot is None
    board.gate.left()
    board.temperature_c = 51.9
    assert board.enter(wait_s=0.0).hot is None
    board.temperature_c = 52.1
    assert board.enter(wait_s=0.0).hot == "52.1 °C, waiting for 52.0 °C"


def test_a_device_that_has_rested_sets_a_new_first_start(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    board.temperature_c = 40.0
    board.enter()
    board.gate.left()
    monkeypatch.setattr(gate_module, "REST_S", 0.0)
    board.temperature_c = 50.0
    assert board.enter(wait_s=0.0).hot is None, "the room is warmer now"


def test_waiting_ends_where_the_device_cools_no_further(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "PLATEAU_S", 0.1)
    board.temperature_c = 40.0
    board.enter()
    board.temperature_c = 50.0
    passed = board.enter(wait_s=60.0)
    assert passed.hot == "50.0 °C, waiting for 42.0 °C"
    assert passed.waited_s < 30
    assert board.enter(wait_s=0.0).hot is None, "that is how cool it gets here: the new first start"


def test_no_run_begins_while_heat_holds_the_device_back(board: Board) -> None:
    board.temperature_c = 45.0
    cooler = board.root / "sys/class/thermal/cooling_device0"
    cooler.mkdir()
    (cooler / "type").write_text("thermal-cpufreq-0\n")
    (cooler / "cur_state").write_text("3\n")
    assert board.enter(wait_s=0.05).hot == "the device reports: frequency capped"
    (cooler / "cur_state").write_text("0\n")
    assert board.enter(wait_s=0.05).hot is None


def test_a_cancel_ends_the_wait(board: Board) -> None:
    board.cancelled.set()
    assert board.enter(start_below_c=55.0, wait_s=600.0).waited_s < 60


def test_a_device_without_temperature_has_no_gate(tmp_path: Path) -> None:
    passed = HeatGate().wait(RunProtocol(start_below_c=1.0), unheard, threading.Event(), machine("x86-vm", tmp_path))
    assert passed == Passed(unchecked="this device reports no temperature")


def test_an_evaluation_passes_the_same_gate(tmp_path: Path) -> None:
    root = machine("pi-4b-4gb", tmp_path / "machine")
    zone = root / "sys/class/thermal/thermal_zone0"
    (zone / "temp").write_text("84000\n")
    (zone / "trip_point_0_type").write_text("critical\n")
    (zone / "trip_point_0_temp").write_text("85000\n")
    folder = first_digits(tmp_path / "set", 5)
    request = request_for(BUNDLED / "digits-cnn-int8.onnx", "onnxruntime")
    request = replace(request, config=replace(request.config, evaluation_set=read_set(folder).set_id))
    result, _ = evaluate(request, folder, tmp_path / "j", unheard, threading.Event(), root=root, gate=HeatGate())
    assert result.failure is not None
    assert result.failure.code == "thermal_abort"


def test_a_device_at_its_critical_point_is_not_measured(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lock, "_SHARED", tmp_path)
    zone = board.root / "sys/class/thermal/thermal_zone0"
    (zone / "trip_point_0_type").write_text("critical\n")
    (zone / "trip_point_0_temp").write_text("110000\n")
    board.set(106.0)
    protocol = RunProtocol(heat_wait_s=0.05)
    request = request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=protocol)
    result, _ = measure(request, unheard, threading.Event(), misbehaving("segfault"), board.root, HeatGate())
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage) == ("thermal_abort", "start")
    assert "cpu-thermal is at 106.0 °C" in result.failure.message
