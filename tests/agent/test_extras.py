"""What comes after the window may fail, and costs only itself: latency stays, the rest has its reason."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, cast

import pytest

from edgeprof.cli import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.wire.energy import PowerScope
from edgeprof.wire.evidence import TRUST_CAUSES
from edgeprof.wire.messages import Result
from edgeprof_agent.commands.view import profile as view
from edgeprof_agent.energy import meter as energy_meter
from edgeprof_agent.energy.meter import EnergyMeter
from edgeprof_agent.energy.plan import EnergyPlan
from edgeprof_agent.measuring import extra_figures, judging, measure, reporting
from edgeprof_agent.sensors.base import Recording
from edgeprof_agent.series.storage import Keeper
from edgeprof_agent.telemetry import state
from edgeprof_agent.telemetry.sampler import Telemetry
from edgeprof_agent.worker_protocol.document import Measured
from tests.agent.measuring import BUNDLED, measured, request_for
from tests.energy.curves import load_of, recording_of

MODEL = BUNDLED / "digits-cnn-int8.onnx"


def broken(*_: object, **__: object) -> NoReturn:
    raise ValueError("the samples do not cover the span")


def latency_of(result: Result) -> float:
    assert result.status == "measured", result.failure
    return next(row.value for row in result.metrics if row.metric == "latency_p50_ms")


def notes_of(result: Result) -> str:
    assert result.effective is not None
    return "; ".join(result.effective.notes)


@pytest.mark.parametrize(
    ("module", "name", "what"),
    [
        (extra_figures, "add_energy", "energy failed"),
        (extra_figures, "add_cold", "the cold start's figures failed"),
        (measure, "_energy", "energy failed"),
        (measure, "_window_memory", "memory in the window failed"),
        (reporting, "memory_of", "the memory profile failed"),
        (reporting, "conditions_of", "the conditions failed"),
        (reporting, "timing_of", "timing failed"),
        (reporting, "trace_artifact", "the trace failed"),
        (reporting, "samples_artifact", "the samples failed"),
        (reporting, "points_of", "the sweep failed"),
        (reporting, "remote_of", "the endpoint's figures failed"),
        (reporting, "effective_of", "the effective configuration failed"),
        (reporting, "fitted", "shortening the result failed"),
    ],
)
def test_a_step_after_the_window_fails_alone(
    module: object, name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, broken)
    result = measured(request_for(MODEL))
    assert latency_of(result) > 0
    if name != "fitted":  # the very last step: its note would come too late
        assert f"{what}: ValueError: the samples do not cover the span" in notes_of(result)
    if name == "add_cold":
        reasons = {row.metric: row.reason for row in result.absent}
        assert "ValueError" in reasons["load_cold_ms"]
        assert "ValueError" in reasons["first_inference_cold_ms"]
    if "energy" in name:
        assert any(row.metric == "energy_per_inference_j" and "ValueError" in row.reason for row in result.absent)


@pytest.mark.parametrize(
    ("module", "name"), [(reporting, "conditions_of"), (reporting, "memory_of"), (judging, "_trust")]
)
def test_a_run_that_could_not_be_judged_is_not_called_clean(
    module: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, broken)
    result = measured(request_for(MODEL))
    assert result.trust is not None
    assert set(result.trust.unchecked) == set(TRUST_CAUSES)
    assert "the samples do not cover the span" in result.trust.unchecked["busy"]


def test_the_device_and_the_terminal_may_fail_while_a_model_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "temperatures_c", broken)
    monkeypatch.setattr(Telemetry, "stop", broken)
    result, _ = measure.measure(request_for(MODEL), broken, threading.Event())
    assert latency_of(result) > 0
    assert "the trace of the device failed" in notes_of(result)
    assert result.after is not None
    assert result.after.temperature_c is None


class Odd:
    """A source whose driver fails in a way that nobody foresaw, at one of its steps."""

    scope: PowerScope = "module_input"
    period_s = 0.1
    cost = None

    def __init__(self, step: str, recording: Recording) -> None:
        self.name = recording.name
        self._step, self._recording = step, recording

    def start(self) -> None:
        self._maybe("start")

    def stop(self) -> None:
        self._maybe("stop")

    def recording(self) -> Recording:
        self._maybe("recording")
        return self._recording

    def _maybe(self, step: str) -> None:
        if step == self._step:
            raise KeyError(step)


@pytest.mark.parametrize("step", ["start", "stop", "recording", "analysis"])
def test_a_source_that_fails_costs_its_own_energy_and_no_other(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load = load_of()
    good = recording_of(load, 20.0)
    real = energy_meter.energy_run
    if step == "analysis":
        monkeypatch.setattr(
            energy_meter,
            "energy_run",
            lambda taken, *rest: broken() if taken.name == "odd" else real(taken, *rest),  # pyright: ignore
        )
    odd = Odd(step, replace(good, name="odd"))
    other = Odd("none", good)
    meter = EnergyMeter([odd, other], EnergyPlan(None, {}), 1)
    meter.start()
    meter.stop()
    now = state.read_state()
    measured_part = cast(Measured, {"kind": "tensor", "series_ns": {"latency": [20_000_000] * 10}})
    runs = meter.runs(load, measured_part, now, now, None)
    assert [run.problem is None for run in runs] == [True, False]
    assert runs[1].source.name == "odd"
    assert "failed" in str(runs[1].problem)


def test_a_section_that_cannot_be_shown_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "energy_lines", broken)
    monkeypatch.setattr(view, "conditions_lines", broken)
    text = view.report(measured(request_for(MODEL)))
    assert "p50" in text
    assert "cannot be shown: ValueError" in text


def test_figures_are_printed_before_a_full_disk_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> NoReturn:
        raise EdgeprofError("file_unwritable", "Cannot write: No space left on device.")

    monkeypatch.setattr(Keeper, "keep", full)
    options = ["--no-energy", "--no-cold-start", "--window-s", "0.1", "--out", str(tmp_path / "out")]
    with pytest.raises(EdgeprofError, match="No space left"):
        edgeprof.main(["profile", str(MODEL), *options], standalone_mode=False)
    assert "p50" in capsys.readouterr().out
