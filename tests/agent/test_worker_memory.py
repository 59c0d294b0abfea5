"""The worker's memory seen from outside: real processes, and processes recorded as files."""

import mmap
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from edgeprof.wire.messages import RunProtocol
from edgeprof_agent import isolation
from edgeprof_agent.isolation import Limits
from edgeprof_agent.measuring import worker_memory
from edgeprof_agent.measuring.courses import job_of
from edgeprof_agent.measuring.worker_memory import (
    NO_ROLLUP,
    NOT_SAMPLED,
    PSS_EVERY_S,
    PSS_MOST_NS,
    TOO_FEW,
    UNSAMPLED,
    MemorySample,
    WorkerMemoryReader,
    over_windows,
)
from edgeprof_agent.worker.document import Window
from tests.agent.measuring import BUNDLED, misbehaving, request_for

MIB = 1024 * 1024
BRIEF = RunProtocol(warmup_runs=1, warmup_limit_s=0.1, min_runs=5, window_s=0.05, window_limit_s=0.05, deadline_s=60)
HOLDS = """
import mmap, sys
block = mmap.mmap(-1, int(sys.argv[1]) * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for at in range(0, len(block), mmap.PAGESIZE): block[at] = 1
print("ready", flush=True); sys.stdin.readline()
"""


@contextmanager
def holding(size_mib: int) -> Generator[int]:
    command = [sys.executable, "-c", HOLDS, str(size_mib)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_a_process_is_read_as_it_grows_and_no_more_once_it_is_gone() -> None:
    with holding(32) as small, holding(96) as large:
        readers = [WorkerMemoryReader(pid) for pid in (small, large)]
        first, second = (reader.read() for reader in readers)
        assert first is not None
        assert second is not None
        assert 62 * 1024 < second.rss_kib - first.rss_kib < 66 * 1024
        assert second.pss_kib is not None
        assert 96 * 1024 < second.pss_kib <= second.rss_kib
    assert [reader.read() for reader in readers] == [None, None]


def test_a_process_that_never_was_gives_nothing() -> None:
    assert WorkerMemoryReader(2**22 + 1).read() is None


def test_a_closed_reader_gives_nothing_and_leaves_no_file_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    reader = WorkerMemoryReader(os.getpid())
    assert reader.read() is not None
    reader.close()
    assert reader.read() is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_many_readings_keep_the_same_files_open() -> None:
    reader = WorkerMemoryReader(os.getpid())
    reader.read()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(200):
        reader.read()
    assert len(os.listdir("/proc/self/fd")) == before
    reader.close()


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., Path]:
    """A process 7 as files."""

    def recorded(*, rollup: str | None = "Rss:  9000 kB\nPss:  4000 kB\nPss_Anon: 1 kB\n", pages: int = 2500) -> Path:
        folder = tmp_path / "proc/7"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "statm").write_text(f"90000 {pages} 1200 5 0 7000 0\n")
        if rollup is not None:
            (folder / "smaps_rollup").write_text("00400000-7ff000 ---p 00000000 00:00 0  [rollup]\n" + rollup)
        return tmp_path

    return recorded


def test_statm_counts_pages_and_pss_is_read_seldom(
    recorded: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(int(seconds * 1e9) for seconds in (100, 100.1, 100.0 + PSS_EVERY_S))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(moments))
    monkeypatch.setattr(time, "thread_time_ns", lambda: 0)
    reader = WorkerMemoryReader(7, recorded())
    samples = [reader.read() for _ in range(3)]
    assert [each.pss_kib for each in samples if each] == [4000, None, 4000]
    assert {each.rss_kib for each in samples if each} == {2500 * mmap.PAGESIZE // 1024}


@pytest.mark.parametrize(("cost_ns", "wait_s"), [(100_000, 0.5), (1_000_000, 1.0), (PSS_MOST_NS, 2.0)])
def test_the_dearer_pss_is_the_more_seldom_it_is_read(
    cost_ns: int, wait_s: float, recorded: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns, cpu_ns = [100 * 10**9], [0]

    def cpu() -> int:
        cpu_ns[0] += cost_ns
        return cpu_ns[0]

    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns[0])
    monkeypatch.setattr(time, "thread_time_ns", cpu)
    reader = WorkerMemoryReader(7, recorded())
    read_at_s = list[float]()
    for step in range(50):
        now_ns[0] = 100 * 10**9 + step * 10**8
        sample = reader.read()
        if sample is not None and sample.pss_kib is not None:
            read_at_s.append(step / 10)
    assert read_at_s[:3] == [0, wait_s, 2 * wait_s]
    assert reader.pss_refused is None


def test_pss_that_costs_too_much_is_read_once_and_never_again(
    recorded: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns, cpu_ns = [0], [0]

    def cpu() -> int:
        cpu_ns[0] += PSS_MOST_NS + 500_000
        return cpu_ns[0]

    def later() -> int:
        now_ns[0] += 10**10
        return now_ns[0]

    monkeypatch.setattr(time, "monotonic_ns", later)
    monkeypatch.setattr(time, "thread_time_ns", cpu)
    reader = WorkerMemoryReader(7, recorded())
    samples = [reader.read() for _ in range(20)]
    assert [each.pss_kib for each in samples if each] == [4000] + [None] * 19
    assert reader.pss_refused == "one reading of PSS took 2.5 ms, more than the 2 ms that it may"


def test_a_kernel_without_a_rollup_gives_rss_and_a_reason(recorded: Callable[..., Path]) -> None:
    reader = WorkerMemoryReader(7, recorded(rollup=None))
    sample = reader.read()
    assert sample is not None
    assert sample.pss_kib is None
    assert reader.pss_refused == NO_ROLLUP


def test_a_rollup_of_a_program_that_was_replaced_is_opened_anew(
    recorded: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper that ends in exec keeps its number, and the file that was open goes silent."""
    monkeypatch.setattr(worker_memory, "PSS_EVERY_S", 0.0)
    monkeypatch.setattr(worker_memory, "PSS_MOST_SHARE", 1e9)
    root = recorded(rollup="")
    reader = WorkerMemoryReader(7, root)
    assert reader.read() is not None
    (root / "proc/7/smaps_rollup").unlink()
    recorded(rollup="Rss: 5 kB\nPss: 3 kB\n")
    sample = reader.read()
    assert sample is not None
    assert sample.pss_kib == 3


def test_a_zombie_holds_nothing_and_gives_no_sample(recorded: Callable[..., Path]) -> None:
    assert WorkerMemoryReader(7, recorded(pages=0)).read() is None


def sample(at_s: float, rss_mib: float, pss_mib: float | None = None) -> MemorySample:
    return MemorySample(int(at_s * 1e9), int(rss_mib * 1024), None if pss_mib is None else int(pss_mib * 1024))


def window(start_s: float, end_s: float) -> Window:
    return {"start_ns": int(start_s * 1e9), "end_ns": int(end_s * 1e9), "units": 1}


def test_only_the_windows_count_in_mean_and_peak() -> None:
    samples = [sample(0, 900, 900), sample(1, 10, 8), sample(2, 20), sample(3, 900, 900), sample(4, 60, 40)]
    folded = over_windows(samples, [window(0.5, 2.5), window(3.5, 4.5)])
    assert folded == (30, 24, 40)


def test_too_few_samples_are_a_reason_and_no_figure() -> None:
    assert over_windows([sample(1, 10, 8)], [window(0, 2)]) == (TOO_FEW,) * 3
    assert over_windows([], []) == (TOO_FEW,) * 3
    assert set(UNSAMPLED) == {NOT_SAMPLED}


def test_pss_that_was_refused_says_why_beside_a_mean_of_rss() -> None:
    folded = over_windows([sample(1, 10, 8), sample(2, 12)], [window(0, 3)], "too dear")
    assert folded == (11, "too dear", "too dear")


def test_who_starts_a_worker_learns_its_number_before_it_has_its_job() -> None:
    seen: list[tuple[int, bool, int]] = []
    lines: list[bytes] = []

    def look(pid: int) -> None:
        reading = WorkerMemoryReader(pid).read()
        seen.append((pid, reading is not None, len(lines)))

    def hear(line: bytes) -> bool:
        lines.append(line)
        return False

    request = request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=BRIEF)
    job = msgspec.json.encode(job_of(request, "measure", 60))
    isolation.run(misbehaving("well"), job, Limits(deadline_s=60), hear, threading.Event(), look)
    assert [(alive, heard) for _, alive, heard in seen] == [(True, 0)]
    assert seen[0][0] != os.getpid()
    assert any(b'"measured"' in line for line in lines)
