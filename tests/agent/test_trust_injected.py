"""Each cause to doubt a run, brought about for real or in a recorded machine, through the whole measuring path."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.messages import Result, RunProtocol
from edgeprof_agent.isolation.here import layers_here
from edgeprof_agent.measuring import lock
from edgeprof_agent.measuring import measure as measure_module
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.telemetry.gate import HeatGate
from edgeprof_agent.telemetry.sampler import Telemetry
from tests.agent import onnx_models
from tests.agent.measuring import BUNDLED, machine, misbehaving, request_for

MODEL = BUNDLED / "digits-cnn-fp32.onnx"
RUN = RunProtocol(
    cold_start=False,
    warmup_limit_s=0.5,
    window_s=1.5,
    window_limit_s=1.5,
    precision=0.5,
    deadline_s=90,
    heat_wait_s=0.0,
    energy=False,
)
REAL = Path("/")
TRIES = 5
OF_A_BUSY_MACHINE = {"busy", "noisy", "unsettled", "stalled"}
"""What the machine that runs these tests may bring into any run; a test looks for its own cause beside them."""


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another measurement on this machine is not waited for: that it disturbs is part of the test."""
    monkeypatch.setattr(lock, "_SHARED", tmp_path)


class Watcher:
    """Starts something when the run enters its window."""

    def __init__(self, act: Callable[[], object] = lambda: None, stage: str = "measure") -> None:
        self._act, self._stage, self._done = act, stage, False
        self.threads: list[threading.Thread] = []

    def __call__(self, stage: str, fraction: float | None, note: str) -> None:
        if stage == self._stage and not self._done:
            self._done = True
            thread = threading.Thread(target=self._later)
            thread.start()
            self.threads.append(thread)

    def _later(self) -> None:
        time.sleep(0.4)
        self._act()


def run(
    root: Path = REAL,
    in_window: Callable[[], object] = lambda: None,
    request: MeasureRequest | None = None,
    worker: Sequence[str] | None = None,
) -> tuple[Result, dict[str, bytes]]:
    watcher = Watcher(in_window)
    asked = request or request_for(MODEL, protocol=RUN)
    result, artifacts = measure(asked, watcher, threading.Event(), worker, root, HeatGate())
    for thread in watcher.threads:
        thread.join()
    assert result.status == "measured", result.failure
    return result, artifacts


def marks(result: Result) -> dict[str, str]:
    assert result.trust is not None
    return {mark.cause: mark.reason for mark in result.trust.marks}


def own_marks(result: Result) -> set[str]:
    """Without those that a busy test machine may bring in."""
    return set(marks(result)) - OF_A_BUSY_MACHINE


@contextmanager
def spinners(cores: Sequence[int]) -> Generator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in cores]
    for process, core in zip(processes, cores, strict=True):
        os.sched_setaffinity(process.pid, {core})
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_quiet_run_has_no_mark() -> None:
    """Of a few tries one. A virtual machine on a crowded host is never quiet: then nothing may be found but that its
    samples scatter, drift, or wait; never a cause that lies in the device or the model."""
    seen: list[dict[str, str]] = []
    for _ in range(TRIES):
        seen.append(marks(run()[0]))
        if not seen[-1]:
            return
    assert all(set(found) <= OF_A_BUSY_MACHINE for found in seen), seen


def test_a_program_on_the_models_core_is_busy() -> None:
    core = min(os.sched_getaffinity(0))
    with spinners([core]):
        result, artifacts = run(request=request_for(MODEL, protocol=RUN, cores=(core,)))
    assert "busy" in marks(result)
    assert result.conditions is not None
    assert result.conditions.others_cpu_share is not None
    assert result.conditions.others_cpu_share > 0.1
    ref = next(ref for ref in result.artifacts if ref.name == "trace")
    trace = json.loads(artifacts[ref.sha256])
    assert len(trace["series"]["worker"]["cpu_s"]) == len(trace["series"]["t_ms"])


def test_a_stopped_worker_has_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    pids: list[int] = []

    class Telling(Telemetry):
        def start(self, worker_pid: int) -> None:
            pids.append(worker_pid)
            super().start(worker_pid)

    def stop_and_go_on() -> None:
        os.kill(pids[-1], signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(pids[-1], signal.SIGCONT)

    monkeypatch.setattr(measure_module, "Telemetry", Telling)
    result, _ = run(in_window=stop_and_go_on)
    assert "was stopped" in marks(result)["stalled"]


def test_memory_pressure_is_swapping(tmp_path: Path) -> None:
    """A mapped file larger than the worker's cgroup: its pages are taken back and must come from disk again."""
    if not any(layer.startswith("cgroup") for layer in layers_here("off")[0]):
        pytest.skip("no memory cgroup can be made here")
    file = tmp_path / "weights"
    with file.open("wb") as stream:
        for _ in range(192):
            stream.write(os.urandom(1024) * 1024)
        stream.flush()
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    request = replace(request_for(MODEL, protocol=replace(RUN, min_runs=3)), memory_limit_mib=96.0)
    result, _ = run(request=request, worker=(*misbehaving(f"thrash:{file}"),))
    assert "from disk" in marks(result)["swapping"]


@pytest.mark.parametrize(
    ("name", "file", "cause"),
    [
        ("pi-4b-4gb", "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "under_voltage"),
        ("n100", "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "throttled"),
        ("n100", "sys/class/thermal/cooling_device0/cur_state", "throttled"),
        ("orin-nano-8gb-jp6", "sys/class/hwmon/hwmon2/oc3_event_cnt", "throttled"),
        ("orin-nano-8gb-jp6", "sys/class/hwmon/hwmon2/oc1_event_cnt", "under_voltage"),
    ],
)
def test_a_board_that_is_held_back_in_mid_run(name: str, file: str, cause: str, tmp_path: Path) -> None:
    root = machine(name, tmp_path)
    result, _ = run(root, lambda: (root / file).write_text("30000\n"))
    assert own_marks(result) == {cause}


def test_the_same_boards_left_in_peace_have_no_mark_of_their_own(tmp_path: Path) -> None:
    for name in ("pi-4b-4gb", "n100", "orin-nano-8gb-jp6"):
        result, _ = run(machine(name, tmp_path))
        assert own_marks(result) == set()


def test_the_firmware_of_a_pi_tells_of_throttling(tmp_path: Path) -> None:
    """The kernel's poller may have cleared the sticky bit: that it was not there before is what counts."""
    root = machine("pi-5-8gb", tmp_path)
    said = root / "tools/vcgencmd-get_throttled"
    result, _ = run(root, lambda: said.write_text("throttled=0x60000\n"))
    assert marks(result)["throttled"] == "the device reported: frequency capped, throttled"
    assert result.after is not None
    assert result.after.throttle_flags_since_boot == ("frequency_capped", "throttled")


def test_a_clock_that_moves_and_a_core_that_goes_offline(tmp_path: Path) -> None:
    root = machine("pi-4b-4gb", tmp_path)
    cpus = root / "sys/devices/system/cpu"

    def happen() -> None:
        (cpus / "cpufreq/policy0/scaling_cur_freq").write_text("1200000\n")
        (cpus / "online").write_text("0-2\n")

    result, _ = run(root, happen)
    assert own_marks(result) == {"unstable_clock"}
    reason = marks(result)["unstable_clock"]
    assert "between 1200 and 1800 MHz" in reason
    assert "a core went offline: 3" in reason


def test_a_clock_source_that_changes(tmp_path: Path) -> None:
    root = machine("n100", tmp_path)
    source = root / "sys/devices/system/clocksource/clocksource0/current_clocksource"
    result, _ = run(root, lambda: source.write_text("hpet\n"))
    assert "tsc to hpet" in marks(result)["unstable_clock"]


def test_a_wall_clock_that_is_set_in_mid_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own clock is left alone: what is set is what the probe is told."""
    real, step_ns = time.time_ns, [0]
    monkeypatch.setattr("edgeprof_agent.telemetry.wall_clock.time.time_ns", lambda: real() + step_ns[0])

    def set_clock() -> None:
        step_ns[0] = -3_600_000_000_000

    result, _ = run(in_window=set_clock)
    assert "stepped by -3600000 ms" in marks(result)["unstable_clock"]


def test_outputs_that_are_no_numbers_are_suspect(tmp_path: Path) -> None:
    result, _ = run(request=request_for(onnx_models.square_root_of_negative(tmp_path / "nan.onnx"), protocol=RUN))
    assert own_marks(result) == {"suspect_output"}


def test_a_machine_that_plays_another_says_so() -> None:
    result, _ = run(request=replace(request_for(MODEL, protocol=RUN), emulated=True))
    assert own_marks(result) == {"emulated"}


def test_a_hot_start_is_marked_and_the_run_goes_on(tmp_path: Path) -> None:
    protocol = replace(RUN, start_below_c=40.0)
    result, _ = run(machine("pi-4b-4gb", tmp_path), request=request_for(MODEL, protocol=protocol))
    assert own_marks(result) == {"hot_start"}
    assert "45.3 °C, waiting for 40.0 °C" in marks(result)["hot_start"]


def test_what_this_machine_cannot_tell_is_said() -> None:
    result, _ = run()
    assert result.trust is not None
    assert result.conditions is not None
    if result.conditions.temperature_max_c is None:
        assert "hot_start" in result.trust.unchecked
        assert "temperature_max_c" in result.conditions.absent
