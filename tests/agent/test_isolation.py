"""No worker can hurt the agent, and each way of going wrong has its own name."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edgeprof.wire.failures import FailureCode
from edgeprof.wire.messages import Failure, Result, RunProtocol
from edgeprof_agent import isolation
from edgeprof_agent.isolation import Limits, WorkerExit, cgroup, running
from edgeprof_agent.isolation.here import layers_here
from edgeprof_agent.isolation.lines import LIMIT_BYTES, Lines
from edgeprof_agent.isolation.tail import KEPT_BYTES, Tail
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.worker_job import job_of
from tests.agent.measuring import BUNDLED, QUICK, measured, misbehaving, request_for

MODEL = BUNDLED / "digits-cnn-fp32.onnx"
SHORT = RunProtocol(warmup_runs=0, min_runs=1, window_s=0.01, deadline_s=1.5)


def failure_of(result: Result) -> Failure:
    assert result.status == "failed"
    assert result.failure is not None
    assert not result.metrics
    return result.failure


def run_badly(mode: str, protocol: RunProtocol = QUICK, memory_limit_mib: float | None = None) -> Result:
    return measured(request_for(MODEL, protocol=protocol, memory_limit_mib=memory_limit_mib), misbehaving(mode))


@pytest.mark.parametrize(("mode", "name"), [("segfault", "SIGSEGV"), ("abort", "SIGABRT")])
def test_a_worker_that_dies_of_a_signal_is_a_crash_with_its_name_stage_and_log(mode: str, name: str) -> None:
    failure = failure_of(run_badly(mode))
    assert (failure.code, failure.signal, failure.stage) == ("crash", name, "first_inference")
    assert "worker_misbehaving.py" in failure.log


@pytest.mark.parametrize("mode", ["hang", "closed-pipes"])
def test_a_worker_that_does_not_end_is_killed_at_its_deadline(mode: str) -> None:
    assert failure_of(run_badly(mode, SHORT)).code == "timeout"


@pytest.mark.parametrize(("mode", "code"), [("silent", "no_result"), ("exit-code", "no_result")])
def test_a_worker_that_exits_without_a_word_gives_no_result(mode: str, code: FailureCode) -> None:
    assert failure_of(run_badly(mode)).code == code


def test_what_a_runtime_raises_is_told_in_its_words() -> None:
    failure = failure_of(run_badly("raise"))
    assert failure.code == "inference_error"
    assert "no number" in failure.message


def test_a_gigabyte_of_output_costs_neither_memory_nor_the_result() -> None:
    lines: list[bytes] = []
    outcome = _run("gigabyte", lines)
    assert any(b'"event": "operators"' in line for line in lines)
    assert len(outcome.log) < KEPT_BYTES + 100
    assert "were dropped" in outcome.log
    dropped = int(outcome.log.split()[0].removeprefix("["))
    assert dropped > 1_000_000_000


def test_a_flood_on_the_result_pipe_is_cut_off() -> None:
    assert failure_of(run_badly("flood")).code == "no_result"


def test_rubbish_on_the_result_pipe_is_passed_over() -> None:
    assert run_badly("garbage").status == "measured"


def test_a_crash_after_the_measurement_costs_the_operators_and_not_the_figures() -> None:
    result = run_badly("segfault-later")
    assert result.status == "measured"
    assert result.effective is not None
    assert result.effective.integer_kernels is None
    assert any("SIGSEGV" in note for note in result.effective.notes)


def absent_of(result: Result) -> dict[str, str]:
    return {row.metric: row.reason for row in result.absent}


def test_what_was_asked_beyond_the_window_and_died_is_absent_with_the_reason() -> None:
    asked = request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=replace(QUICK, soak_s=30.0))
    result = measured(asked, misbehaving("segfault-beyond"))
    assert result.status == "measured", result.failure
    assert absent_of(result)["sustained_p50_ms"] == "the worker died of SIGSEGV in the soak"
    assert not any(metric.startswith("response_") for metric in absent_of(result))
    both = replace(asked, config=replace(asked.config, arrival_rate_per_s=50.0))
    absent = absent_of(measured(both, misbehaving("segfault-beyond")))
    assert absent["response_p99_ms"] == "the worker died of SIGSEGV in the open loop"
    assert absent["sustained_p50_ms"] == "the worker died of SIGSEGV in the open loop, before the soak"


def test_a_failure_that_is_told_beyond_the_window_is_named_by_its_stage() -> None:
    result = measured(
        request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=replace(QUICK, soak_s=30.0)), misbehaving("raise-beyond")
    )
    assert result.status == "measured", result.failure
    assert absent_of(result)["sustained_p50_ms"].startswith("the worker failed in the soak: ")
    assert "no number" in absent_of(result)["sustained_p50_ms"]
    assert result.effective is not None
    assert any(note.startswith("the worker failed in the soak: ") for note in result.effective.notes)
    assert not any("could not be read" in note for note in result.effective.notes)


def test_a_cancel_ends_the_run() -> None:
    cancelled = threading.Event()
    stages: list[str] = []

    def cancel_at_inference(stage: str, *_: object) -> None:
        stages.append(stage)
        if stage == "first_inference":
            cancelled.set()

    result, artifacts = measure(request_for(MODEL), cancel_at_inference, cancelled, misbehaving("hang"))
    assert failure_of(result).code == "cancelled"
    assert not artifacts
    assert stages[-1] == "first_inference"


def test_a_kill_from_outside_is_not_called_out_of_memory() -> None:
    def kill(stage: str, fraction: float | None, note: str) -> None:
        if note.isdecimal():
            os.kill(int(note), signal.SIGKILL)

    result, _ = measure(request_for(MODEL), kill, threading.Event(), misbehaving("pid"))
    failure = failure_of(result)
    assert (failure.code, failure.signal) == ("killed_unknown", "SIGKILL")


def test_a_leak_is_stopped_at_the_limit_by_the_best_layer_there_is() -> None:
    result = run_badly("leak", memory_limit_mib=150)
    assert failure_of(result).code == "out_of_memory"
    assert result.isolation is not None
    assert result.isolation.memory_limit_mib == 150


def test_a_leak_is_stopped_at_the_limit_without_any_cgroup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "create", _no_group)
    result = run_badly("leak", memory_limit_mib=150)
    failure = failure_of(result)
    assert failure.code == "out_of_memory"
    assert result.isolation is not None
    assert result.isolation.layers[-2:] == ("rlimit_data", "rss_watchdog")


def test_a_limit_that_is_not_reached_changes_nothing() -> None:
    assert run_badly("well", memory_limit_mib=150).status == "measured"


def test_a_worker_sees_none_of_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEPROF_TOKEN", "secret")
    outcome = _run("token", [])
    assert "token: None" in outcome.log


def test_a_process_that_left_the_session_dies_with_its_group() -> None:
    result = run_badly("daemon")
    assert result.status == "measured"
    assert "worker_misbehaving.py daemon" not in _command_lines()


@pytest.mark.parametrize("has_pidfd", [True, False])
def test_an_exit_ends_the_wait_and_everything_that_was_written_is_read(
    monkeypatch: pytest.MonkeyPatch, has_pidfd: bool
) -> None:
    """The worker closes its pipes and lives on for a moment, which a look at every tick would round up."""
    if not has_pidfd:
        monkeypatch.delattr(os, "pidfd_open")
    slept: list[float] = []
    real_sleep = time.sleep

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        real_sleep(seconds)

    monkeypatch.setattr(running.time, "sleep", sleep)
    code = "import os, sys, time; os.write(int(sys.argv[1]), b'last\\n'); os.closerange(0, 64); time.sleep(0.05)"
    lines: list[bytes] = []
    outcome = isolation.run(
        (sys.executable, "-c", code),
        b"",
        Limits(deadline_s=20),
        lambda line: bool(lines.append(line)),
        threading.Event(),
    )
    assert (outcome.ending, outcome.exit_code, lines) == ("exited", 0, [b"last"])
    assert max(slept, default=0.0) < 0.2
    assert (0.005 in slept) is not has_pidfd


def test_an_interpreter_that_is_not_there_is_a_missing_runtime() -> None:
    result = measured(request_for(MODEL), ("/nowhere/python",))
    assert failure_of(result).code == "runtime_missing"
    assert "/nowhere/python" in failure_of(result).message


def test_cores_are_those_that_were_asked_for() -> None:
    result = measured(request_for(MODEL, cores=(0,)), misbehaving("well"))
    assert result.effective is not None
    assert result.effective.affinity == (0,)
    assert result.isolation is not None
    assert "cpu_affinity" in result.isolation.layers


def test_layers_name_one_way_to_limit_memory() -> None:
    assert {"cgroup_v2_memory", "cgroup_v1_memory", "rss_watchdog"} & set(layers_here("off")[0])


def test_cgroup_version_2_is_used_beside_ours_where_ours_may_have_no_children(tmp_path: Path) -> None:
    """File names and formats as in the kernel's cgroup-v2 document; laid out as systemd does for a login."""
    slice_folder = tmp_path / "sys/fs/cgroup/user.slice/user-0.slice"
    session = slice_folder / "session-1.scope"
    session.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/user.slice/user-0.slice/session-1.scope\n")
    (tmp_path / "proc/self/mountinfo").write_text(
        "24 30 0:22 / /proc rw,nosuid - proc proc rw\n"
        "31 24 0:27 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    )
    (slice_folder / "cgroup.subtree_control").write_text("memory pids\n")
    group = cgroup.create(tmp_path)
    assert group is not None
    assert group.layer == "cgroup_v2_memory"
    group.limit(100)
    group.add(1234)
    (folder,) = slice_folder.glob("edgeprof-*")
    assert (folder / "memory.max").read_text() == str(100 * 1024 * 1024)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "cgroup.procs").read_text() == "1234"
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n")
    assert group.oom_kills() == 1


def test_a_group_whose_agent_was_killed_is_swept_away(tmp_path: Path) -> None:
    own = tmp_path / "sys/fs/cgroup/memory/agents"
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/4001").mkdir()
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/agents\n0::/\n")
    (tmp_path / "proc/self/mountinfo").write_text(
        "35 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    )
    for name in ("edgeprof-4001-aaaaaaaa", "edgeprof-4002-bbbbbbbb"):
        (own / name).mkdir(parents=True)
    assert cgroup.create(tmp_path) is not None
    assert (own / "edgeprof-4001-aaaaaaaa").exists()
    assert not (own / "edgeprof-4002-bbbbbbbb").exists()


def test_a_worker_dies_with_an_agent_that_is_killed() -> None:
    """The agent here is a process of its own, killed as `kill -9` does."""
    code = (
        "import json, sys, threading; from edgeprof_agent.isolation import Limits, run;"
        "run(sys.argv[2:], sys.argv[1].encode(), Limits(deadline_s=600),"
        " lambda line: print(line.decode(), flush=True) is not None, threading.Event())"
    )
    command = [sys.executable, "-c", code, _job().decode(), *misbehaving("pid")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        notes = (json.loads(line).get("note", "") for line in agent.stdout)
        worker = int(next(note for note in notes if note.isdecimal()))
        assert Path(f"/proc/{worker}").exists()
        agent.kill()
    while Path(f"/proc/{worker}").exists() and "Z" not in Path(f"/proc/{worker}/stat").read_text().split()[2]:
        time.sleep(0.01)  # the test's own time limit ends a wait for ever


def test_no_cgroup_mount_means_no_group(tmp_path: Path) -> None:
    assert cgroup.create(tmp_path) is None


def test_the_end_of_a_stream_is_kept_and_the_rest_counted() -> None:
    tail = Tail(4)
    tail.add(b"abcdef")
    tail.add(b"gh")
    assert tail.text() == "[4 bytes before this were dropped]\nefgh"


def test_lines_are_cut_wherever_the_bytes_are() -> None:
    lines = Lines()
    assert lines.add(b'{"a"') == []
    assert lines.add(b':1}\n{"b":2}\n{') == [b'{"a":1}', b'{"b":2}']
    assert not lines.flooded


def test_a_line_without_an_end_is_a_flood_at_any_limit() -> None:
    lines = Lines(1 << 40)
    part = bytes(LIMIT_BYTES // 2)
    assert [lines.add(part), lines.add(part), lines.flooded] == [[], [], False]
    assert lines.add(b"x") == []
    assert lines.flooded


def _no_group() -> None:
    """As where cgroups are not delegated."""


def _run(mode: str, lines: list[bytes]) -> WorkerExit:
    def keep(line: bytes) -> bool:
        lines.append(line)
        return False

    return isolation.run(misbehaving(mode), _job(), Limits(deadline_s=60), keep, threading.Event())


def _job() -> bytes:
    return msgspec.json.encode(job_of(request_for(BUNDLED / "digits-cnn-fp32.onnx"), "measure", 60))


def _command_lines() -> str:
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)
