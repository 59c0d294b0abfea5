"""From a device's own files to joules in a result, through the whole path: worker, sampler, analysis, figures."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from edgeprof.wire.messages import Result
from edgeprof_agent.energy import plan
from edgeprof_agent.measuring.measure import measure
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import BUNDLED, MACHINES, QUICK, request_for

IDLE_W, LOAD_W = 2.0, 6.0
MODEL = BUNDLED / "digits-cnn-fp32.onnx"


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """The method with short stretches: what is tried here is the path, not how well joules are known."""
    monkeypatch.setattr(plan, "IDLE_BEFORE_S", 1.5)
    monkeypatch.setattr(plan, "IDLE_AFTER_S", 1.5)
    monkeypatch.setattr(plan, "CATCH_UP_S", 0.0)
    monkeypatch.setattr(plan, "MIN_WINDOW_S", 0.6)
    monkeypatch.setattr(plan, "WINDOW_PERIODS", 5)
    monkeypatch.setattr(plan, "IDLE_PERIODS", 5)


class Board:
    """A recorded tree whose power follows what the worker says that it does."""

    def __init__(self, write: Callable[[float, float], None], on_load: Callable[[], object] = lambda: None) -> None:
        """`on_load`: called once, as the first energy window begins: a wait for the machine comes before it."""
        self._write = write
        self._on_load = on_load
        self._watts, self._joules = IDLE_W, 1000.0
        self._has_loaded = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Board":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def hear(self, stage: str, fraction: float | None, note: str) -> None:
        self._watts = LOAD_W if stage == "energy" and "window" in note else IDLE_W
        if self._watts == LOAD_W and not self._has_loaded:
            self._has_loaded = True
            self._on_load()

    def _run(self) -> None:
        before_s, turn = time.monotonic(), 0
        while not self._stop.wait(0.02):
            now_s = time.monotonic()
            turn += 1
            watts = self._watts + 0.02 * (turn % 3 - 1)
            self._joules += watts * (now_s - before_s)
            before_s = now_s
            self._write(watts, self._joules)


def measured(
    root: Path,
    write: Callable[[float, float], None],
    model: Path = MODEL,
    runtime: str = "onnxruntime",
    on_load: Callable[[], object] = lambda: None,
) -> tuple[Result, dict[str, bytes]]:
    request = request_for(model, runtime, protocol=replace(QUICK, energy=True, deadline_s=60))
    with Board(write, on_load) as board:
        return measure(request, board.hear, threading.Event(), root=root)


def value(result: Result, metric: str) -> float:
    return next(row.value for row in result.metrics if row.metric == metric)


def test_a_counter_becomes_joules_an_inference(tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / "n100", tmp_path / "n100"))
    counter = root / "sys/class/powercap/intel-rapl:0/energy_uj"
    result, artifacts = measured(root, lambda _, joules: write(counter, f"{joules * 1e6:.0f}\n"))
    assert result.status == "measured", result.failure
    run = result.energy[0]
    assert run.problem is None
    assert (run.source.name, run.source.scope, run.source.integration) == ("rapl", "cpu_package", "counter")
    assert len(run.windows) == 5
    # The board's load is known to a turn of its thread; the windows are short. What is tried is not the accuracy.
    assert value(result, "average_power_w") == pytest.approx(LOAD_W, rel=0.25)
    assert value(result, "idle_power_w") == pytest.approx(IDLE_W, rel=0.25)
    per_s = run.windows[2].units / (run.windows[2].end_s - run.windows[2].start_s)
    assert value(result, "energy_per_inference_j") == pytest.approx(LOAD_W / per_s, rel=0.4)
    assert value(result, "net_energy_per_inference_j") < value(result, "energy_per_inference_j")
    row = next(row for row in result.metrics if row.metric == "energy_per_inference_j")
    assert row.scope == "cpu_package"
    assert row.ci_low is not None
    assert row.ci_high is not None
    assert row.ci_low < row.value < row.ci_high
    power = next(ref for ref in result.artifacts if ref.name == "power")
    document = json.loads(artifacts[power.sha256])
    assert [phase["name"] for phase in document["phases"]] == ["idle", *["inference"] * 5, "idle"]
    assert document["sources"][0]["unit"] == "J"
    assert len(document["sources"][0]["values"]) > 50


def test_prefill_and_decode_have_joules_of_their_own(tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / "orin-nano-8gb-jp6", tmp_path / "orin"))
    current = root / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input"
    result, _ = measured(
        root,
        lambda watts, _: write(current, f"{watts / 5.016 * 1e3:.0f}\n"),
        tiny_llama(tmp_path / "tiny.gguf"),
        "xllamacpp",
    )
    assert result.status == "measured", result.failure
    assert [run.problem for run in result.energy] == [None]
    assert [window.phase for window in result.energy[0].windows] == ["prefill"] * 5 + ["decode"] * 5
    assert value(result, "energy_per_prompt_token_j") < value(result, "energy_per_token_j")


def test_a_meter_that_vanishes_costs_the_energy_and_nothing_else(tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / "n100", tmp_path / "n100"))
    counter = root / "sys/class/powercap/intel-rapl:0/energy_uj"
    gone = threading.Event()

    def change(_: float, joules: float) -> None:
        if not gone.is_set():
            write(counter, f"{joules * 1e6:.0f}\n")
        else:
            counter.unlink(missing_ok=True)

    result, _ = measured(root, change, on_load=gone.set)
    assert result.status == "measured"
    assert value(result, "latency_p50_ms") > 0
    reasons = {row.metric: row.reason for row in result.absent}
    assert "energy_uj gives no number" in reasons["energy_per_inference_j"]
    assert not any(row.metric.endswith(("_j", "_w")) for row in result.metrics)


def test_a_power_mode_that_changes_in_mid_run_costs_the_energy(tmp_path: Path) -> None:
    """A Jetson whose watts belong to two modes."""
    root = Path(copytree(MACHINES / "orin-nano-8gb-jp6", tmp_path / "orin"))
    current = root / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input"
    mode = root / "var/lib/nvpmodel/status"
    result, _ = measured(
        root,
        lambda watts, _: write(current, f"{watts / 5.016 * 1e3:.0f}\n"),
        on_load=lambda: mode.write_text("pmode:0000\n"),
    )
    assert result.status == "measured"
    reasons = {row.metric: row.reason for row in result.absent}
    assert "the power mode changed during the run, from 25W to 15W" in reasons["energy_per_inference_j"]
    assert [run.windows for run in result.energy] == [()]


def test_a_machine_without_a_source_says_so(tmp_path: Path) -> None:
    root = Path(copytree(MACHINES / "pi-4b-4gb", tmp_path / "pi"))
    result, _ = measured(root, lambda _watts, _joules: None)
    assert result.energy == ()
    reasons = {row.metric: row.reason for row in result.absent}
    assert reasons["energy_per_inference_j"].startswith("no readable power source on this machine")


def write(path: Path, text: str) -> None:
    """In place, as the kernel's own files change: a reader that holds it open sees it."""
    with path.open("r+b") as file:
        file.write(text.ljust(24).encode())
