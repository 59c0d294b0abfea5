"""The worker's memory seen from outside: real processes, and processes recorded as files."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from edgeprof.wire.messages import RunProtocol
from edgeprof_agent import isolation
from edgeprof_agent.isolation import Limits
from edgeprof_agent.measuring import worker_memory
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.measuring.worker_memory import (
    MAX_PSS_NS,
    NO_ROLLUP,
    NOT_SAMPLED,
    PSS_EVERY_S,
    TOO_FEW,
    UNSAMPLED,
    WorkerPss,
    over_windows,
)
from edgeprof_agent.worker_protocol.document import MeasuredWindow
from tests.agent.measuring import BUNDLED, misbehaving, request_for

BRIEF = RunProtocol(warmup_runs=1, warmup_limit_s=0.1, min_runs=5, window_s=0.05, window_limit_s=0.05, deadline_s=60)
HOLDS = """
import mmap, sys
block = mmap.mmap(-1, int(sys.argv[1]) * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(block), mmap.PAGESIZE): block[at] = 1
print("ready", flush=True); sys.stdin.readline()
"""


class At(NamedTuple):
    worker_pid: int


@contextmanager
def holding(size_mib: int) -> Generator[int]:
    command = [sys.executable, "-c", HOLDS, str(size_mib)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_a_process_is_read_and_no_more_once_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_memory, "PSS_EVERY_S", 0.0)
    monkeypatch.setattr(worker_memory, "MAX_PSS_SHARE", 1e9)
    monkeypatch.setattr(worker_memory, "MAX_PSS_NS", 10**12)
    with holding(32) as small, holding(96) as large:
        probes = [WorkerPss(At(pid)) for pid in (small, large)]
        (first,), (second,) = (probe.read() for probe in probes)
        assert first is not None
        assert second is not None
        assert 62 < second - first < 66
    assert [probe.read() for probe in probes] == [(None,), (None,)]
    assert [probe.problem for probe in probes] == [None, None]


def test_a_process_that_never_was_gives_nothing() -> None:
    assert WorkerPss(At(2**22 + 1)).read() == (None,)


def test_many_readings_keep_one_file_open_and_the_end_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_memory, "PSS_EVERY_S", 0.0)
    monkeypatch.setattr(worker_memory, "MAX_PSS_SHARE", 1e9)
    before = len(os.listdir("/proc/self/fd"))
    probe = WorkerPss(At(os.getpid()))
    for _ in range(20):
        probe.read()
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    del probe
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[str | None], Path]:
    """A process 7 as files."""

    def recorded(rollup: str | None) -> Path:
        (tmp_path / "7").mkdir(exist_ok=True)
        if rollup is not None:
            (tmp_path / "7/smaps_rollup").write_text("00400000-7ff000 ---p 00000000 00:00 0  [rollup]\n" + rollup)
        return tmp_path

    return recorded


ROLLUP = "Rss:            9000 kB\nPss:            4096 kB\nPss_Anon:          1 kB\n"


def read_for(probe: WorkerPss, cost_ns: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When it gave a value within five seconds of being asked ten times each, at this price a reading."""
    now_ns, cpu_ns, given_s = [0], [0], list[float]()

    def cpu() -> int:
        cpu_ns[0] += cost_ns
        return cpu_ns[0]

    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns[0])
    monkeypatch.setattr(time, "thread_time_ns", cpu)
    for step in range(50):
        now_ns[0] = step * 10**8
        if probe.read() == (4.0,):
            given_s.append(step / 10)
    return given_s


@pytest.mark.parametrize(("cost_ns", "every_s"), [(100_000, PSS_EVERY_S), (1_000_000, 1.0), (MAX_PSS_NS, 2.0)])
def test_the_dearer_it_is_the_more_seldom_it_is_read(
    cost_ns: int, every_s: float, recorded: Callable[[str | None], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = WorkerPss(At(7), recorded(ROLLUP))
    assert read_for(probe, cost_ns, monkeypatch)[:3] == [0, every_s, 2 * every_s]
    assert probe.problem is None


def test_one_that_costs_too_much_is_read_once_and_never_again(
    recorded: Callable[[str | None], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = WorkerPss(At(7), recorded(ROLLUP))
    assert read_for(probe, MAX_PSS_NS + 500_000, monkeypatch) == [0]
    assert probe.problem == ("one reading of PSS took 2.5 ms of processor time; the limit is 2 ms")


def test_a_kernel_without_a_rollup_is_a_reason(recorded: Callable[[str | None], Path]) -> None:
    probe = WorkerPss(At(7), recorded(None))
    assert probe.read() == (None,)
    assert probe.problem == NO_ROLLUP


def test_a_rollup_of_a_program_that_was_replaced_is_opened_anew(
    recorded: Callable[[str | None], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper that ends in exec keeps its number, and the file that was open goes silent."""
    monkeypatch.setattr(worker_memory, "PSS_EVERY_S", 0.0)
    monkeypatch.setattr(worker_memory, "MAX_PSS_SHARE", 1e9)
    root = recorded("")
    probe = WorkerPss(At(7), root)
    assert probe.read() == (None,)
    (root / "7/smaps_rollup").unlink()
    recorded(ROLLUP)
    assert probe.read() == (4.0,)


def test_a_real_wrapper_is_followed_through_its_exec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_memory, "PSS_EVERY_S", 0.0)
    monkeypatch.setattr(worker_memory, "MAX_PSS_SHARE", 1e9)
    monkeypatch.setattr(worker_memory, "MAX_PSS_NS", 10**12)
    script = 'echo here; read go; exec "$0" -c "$1" 64'
    command = ["sh", "-c", script, sys.executable, HOLDS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        probe = WorkerPss(At(process.pid))
        (shell,) = probe.read()
        process.stdin.write(b"go\n")
        process.stdin.flush()
        process.stdout.readline()
        (python,) = probe.read()
        process.kill()
    assert shell is not None
    assert shell < 10
    assert python is not None
    assert python > 64


def window(start_s: float, end_s: float) -> MeasuredWindow:
    return {"start_ns": int(start_s * 1e9), "end_ns": int(end_s * 1e9), "units": 1}


def series(**mib_at: float | str) -> list[tuple[int, object]]:
    return [(int(at.removeprefix("s")) * 10**9, value) for at, value in mib_at.items()]


def test_only_the_windows_count_in_mean_and_peak() -> None:
    rss, pss = series(s0=900, s1=10, s2=20, s3=900, s4=60), series(s0=900, s1=8, s3=900, s4=40)
    assert over_windows(rss, pss, [window(0.5, 2.5), window(3.5, 4.5)]) == (30, 24, 40)


def test_too_few_samples_are_a_reason_and_no_figure() -> None:
    assert over_windows(series(s1=10), series(s1=8), [window(0, 2)]) == (TOO_FEW,) * 3
    assert over_windows([], [], []) == (TOO_FEW,) * 3
    assert set(UNSAMPLED) == {NOT_SAMPLED}


def test_pss_that_was_given_up_says_why_beside_a_mean_of_rss() -> None:
    assert over_windows(series(s1=10, s2=12), series(s1=8), [window(0, 3)], "too dear") == (11, "too dear", "too dear")


def test_who_starts_a_worker_learns_its_number_before_it_has_its_job() -> None:
    seen: list[tuple[int, bool, int]] = []
    lines: list[bytes] = []

    def look(pid: int) -> None:
        seen.append((pid, WorkerPss(At(pid)).read() != (None,), len(lines)))

    def take_line(line: bytes) -> bool:
        lines.append(line)
        return False

    request = request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=BRIEF)
    job = msgspec.json.encode(job_of(request, "measure", 60))
    isolation.run(misbehaving("well"), job, Limits(deadline_s=60), take_line, threading.Event(), look)
    assert [(alive, lines_before) for _, alive, lines_before in seen] == [(True, 0)]
    assert seen[0][0] != os.getpid()
    assert any(b'"measured"' in line for line in lines)
