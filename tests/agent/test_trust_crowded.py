"""`busy` on machines with many cores, clocks and counters of the worker's own cores, and windows apart: by traces."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.evidence import Conditions, Soak, SoakBucket
from edgeprof_agent.measuring.soak_conditions import soak_with_conditions
from edgeprof_agent.measuring.trust import trust_of
from edgeprof_agent.telemetry.base import OWN, ProbeFile, Site
from edgeprof_agent.telemetry.clocks import Clocks
from edgeprof_agent.telemetry.conditions import conditions_of
from edgeprof_agent.telemetry.processor import Cores
from edgeprof_agent.telemetry.throttle import ThrottleCounters
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.telemetry.waiting import Waiting
from edgeprof_agent.worker_protocol.document import MeasuredWindow
from tests.agent.test_trust import QUIET, RUN, STATE

MS = 1_000_000
COUNTERS = (
    *(("cores_s", "busy"), ("cores_s", "stolen"), ("worker", "cpu_s"), ("agent", "cpu_s")),
    *(("worker_waited", "waited_s"), ("worker_waited", "wanted_s")),
)


def window(start_ms: int, end_ms: int) -> MeasuredWindow:
    return {"start_ns": start_ms * MS, "end_ns": end_ms * MS, "units": 1}


def at_rates(usable_cores: int, **per_s: float) -> Conditions:
    """Counters that grow evenly for 2 s, by their labels; what is not named stands still."""
    names = ("busy", "stolen", "cpu_s", "agent", "waited_s", "wanted_s")
    trace = Trace(asked_hz=10.0, columns=list(COUNTERS))
    for tick in range(0, 21, 5):
        trace.add(tick * 100 * MS, [tick * 0.1 * per_s.get(name, 0.0) for name in names], 0)
    return conditions_of(trace, [window(0, 2000)], usable_cores)


def causes(seen: Conditions) -> list[str]:
    known = replace(
        QUIET,
        others_cpu_share=seen.others_cpu_share,
        stolen_cpu_share=seen.stolen_cpu_share,
        waited_cpu_share=seen.waited_cpu_share,
    )
    return [mark.cause for mark in trust_of(replace(RUN, conditions=known)).marks]


@pytest.mark.parametrize(
    ("cores", "rates"),
    [
        (8, {"busy": 8.0, "cpu_s": 7.5, "waited_s": 0.5, "wanted_s": 8.0}),  # half a core taken from a pool's thread
        (64, {"busy": 7.0, "cpu_s": 1.0, "wanted_s": 1.0}),  # six spinners beside one thread
        (32, {"busy": 0.1, "cpu_s": 0.1, "stolen": 0.9, "wanted_s": 0.1}),  # the one virtual core is taken away
    ],
)
def test_what_is_little_to_all_cores_may_be_much_to_the_model(cores: int, rates: Mapping[str, float]) -> None:
    assert causes(at_rates(cores, **rates)) == ["busy"]


@pytest.mark.parametrize(
    ("cores", "rates"),
    [
        (2, {"busy": 1.05, "cpu_s": 1.0, "agent": 0.01, "waited_s": 0.01, "wanted_s": 1.01, "stolen": 0.01}),
        (8, {"busy": 8.0, "cpu_s": 7.8, "waited_s": 0.02, "wanted_s": 7.9}),
    ],
)
def test_a_quiet_machine_stays_clean(cores: int, rates: Mapping[str, float]) -> None:
    assert causes(at_rates(cores, **rates)) == []


def test_others_are_seen_in_a_window_between_two_sweeps() -> None:
    """The worker is looked at more often than the cores, which reach further than it around the window."""
    trace = Trace(asked_hz=10.0, columns=list(COUNTERS))
    for tick in range(21):
        busy = tick * 0.2 if tick % 10 == 0 else None
        trace.add(tick * 100 * MS, [busy, busy and 0.0, tick * 0.1, None if busy is None else 0.0, None, None], 0)
    assert conditions_of(trace, [window(250, 850)], 2).others_cpu_share == pytest.approx(1.0)


def test_threads_that_wait_for_each_other_say_nothing_of_others() -> None:
    seen = at_rates(2, busy=2.0, cpu_s=2.0, waited_s=0.5, wanted_s=4.0)
    assert seen.waited_cpu_share is None
    assert "wait for each other" in seen.absent["waited_cpu_share"]
    assert "busy" in trust_of(replace(RUN, conditions=seen)).unchecked


def test_a_pools_thread_that_waits_is_seen_though_the_main_one_sleeps() -> None:
    """Two threads of a real process on one core, against a program on the same one."""
    core = min(os.sched_getaffinity(0))
    code = "import hashlib,threading,time\n"
    code += (
        "threading.Thread(target=lambda: [hashlib.sha256(bytes(9**7)) for _ in range(10**6)], daemon=True).start()\n"
    )
    code += "time.sleep(60)"
    workers = [subprocess.Popen([sys.executable, "-c", text]) for text in (code, "while True: pass")]
    try:
        for worker in workers:
            os.sched_setaffinity(worker.pid, {core})
        time.sleep(0.5)  # the pool's thread is started on that core
        probe = Waiting(Site(Path("/"), workers[0].pid, (core,)))
        time.sleep(1.0)
        waited_s, wanted_s = probe.read()
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert waited_s > 0.1
    assert wanted_s > waited_s
    with pytest.raises(ProcessLookupError):
        probe.read()


def stat(busy: Mapping[int, int], stolen: Mapping[int, int], cores: int) -> str:
    lines = [f"cpu{n} {busy.get(n, 0)} 0 0 500 0 0 0 {stolen.get(n, 0)} 0 0" for n in range(cores)]
    return "\n".join([f"cpu {sum(busy.values())} 0 0 9 0 0 0 {sum(stolen.values())} 0 0", *lines, "intr 5", ""])


def siblings_of(root: Path, core: int, listed: str) -> None:
    folder = root / f"sys/devices/system/cpu/cpu{core}/topology"
    folder.mkdir(parents=True)
    (folder / "thread_siblings_list").write_text(f"{listed}\n")


def test_a_hyperthread_beside_the_workers_core_counts_and_steal_is_that_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text(stat({3: 100, 7: 50, 1: 900}, {3: 20, 7: 40}, 8))
    siblings_of(tmp_path, 3, "3,7")
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    probe = Cores(Site(tmp_path, os.getpid(), (3,)))
    assert probe.read() == (pytest.approx(150 * tick_s), pytest.approx(20 * tick_s))
    assert probe.problem is None


def test_hyperthreads_that_cannot_be_told_leave_busy_unchecked(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text(stat({}, {}, 8))
    problem = Cores(Site(tmp_path, os.getpid(), (3,))).problem
    assert problem is not None
    trace = Trace(asked_hz=10.0, columns=list(COUNTERS), absent={"cores_s": problem})
    for tick in range(0, 21, 5):
        trace.add(tick * 100 * MS, [tick * 0.1, 0.0, tick * 0.1, 0.0, 0.0, tick * 0.1], 0)
    seen = conditions_of(trace, [window(0, 2000)], 1)
    assert seen.others_cpu_share == pytest.approx(0.0)
    assert trust_of(replace(RUN, conditions=seen)).unchecked["busy"] == problem


def policies(root: Path, mhz: Sequence[int]) -> None:
    for core, clock in enumerate(mhz):
        folder = root / f"sys/devices/system/cpu/cpufreq/policy{core}"
        folder.mkdir(parents=True)
        (folder / "scaling_cur_freq").write_text(f"{clock * 1000}\n")
        (folder / "affected_cpus").write_text(f"{core}\n")


@pytest.mark.parametrize(("cores", "labels"), [((40,), ("policy40",)), (tuple(range(64)), (OWN,))])
def test_the_clock_of_the_core_that_the_worker_is_on(
    cores: tuple[int, ...], labels: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies(tmp_path, [1000 + core for core in range(64)])

    def on_core_40(file: ProbeFile) -> int:
        del file
        return 40

    monkeypatch.setattr("edgeprof_agent.telemetry.clocks.last_core", on_core_40)
    probe = Clocks(Site(tmp_path, os.getpid(), cores))
    assert probe.labels == labels
    assert probe.read() == [1040.0]
    assert (probe.problem is None) == (len(cores) == 1)


def test_an_idle_cores_clock_is_none_of_a_model_of_one_thread() -> None:
    trace = Trace(asked_hz=10.0, columns=[("cpu_mhz", "policy0"), ("cpu_mhz", OWN), ("worker", "cpu_s")])
    for tick in range(21):
        trace.add(tick * 100 * MS, [4000.0 if tick % 5 else 400.0, 3000.0, tick * 0.1], 0)
    seen = conditions_of(trace, [window(0, 2000)], 64)
    assert (seen.cpu_mhz_min, seen.cpu_mhz_max) == (3000.0, 3000.0)


def test_counters_are_those_of_the_workers_cores(tmp_path: Path) -> None:
    for core in range(64):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{core}/thermal_throttle"
        folder.mkdir(parents=True)
        (folder / "core_throttle_count").write_text("0\n")
    assert ThrottleCounters(Site(tmp_path, os.getpid(), (40,))).labels == ("core cpu40",)
    everything = ThrottleCounters(Site(tmp_path, os.getpid(), tuple(range(64))))
    assert "may use 64 cores" in (everything.problem or "")
    partly = replace(QUIET, absent={"throttle_events": everything.problem or ""})
    assert "may use 64 cores" in trust_of(replace(RUN, conditions=partly)).unchecked["throttled"]


def test_what_lies_between_two_windows_is_not_in_them() -> None:
    """Swapping in the gap, and a worker that stands still there; windows come in any order."""
    trace = Trace(asked_hz=10.0, columns=[("swapped_in", "pages"), ("worker", "cpu_s"), ("temperature_c", "cpu")])
    for tick in range(101):
        works = tick if tick < 30 else 30 if tick < 70 else tick - 40
        trace.add(tick * 100 * MS, [float(900 * (40 < tick < 60)), works * 0.1, 90.0 if 40 < tick < 60 else 45.0], 0)
    seen = conditions_of(trace, [window(7500, 9500), window(500, 2500)], 1)
    assert seen.window_s == 4.0
    assert seen.swapped_in_pages == 0
    assert seen.worker_still_s == 0
    assert seen.temperature_max_c == 45.0
    assert seen.sample_hz_got == pytest.approx(10.0, rel=0.1)
    whole = conditions_of(trace, [window(500, 9500)], 1)
    assert whole.swapped_in_pages == 900
    assert whole.worker_still_s == pytest.approx(4.0)


def test_a_soak_that_throttles_does_not_mark_the_window_before_it() -> None:
    after = replace(STATE, throttle_flags=("throttled",), cpus_online=(0, 1, 2), clock_source="hpet")
    run = replace(RUN, after=after)
    assert {mark.cause for mark in trust_of(run).marks} == {"throttled", "unstable_clock"}
    trust = trust_of(replace(run, beyond=True))
    assert trust.is_clean
    assert "only after what followed" in trust.unchecked["throttled"]


def test_a_soak_has_its_own_heat_clock_and_flags() -> None:
    trace = Trace(asked_hz=10.0, columns=[("temperature_c", "cpu"), ("cpu_mhz", "p0"), ("alarms", "frequency_capped")])
    for tick in range(61):
        late = tick > 40
        trace.add(tick * 100 * MS, [80.0 if late else 50.0, 1200.0 if late else 1800.0, float(late)], 0)
    curve = (SoakBucket(at_s=1.0, p50_ms=10.0, n=200), SoakBucket(at_s=3.0, p50_ms=15.0, n=130))
    soak = Soak(
        duration_s=4.0,
        complete=True,
        curve=curve,
        burst_p50_ms=10.0,
        sustained_p50_ms=15.0,
        knee_s=2.0,
        slowdown=1.5,
    )
    seen = soak_with_conditions(soak, trace, 2000 * MS)
    assert [(bucket.temperature_c, bucket.cpu_mhz) for bucket in seen.curve] == [(50.0, 1800.0), (80.0, 1200.0)]
    assert seen.throttle_flags == ("frequency_capped",)
    assert conditions_of(trace, [window(0, 2000)], 1).throttle_flags == ()
