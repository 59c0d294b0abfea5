"""Probes on recorded machines, the sampler on a real process, sensors that go bad, and traces that stay small."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgeprof.wire.evidence import Conditions
from edgeprof_agent.telemetry.base import Site, Value
from edgeprof_agent.telemetry.conditions import conditions_of
from edgeprof_agent.telemetry.cpu_lists import cpus_of
from edgeprof_agent.telemetry.registry import PROBES, load
from edgeprof_agent.telemetry.sampler import Telemetry
from edgeprof_agent.telemetry.trace import DENSE_ROWS, THIN_ROWS, Trace
from edgeprof_agent.telemetry.wall_clock import RawClock, WallClock
from tests.agent.hanging_probe import LET_GO
from tests.agent.measuring import machine
from tests.agent.minimal_hub import eventually

MS = 1_000_000
CORES = (0, 1, 2, 3)


def reading(root: Path) -> dict[str, dict[str, Value]]:
    """One reading of every probe that the machine has."""
    probes, _ = load(Site(root, os.getpid(), CORES))
    return {probe.group: dict(zip(probe.labels, probe.read(), strict=True)) for probe in probes}


def test_zones_clocks_and_alarms_of_a_pi(tmp_path: Path) -> None:
    found = reading(machine("pi-4b-4gb", tmp_path))
    assert found["temperature_c"] == {"cpu-thermal": pytest.approx(45.277)}
    assert found["cpu_mhz"] == {"policy0": 1800.0}
    assert found["alarms"] == {"under_voltage": 0}


def test_a_jetsons_counters_and_a_zone_that_is_off(tmp_path: Path) -> None:
    found = reading(machine("orin-nano-8gb-jp6", tmp_path))
    assert found["throttle_events"] == {"oc1": 0, "oc2": 0, "oc3": 27390}
    assert found["temperature_c"]["cv0-thermal"] is None
    assert found["temperature_c"]["tj-thermal"] == 51.0


def test_an_x86_counts_throttling_and_its_cooling_device_tells_of_it(tmp_path: Path) -> None:
    found = reading(machine("n100", tmp_path))
    assert found["throttle_events"] == {"core cpu0": 3, "package cpu0": 5, "core cpu1": 0, "package cpu1": 5}
    assert found["alarms"] == {"frequency_capped cooling_device0": 0}


def test_only_the_policies_of_the_workers_cores_are_read(tmp_path: Path) -> None:
    root = machine("rk3588-rock-5b", tmp_path)
    for policy, cores in (("policy0", "0 1 2 3"), ("policy4", "4 5"), ("policy6", "6 7")):
        (root / f"sys/devices/system/cpu/cpufreq/{policy}/affected_cpus").write_text(f"{cores}\n")
    probes, _ = load(Site(root, os.getpid(), (5,)), {"cpu_mhz": PROBES["cpu_mhz"]})
    assert probes[0].labels == ("policy4",)


def test_what_a_machine_has_not_has_a_reason(tmp_path: Path) -> None:
    probes, absent = load(Site(tmp_path, os.getpid(), CORES))
    assert {probe.group for probe in probes} == {
        "agent",
        "worker",
        "worker_waited",
        "worker_pss",
        "wall_clock",
        "raw_clock",
    }
    assert set(absent) == set(PROBES) - {probe.group for probe in probes}
    assert all(absent.values())


@pytest.mark.parametrize(
    ("text", "cpus"), [("0-3\n", (0, 1, 2, 3)), ("0,2-3", (0, 2, 3)), ("0 1", (0, 1)), ("", ()), ("none", ())]
)
def test_lists_of_cores(text: str, cpus: tuple[int, ...]) -> None:
    assert cpus_of(text) == cpus


@contextmanager
def spinner() -> Generator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def sampling(root: Path, took: list[Trace]) -> Generator[Telemetry]:
    """Samples while it is entered; the trace is put into `took`."""
    with spinner() as worker:
        telemetry = Telemetry(root, tuple(os.sched_getaffinity(0)))
        telemetry.start(worker.pid)
        yield telemetry
        took.append(telemetry.stop())


def watched(root: Path, in_mid_run: Callable[[], object], span_s: float = 1.5) -> tuple[Trace, Conditions]:
    """A window of `span_s`, in whose middle something happens."""
    took: list[Trace] = []
    with sampling(root, took):
        time.sleep(0.3)
        start_ns = time.monotonic_ns()
        time.sleep(span_s / 2)
        in_mid_run()
        time.sleep(span_s / 2)
        end_ns = time.monotonic_ns()
    return took[0], conditions_of(took[0], [{"start_ns": start_ns, "end_ns": end_ns, "units": 1}], 2)


def test_a_real_process_is_seen_at_work() -> None:
    trace, seen = watched(Path("/"), lambda: None)
    assert seen.sample_hz_got > 2
    assert seen.others_cpu_share is not None
    assert seen.worker_stopped_s == 0
    assert seen.swapped_in_pages is not None or "swapped_in_pages" in seen.absent
    worker = [value for _, value in trace.series("worker", "cpu_s") if isinstance(value, float)]
    assert worker == sorted(worker)
    assert worker[-1] > 0


def test_the_samplers_own_processor_time_is_counted() -> None:
    trace, _ = watched(Path("/"), lambda: None, span_s=0.5)
    assert trace.sampler_cpu_ns == sorted(trace.sampler_cpu_ns)
    assert trace.sampler_cpu_ns[-1] > trace.sampler_cpu_ns[0]


def test_a_counter_that_grows_and_a_core_that_goes_offline_are_seen(tmp_path: Path) -> None:
    root = machine("n100", tmp_path)

    def happen() -> None:
        cpus = root / "sys/devices/system/cpu"
        (cpus / "cpu0/thermal_throttle/core_throttle_count").write_text("9\n")
        (cpus / "online").write_text("0,2-3\n")

    _, seen = watched(root, happen)
    assert seen.throttle_flags == ("thermal",)
    assert seen.throttle_events == 6
    assert seen.cpus_gone == (1,)


@pytest.mark.parametrize("content", ["hot\n", "", "\xff\xfe"])
def test_a_sensor_that_returns_garbage_costs_its_own_figure_only(content: str, tmp_path: Path) -> None:
    root = machine("pi-4b-4gb", tmp_path)
    (root / "sys/class/thermal/thermal_zone0/temp").write_text(content, encoding="latin-1")
    _, seen = watched(root, lambda: None, span_s=0.6)
    assert seen.temperature_max_c is None
    assert "thermal_zone0/temp: no number" in seen.absent["temperature_max_c"] or not content
    assert seen.cpu_mhz_max == 1800.0


def test_a_sensor_that_vanishes_in_mid_run_keeps_what_it_had_told(tmp_path: Path) -> None:
    """A file of a process that ends: the kernel answers ESRCH or ENODEV, as it does for a device that is pulled."""
    root = machine("pi-4b-4gb", tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sensor:
        temp = root / "sys/class/thermal/thermal_zone0/temp"
        temp.unlink()
        temp.symlink_to(f"/proc/{sensor.pid}/oom_score_adj")
        Path(f"/proc/{sensor.pid}/oom_score_adj").write_text("1000")

        def vanish() -> None:
            sensor.kill()
            sensor.wait()

        trace, seen = watched(root, vanish)
    assert seen.temperature_max_c == 1.0
    assert "No such process" in trace.absent["temperature_c"]


def test_a_sensor_that_hangs_does_not_hang_the_run(tmp_path: Path) -> None:
    probes = {"wall_clock": PROBES["wall_clock"], "temperature_c": "tests.agent.hanging_probe:Hanging"}
    telemetry = Telemetry(machine("pi-4b-4gb", tmp_path), CORES, probes)
    others = threading.enumerate()  # an agent of another test may still end, and its sampler with it
    with spinner() as worker:
        telemetry.start(worker.pid)
        start_ns = time.monotonic_ns()
        time.sleep(1)
        trace = telemetry.stop()
    try:
        assert trace.absent["wall_clock"] == "the sampler hung while reading temperature_c"
        seen = conditions_of(trace, [{"start_ns": start_ns, "end_ns": time.monotonic_ns(), "units": 1}], 2)
        assert seen.wall_clock_step_ms is None
        assert "hung" in seen.absent["wall_clock_step_ms"]
    finally:
        LET_GO.set()
        eventually(lambda: all(one.name != "telemetry" or one in others for one in threading.enumerate()))


def test_a_stopped_process_is_seen_as_such() -> None:
    took: list[Trace] = []
    with spinner() as worker:
        telemetry = Telemetry(Path("/"), tuple(os.sched_getaffinity(0)))
        telemetry.start(worker.pid)
        start_ns = time.monotonic_ns()
        time.sleep(0.5)
        worker.send_signal(19)  # SIGSTOP
        time.sleep(1.2)
        worker.send_signal(18)  # SIGCONT
        time.sleep(0.5)
        end_ns = time.monotonic_ns()
        took.append(telemetry.stop())
    seen = conditions_of(took[0], [{"start_ns": start_ns, "end_ns": end_ns, "units": 1}], 2)
    assert seen.worker_stopped_s is not None
    assert 0.3 < seen.worker_stopped_s < 10


class SteppingClock:
    """A wall clock that somebody sets in mid-run, beside a monotonic one; both may be slewed against the raw one."""

    def __init__(self, step_ms: float, slew: float = 0.0) -> None:
        self.now_ns, self._step_ms, self._slew = 0, step_ms, slew

    def raw_ns(self) -> int:
        return int(self.now_ns / (1 + self._slew))

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        stepped = self._step_ms * MS if self.now_ns >= 1000 * MS else 0
        return 10**18 + int(self.now_ns + stepped)


@pytest.mark.parametrize(("step_ms", "slew"), [(-7_200_000.0, 0.0), (12.0, 0.0004), (0.0, 0.0833), (0.0, -0.0833)])
def test_a_step_shows_against_the_wall_clock_and_a_slew_against_the_raw_one(step_ms: float, slew: float) -> None:
    clock, site = SteppingClock(step_ms, slew), Site(Path("/"), os.getpid(), CORES)
    wall, raw = WallClock(site, clock.wall_ns, clock.monotonic_ns), RawClock(site, clock.raw_ns, clock.monotonic_ns)
    trace = Trace(asked_hz=10.0, columns=[("wall_clock", "offset_ms"), ("raw_clock", "offset_ms")])
    for tick in range(20):
        clock.now_ns = tick * 100 * MS
        trace.add(clock.now_ns, [*wall.read(), *raw.read()], 0)
    seen = conditions_of(trace, [{"start_ns": 0, "end_ns": 1900 * MS, "units": 1}], 2)
    assert seen.wall_clock_step_ms == pytest.approx(step_ms, abs=0.1)
    assert seen.clock_slew_ppm == pytest.approx(1e6 * slew / (1 + slew), abs=1)


def test_the_real_clocks_agree_to_what_a_crystal_is_off_by() -> None:
    _, seen = watched(Path("/"), lambda: None)
    assert seen.clock_slew_ppm is not None or "clock_slew_ppm" in seen.absent
    assert abs(seen.clock_slew_ppm or 0.0) < 100_000


def test_a_trace_of_a_day_stays_small_and_keeps_its_beginning() -> None:
    trace = Trace(asked_hz=10.0, columns=[("worker", "cpu_s"), ("throttle_events", "oc3")], units={"worker": "s"})
    for tick in range(200_000):
        trace.add(tick * 100 * MS, [tick / 10, float(tick) if tick % 5 == 0 else None], 0)
    assert len(trace.rows) <= DENSE_ROWS + THIN_ROWS
    assert trace.at_ns[:DENSE_ROWS] == [tick * 100 * MS for tick in range(DENSE_ROWS)]
    assert trace.at_ns == sorted(trace.at_ns)
    late = trace.series("throttle_events", "oc3")[DENSE_ROWS // 5 :]
    assert len(late) > 1000, "what was read seldom survives the thinning"
    assert len(trace.document()) < 1_000_000


def test_the_document_names_units_and_keeps_gaps() -> None:
    trace = Trace(asked_hz=10.0, columns=[("cpu_mhz", "policy0"), ("clock_source", "name")], units={"cpu_mhz": "MHz"})
    trace.add(5_000 * MS, [1800.0, "tsc"], 0)
    trace.add(5_100 * MS, [None, None], 0)
    assert json.loads(trace.document()) == {
        "start_ns": 5_000 * MS,
        "unit": {"t_ms": "ms", "cpu_mhz": "MHz"},
        "absent": {},
        "series": {
            "t_ms": [0.0, 100.0],
            "cpu_mhz": {"policy0": [1800.0, None]},
            "clock_source": {"name": ["tsc", None]},
        },
    }


def test_shares_of_others_are_not_made_up_from_a_few_ticks() -> None:
    trace = Trace(asked_hz=10.0, columns=[("cores_s", "busy"), ("worker", "cpu_s"), ("agent", "cpu_s")])
    for tick in range(4):
        trace.add(tick * 100 * MS, [tick * 0.2, tick * 0.1, 0.0], 0)
    windows = [{"start_ns": 0, "end_ns": 300 * MS, "units": 1}]
    seen = conditions_of(trace, windows, 2)  # pyright: ignore[reportArgumentType]
    assert seen.others_cpu_share is None
    assert "short" in seen.absent["others_cpu_share"]


def test_a_worker_that_has_ended_is_not_taken_for_others() -> None:
    """Its last reading is older than the last one of its core: both are looked at between the same moments."""
    trace = Trace(asked_hz=10.0, columns=[("cores_s", "busy"), ("worker", "cpu_s"), ("agent", "cpu_s")])
    for tick in range(0, 21, 5):
        trace.add(tick * 100 * MS, [tick * 0.1, tick * 0.1 if tick < 20 else None, 0.0], 0)
    windows = [{"start_ns": 0, "end_ns": 1900 * MS, "units": 1}]
    seen = conditions_of(trace, windows, 1)  # pyright: ignore[reportArgumentType]
    assert seen.others_cpu_share == pytest.approx(0.0)


def test_others_are_what_neither_the_worker_nor_we_used() -> None:
    trace = Trace(asked_hz=10.0, columns=[("cores_s", "busy"), ("worker", "cpu_s"), ("agent", "cpu_s")])
    for tick in range(21):
        trace.add(tick * 100 * MS, [tick * 0.16, tick * 0.1, tick * 0.01], 0)
    windows = [{"start_ns": 0, "end_ns": 2000 * MS, "units": 1}]
    seen = conditions_of(trace, windows, 2)  # pyright: ignore[reportArgumentType]
    assert seen.others_cpu_share == pytest.approx(0.5), "of the one core that the model used"


def test_the_device_is_looked_at_where_a_window_begins_and_ends_however_short_it_is() -> None:
    heard: list[bytes] = []

    def on_line(line: bytes) -> bool:
        heard.append(line)
        return False

    telemetry = Telemetry(Path("/"), tuple(os.sched_getaffinity(0)))
    telemetry.start(os.getpid())
    take_line = telemetry.beside(on_line)
    lines = (
        b'{"event": "stage", "stage": "measure", "fraction": null, "note": "0.5 to 10 s"}',
        b'{"event": "stage", "stage": "report", "fraction": null, "note": ""}',
        b'{"event": "measured", "measured": {}}',
    )
    for line in lines:
        time.sleep(0.1)
        assert not take_line(line)
    trace = telemetry.stop()
    assert heard == list(lines)
    looks = [value for _, value in trace.series("wall_clock", trace.labels("wall_clock")[0]) if value is not None]
    assert len(looks) >= 3  # at the start, at the edges (which may have come together), at the end
    assert not take_line(lines[0])  # the run is over, and a late line changes nothing
