"""Memory by phase, of a real process that holds known amounts of each kind, and on recorded boards."""

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from edgeprof.wire.evidence import MEMORY_PHASES, MemoryPhase, MemoryProfile
from edgeprof.wire.messages import RunProtocol
from edgeprof_agent import isolation
from edgeprof_agent.isolation import Limits, WorkerExit, cgroup
from edgeprof_agent.isolation.confine import NO_GROUP, NO_GROUP_PEAK
from edgeprof_agent.measuring.memory import NOT_LET_GO, ROSE, memory_of
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.measuring.worker_memory import NOT_SAMPLED
from edgeprof_agent.measuring.worker_output import WorkerOutput
from edgeprof_agent.worker.mapped import resident_kib
from edgeprof_agent.worker.memory import NO_MAPS, NO_NVMAP, NO_RESET, NO_ROLLUP, NO_TEGRA, MemoryBook
from edgeprof_agent.worker_protocol.document import Measured
from tests.agent.measuring import BUNDLED, measured, misbehaving, request_for, unheard

MIB = 1024 * 1024
FILE_MIB = 16
SLACK_MIB = 4
"""What an interpreter's own heap may move between two readings."""
MACHINES = Path(__file__).parents[1] / "machines"
BRIEF = RunProtocol(
    warmup_runs=1, warmup_limit_s=0.1, min_runs=5, window_s=0.05, window_limit_s=0.05, cold_start=False, deadline_s=60
)
MODEL = BUNDLED / "digits-cnn-fp32.onnx"


class Run:
    """One worker that holds known amounts, run by the real parent."""

    def __init__(self, folder: Path) -> None:
        file = folder / "a model's weights"
        file.write_bytes(bytes(FILE_MIB * MIB))
        job = job_of(request_for(MODEL, protocol=BRIEF), "measure", 60)
        job["model_files"] = [str(file)]
        self.worker_output = WorkerOutput(unheard)
        command = (sys.executable, str(Path(__file__).with_name("worker_remembering.py")))
        self.outcome: WorkerExit = isolation.run(
            command, msgspec.json.encode(job), Limits(deadline_s=60), self.worker_output.take_line, threading.Event()
        )

    @property
    def measured(self) -> Measured:
        assert self.worker_output.measured is not None, self.outcome.log
        return self.worker_output.measured

    @property
    def profile(self) -> MemoryProfile:
        return memory_of(self.measured, self.worker_output.memory_after, self.outcome.group_peak_mib)

    @property
    def phases(self) -> dict[str, MemoryPhase]:
        return {phase.phase: phase for phase in self.profile.phases}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("model"))


def about(expected_mib: float) -> object:
    return pytest.approx(expected_mib, abs=SLACK_MIB)


def known(mib: float | None) -> float:
    assert mib is not None
    return mib


def test_every_phase_is_read_once_and_in_order(run: Run) -> None:
    assert tuple(phase.phase for phase in run.profile.phases) == MEMORY_PHASES


def test_a_load_shows_its_anonymous_memory_and_its_mapped_file_apart(run: Run) -> None:
    runtime, load = run.phases["runtime"], run.phases["load"]
    assert known(load.anonymous_mib) - known(runtime.anonymous_mib) == about(24)
    assert known(load.file_mib) - known(runtime.file_mib) == about(FILE_MIB)
    assert runtime.model_mapped_mib == 0
    assert load.model_mapped_mib == FILE_MIB
    assert load.rss_mib - runtime.rss_mib == about(24 + FILE_MIB)


def test_what_an_inference_needs_for_a_moment_is_in_its_own_phase_and_in_no_later_one(run: Run) -> None:
    first, window = run.phases["first_inference"], run.phases["measure"]
    assert first.peak_mib is not None
    assert window.peak_mib is not None
    assert first.peak_mib - run.phases["load"].rss_mib == about(40)
    assert window.peak_mib == about(window.rss_mib)
    assert known(first.shared_memory_mib) - known(run.phases["load"].shared_memory_mib) == about(8)


def test_pss_and_private_memory_leave_out_what_others_share(run: Run) -> None:
    load = run.phases["load"]
    assert load.pss_mib is not None
    assert load.private_mib is not None
    assert load.swap_mib is not None
    assert 24 < load.private_mib <= load.pss_mib + 0.1
    assert load.pss_mib <= load.rss_mib + SLACK_MIB


def test_the_peak_is_that_of_every_phase_up_to_the_end_of_the_window(run: Run) -> None:
    """Looking at the outputs takes 120 MiB here; the largest phase before it is the first inference."""
    peaks = [phase.peak_mib for phase in run.profile.phases if phase.phase != "after" and phase.peak_mib is not None]
    assert run.measured["peak_kib"] / 1024 == max(peaks) == run.phases["first_inference"].peak_mib


def test_the_model_let_go_leaves_what_the_runtime_had(run: Run) -> None:
    assert run.phases["after"].anonymous_mib == about(known(run.phases["runtime"].anonymous_mib))
    assert run.phases["after"].model_mapped_mib == 0


def test_each_figure_that_is_missing_has_its_reason(run: Run) -> None:
    profile = run.profile
    for name in ("average_rss_mib", "average_pss_mib", "peak_pss_mib"):
        assert profile.absent[name] == NOT_SAMPLED
    assert profile.absent["unified_used_mib"] == profile.absent["gpu_used_mib"] == NO_TEGRA
    assert "language model" in profile.absent["kv_cache_mib"]
    missing = {name for name in MemoryProfile.__dataclass_fields__ if getattr(profile, name) is None}
    assert missing <= set(profile.absent)


def test_a_workers_cgroup_tells_its_peak(run: Run) -> None:
    if not any(layer.startswith("cgroup") for layer in run.outcome.layers):
        assert run.profile.absent["cgroup_peak_mib"] == NO_GROUP
        pytest.skip("no cgroup can be made here")
    if run.outcome.group_peak_mib == NO_GROUP_PEAK:
        pytest.skip("this kernel records no cgroup peak")
    assert run.profile.cgroup_peak_mib is not None
    assert run.profile.cgroup_peak_mib >= 3 * 40  # the look at the outputs is within a worker's whole life


def test_without_a_cgroup_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "create", lambda: None)
    result = measured(request_for(MODEL, protocol=BRIEF), misbehaving("well"))
    assert result.memory is not None
    assert result.memory.cgroup_peak_mib is None
    assert result.memory.absent["cgroup_peak_mib"] == NO_GROUP


def test_a_worker_that_dies_before_it_lets_go_costs_that_phase_only() -> None:
    result = measured(request_for(MODEL, protocol=BRIEF), misbehaving("segfault-later"))
    assert result.memory is not None
    assert tuple(phase.phase for phase in result.memory.phases) == MEMORY_PHASES[:-1]
    assert result.memory.absent["after"] == NOT_LET_GO


@pytest.mark.parametrize(
    ("version", "name", "layer"),
    [
        ("cgroup2 cgroup2 rw", "memory.peak", "cgroup_v2_memory"),
        ("cgroup cgroup rw,memory", "memory.max_usage_in_bytes", "cgroup_v1_memory"),
    ],
)
def test_the_peak_of_either_version(tmp_path: Path, version: str, name: str, layer: str) -> None:
    group = group_in(tmp_path, version)
    assert group.layer == layer
    with pytest.raises(OSError, match=name):
        group.peak_mib()
    next((tmp_path / "sys/fs/cgroup").glob("own/edgeprof-*")).joinpath(name).write_text("157286400\n")
    assert group.peak_mib() == 150


def group_in(root: Path, version: str) -> cgroup.MemoryGroup:
    (root / "sys/fs/cgroup/own").mkdir(parents=True)
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/own\n" if "cgroup2" in version else "4:memory:/own\n")
    (root / "proc/self/mountinfo").write_text(f"31 24 0:27 / /sys/fs/cgroup rw shared:4 - {version}\n")
    (root / "sys/fs/cgroup/own/cgroup.subtree_control").write_text("memory\n")
    group = cgroup.create(root)
    assert group is not None
    return group


def status(rss_kib: int = 30_000, peak_kib: int = 40_000) -> str:
    return (
        f"Name:\tpython3\nVmHWM:\t{peak_kib:8} kB\nVmRSS:\t{rss_kib:8} kB\n"
        "RssAnon:\t   10000 kB\nRssFile:\t   19000 kB\nRssShmem:\t    1000 kB\n"
    )


SMAPS = b"""55d0c0a00000-55d0c0a21000 r--p 00000000 fe:00 131   /usr/bin/python3.11
Size:                132 kB
Rss:                 100 kB
Pss:                  50 kB
7f1200000000-7f1280000000 r--s 00000000 fe:00 977   /models/my model.gguf
Size:            2097152 kB
Rss:             1048576 kB
Pss:             1048576 kB
Pss_Dirty:             0 kB
VmFlags: rd mr me ms
7f1280000000-7f1280001000 rw-p 00000000 00:00 0
Rss:                   4 kB
7f1290000000-7f1290002000 r--p 80000000 fe:00 977   /models/my model.gguf (deleted)
Rss:                   8 kB
7ffc6a4b0000-7ffc6a4d1000 rw-p 00000000 00:00 0                          [stack]
Rss:                  24 kB
7f12a0000000-7f12a0002000 r--p 00000000 fe:00 978   /models/my model.gguf.part
Rss:                  16 kB
"""


def test_the_models_own_mappings_are_found_by_their_whole_name() -> None:
    assert resident_kib(SMAPS.splitlines(keepends=True), {b"/models/my model.gguf"}) == 1048576 + 8
    assert resident_kib(SMAPS.splitlines(keepends=True), {b"/models/my"}) == 0


@pytest.fixture
def board(tmp_path: Path) -> Callable[..., Path]:
    """A copy of a recorded machine with a process of ours in it."""

    def board(machine: str, *, meminfo: str = "", **files: str | None) -> Path:
        root = Path(shutil.copytree(MACHINES / machine, tmp_path / machine))
        with (root / "proc/meminfo").open("a") as file:
            file.write(meminfo)
        content: dict[str, str | None] = {
            "status": status(),
            "maps": "",
            "smaps": "",
            "smaps_rollup": "Pss: 25000 kB\nPrivate_Clean: 2000 kB\nPrivate_Dirty: 9000 kB\nSwap: 128 kB\n",
            "clear_refs": "",
        } | files
        (root / "proc/self").mkdir(exist_ok=True)
        for name, text in content.items():
            if text is not None:
                (root / "proc/self" / name).write_text(text)
        return root

    return board


def with_memory(root: Path, *available: tuple[int, int | None]) -> Iterator[None]:
    """Sets (MemAvailable, NvMapMemUsed) of a recorded Jetson in turn."""
    for available_kib, nvmap_kib in available:
        nvmap = "" if nvmap_kib is None else f"NvMapMemFree:           0 kB\nNvMapMemUsed:  {nvmap_kib:8} kB\n"
        (root / "proc/meminfo").write_text(f"MemTotal: 7802084 kB\nMemAvailable: {available_kib:8} kB\n{nvmap}")
        yield


def jetson_profile(root: Path, run: Run, *available: tuple[int, int | None]) -> MemoryProfile:
    book = MemoryBook([], root)
    for phase, _ in zip(("runtime", "load", "first_inference"), with_memory(root, *available), strict=True):
        book.end_of(phase)
    told: Measured = {**run.measured, "memory": book.readings, "memory_absent": book.absent}
    return memory_of(told, None, NO_GROUP)


def test_a_jetson_tells_what_the_load_took_of_its_one_memory(board: Callable[..., Path], run: Run) -> None:
    root = board("orin-nano-8gb-jp6")
    profile = jetson_profile(root, run, (5_000_000, 10_240), (4_488_000, 215_040), (4_400_000, 266_240))
    assert profile.unified_used_mib == 500
    assert profile.gpu_used_mib == 250
    assert not {"unified_used_mib", "gpu_used_mib"} & set(profile.absent)


def test_a_board_without_nvmap_still_tells_its_unified_memory(board: Callable[..., Path], run: Run) -> None:
    profile = jetson_profile(board("orin-nano-8gb-jp6"), run, *[(5_000_000, None), (4_488_000, None)] * 1, (1, None))
    assert profile.unified_used_mib == 500
    assert profile.gpu_used_mib is None
    assert profile.absent["gpu_used_mib"] == NO_NVMAP


def test_memory_that_others_gave_back_is_no_negative_figure(board: Callable[..., Path], run: Run) -> None:
    profile = jetson_profile(board("orin-nano-8gb-jp6"), run, (5_000_000, 900), (5_000_001, 100), (4_000_000, 200))
    assert profile.unified_used_mib is None
    assert profile.gpu_used_mib is None
    assert profile.absent["unified_used_mib"] == profile.absent["gpu_used_mib"] == ROSE


def test_what_a_board_is_and_not_what_it_is_called_decides(board: Callable[..., Path]) -> None:
    nvmap = "NvMapMemUsed:     100 kB\n"
    orin = MemoryBook([], board("near-miss-orin-called-pi", meminfo=nvmap)).end_of("load")
    assert orin["nvmap_kib"] == 100
    book = MemoryBook([], board("rk3588-rock-5b", meminfo=nvmap))
    rock = book.end_of("load")
    assert (rock["unified_available_kib"], rock["nvmap_kib"]) == (None, None)
    assert book.absent["gpu_used_mib"] == NO_TEGRA


def test_an_old_kernel_gives_reasons_in_the_place_of_figures(board: Callable[..., Path]) -> None:
    root = board("pi-4b-4gb", smaps_rollup=None, maps=None, smaps=None)
    (root / "proc/self/clear_refs").unlink()
    (root / "proc/self/clear_refs").mkdir()
    book = MemoryBook(["/models/m.onnx"], root)
    first, second = book.end_of("interpreter"), book.end_of("runtime")
    assert (first["peak_kib"], second["peak_kib"]) == (40_000, None)
    assert (second["pss_kib"], second["private_kib"], second["swap_kib"]) == (None, None, None)
    assert second["model_mapped_kib"] is None
    assert book.peak_kib == 40_000
    assert book.absent["peak_mib"] == NO_RESET
    assert {book.absent[name] for name in ("pss_mib", "private_mib", "swap_mib")} == {NO_ROLLUP}
    assert book.absent["model_mapped_mib"] == NO_MAPS


def test_the_rollup_is_read_for_what_it_says(board: Callable[..., Path]) -> None:
    reading = MemoryBook([], board("pi-5-8gb")).end_of("load")
    assert (reading["pss_kib"], reading["private_kib"], reading["swap_kib"]) == (25_000, 11_000, 128)
    assert (reading["rss_kib"], reading["anonymous_kib"], reading["model_mapped_kib"]) == (30_000, 10_000, 0)


@pytest.mark.parametrize(
    ("file", "runtime", "maps"),
    [("digits-cnn-fp32.onnx", "onnxruntime", False), ("digits-cnn-fp32.tflite", "litert", True)],
)
def test_real_runtimes_map_their_model_or_read_it(file: str, runtime: str, maps: bool) -> None:
    result = measured(request_for(BUNDLED / file, runtime, protocol=BRIEF))
    assert result.memory is not None
    phases = {phase.phase: phase for phase in result.memory.phases}
    assert tuple(phases) == MEMORY_PHASES
    size_mib = (BUNDLED / file).stat().st_size / MIB
    mapped_mib = phases["measure"].model_mapped_mib
    assert mapped_mib is not None
    assert mapped_mib == (pytest.approx(size_mib, abs=0.1) if maps else 0)
    assert phases["after"].model_mapped_mib == 0
    peaks = [phase.peak_mib or 0 for phase in result.memory.phases if phase.phase != "after"]
    assert {row.metric: row.value for row in result.metrics}["peak_memory_mib"] == max(peaks)
