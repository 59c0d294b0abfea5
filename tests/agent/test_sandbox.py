"""What a sandboxed model cannot do, tried with harmless attempts; and that a run in a sandbox is the same run."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeprof.tables.sandbox_words import sandbox_words
from edgeprof.wire.guards import SANDBOX, is_full, lacking
from edgeprof.wire.messages import Isolation, Result, RunConfig
from edgeprof_agent.doctor import isolation as doctor
from edgeprof_agent.isolation import Inside, Limits, WorkerExit, bubblewrap, cgroup, run
from edgeprof_agent.isolation.here import layers_here
from edgeprof_agent.isolation.processes import children_of, tasks_of_user
from edgeprof_agent.isolation.started import Started, spawn
from edgeprof_agent.isolation.task_limit import max_tasks
from edgeprof_agent.isolation.userns import why_refused
from edgeprof_agent.layers_here import layers_here as asked_layers
from edgeprof_agent.sandbox_mode import Mode
from tests.agent.evaluation_sets import DIGITS, ONE_BY_ONE, evaluated, evaluation_request
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import BUNDLED, QUICK, measured, misbehaving, request_for, values

ATTEMPTS = Path(__file__).with_name("sandbox_attempts.py")
MODEL = BUNDLED / "digits-cnn-int8.onnx"
DAEMON = (
    "import os, sys, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        time.sleep(600)\n"
    "    os._exit(0)\n"
    "os.wait()\n"
)
NOBODY = 65534
BWRAP = pytest.mark.bwrap


def ran(command: Sequence[str], inside: Inside, limits: Limits | None = None) -> tuple[WorkerExit, list[bytes]]:
    lines: list[bytes] = []
    ended = run(
        command,
        b"",
        limits or Limits(deadline_s=60),
        lambda line: bool(lines.append(line)),
        threading.Event(),
        inside=inside,
    )
    return ended, lines


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes the attempts in one worker. The listener, the token and the folder outside are real."""
    token = tmp_path / "token"
    token.write_text("a token")
    monkeypatch.setenv("EDGEPROF_TOKEN", "a token")
    monkeypatch.setenv("HF_TOKEN", "another")
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as abstract:
        name = f"edgeprof-test-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()

        def attempt(*attempts: str, mode: Mode = "strict") -> dict[str, Any]:
            asked = {
                "attempts": attempts,
                "port": listener.getsockname()[1],
                "abstract": name,
                "outside": str(tmp_path / "outside"),
                "token": str(token),
                "model": str(MODEL),
                "variables": ["EDGEPROF_TOKEN", "HF_TOKEN", "ORT_DISABLE_TELEMETRY", "HOME"],
            }
            command = (sys.executable, "-I", "-S", str(ATTEMPTS), json.dumps(asked))
            ended, lines = ran(command, Inside(mode=mode, files=(MODEL,), folders=(ATTEMPTS.parent,)))
            assert lines, ended
            listener.settimeout(0.0)
            with pytest.raises(BlockingIOError):
                listener.accept()  # nobody came
            return json.loads(lines[0])

        yield attempt


@BWRAP
def test_a_sandboxed_worker_reaches_no_network_no_file_and_no_process_of_ours(
    tried: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    found = tried(
        *("connect", "send", "reach_abstract", "write_outside", "write_root", "write_system", "write_device"),
        *("write_kernel_setting", "write_sys", "write_model", "read_token", "read_accounts", "read_model"),
        *("write_scratch", "others", "environment"),
    )
    assert found == {
        "connect": "ConnectionRefusedError",
        "send": "OSError",
        "reach_abstract": "ConnectionRefusedError",
        "write_outside": "FileNotFoundError",
        "write_root": "OSError",
        "write_system": "OSError",
        "write_device": "OSError",
        "write_kernel_setting": "OSError",
        "write_sys": "OSError",
        "write_model": "OSError",
        "read_token": "FileNotFoundError",
        "read_accounts": "FileNotFoundError",
        "read_model": MODEL.stat().st_size,
        "write_scratch": None,
        "others": [],
        "environment": {"EDGEPROF_TOKEN": None, "HF_TOKEN": None, "ORT_DISABLE_TELEMETRY": "1", "HOME": "/tmp"},
    }
    assert not (tmp_path / "outside").exists()


@BWRAP
def test_the_scratch_ends_at_its_limit(tried: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "SCRATCH_MIB", 8)
    assert tried("fill") == {"fill": "OSError"}


@BWRAP
def test_processes_end_at_their_limit(tried: Callable[..., dict[str, Any]]) -> None:
    others = tasks_of_user(os.geteuid()) + 64  # RLIMIT_NPROC counts them: room for the worker if they end meanwhile
    assert 1 < tried("fork_away")["fork_away"] <= max_tasks() + others < 2000


@BWRAP
@pytest.mark.parametrize(
    ("code", "name", "exit_code"),
    [
        ("import os, signal, time; time.sleep(0.1); os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV", None),
        ("import os, time; time.sleep(0.1); os.abort()", "SIGABRT", None),
        ("import sys; sys.exit(7)", None, 7),
    ],
)
def test_how_a_worker_ended_is_seen_from_outside(code: str, name: str | None, exit_code: int | None) -> None:
    ended, _ = ran((sys.executable, "-c", code), Inside(mode="strict"))
    assert (ended.ending, ended.signal, ended.exit_code) == ("exited", name, exit_code)


@BWRAP
def test_runs_of_a_worker_that_crashes_are_counted_in_a_sandbox_too() -> None:
    request = replace(request_for(MODEL), sandbox="strict", protocol=replace(QUICK, min_runs=600, window_s=5.0))
    failure = measured(request, misbehaving("segfault-at-500")).failure
    assert failure is not None
    assert (failure.code, failure.signal) == ("crash", "SIGSEGV")
    assert "in run 500" in failure.message


@BWRAP
@pytest.mark.parametrize("mode", ["off", "strict"])
@pytest.mark.parametrize("has_cgroup", [True, False])
def test_nothing_outlives_a_run(mode: Mode, has_cgroup: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_cgroup:
        monkeypatch.setattr(cgroup, "create", no_group)
    mark = f"left-by-{os.getpid()}-{mode}-{has_cgroup}"
    ended, _ = ran((sys.executable, "-c", DAEMON, mark), Inside(mode=mode))
    assert (ended.ending, ended.exit_code) == ("exited", 0)
    assert not processes_with(mark)
    assert not [pid for pid in children_of(os.getpid()) if is_zombie_of_ours(pid)]
    assert ended.strays == (1 if mode == "off" else 0)  # a namespace ends before anybody could count


def test_processes_of_our_own_are_let_alone_whatever_session_they_are_in() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as ours:
        ended, _ = ran((sys.executable, "-c", DAEMON), Inside(mode="off"))
        assert ended.strays == 1
        assert ours.poll() is None
        ours.kill()


@BWRAP
def test_a_sandbox_dies_with_an_agent_that_is_killed() -> None:
    mark = f"orphan-of-{os.getpid()}"
    code = (
        "import sys, threading; from edgeprof_agent.isolation import Inside, Limits, run;"
        "run((sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[1]), b'', Limits(deadline_s=600),"
        " lambda line: False, threading.Event(), lambda pid: print('started', flush=True), Inside(mode='strict'))"
    )
    with subprocess.Popen([sys.executable, "-c", code, mark], stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == "started\n"
        assert len(processes_with(mark)) > 1
        agent.kill()
    while processes_with(mark):
        time.sleep(0.01)  # the test's own time limit ends a wait for ever


@BWRAP
@pytest.mark.parametrize(
    ("name", "runtime"), [("digits-cnn-int8.onnx", "onnxruntime"), ("digits-cnn-int8.tflite", "litert")]
)
def test_a_run_in_a_sandbox_has_the_same_outcome(name: str, runtime: str) -> None:
    request = replace(request_for(BUNDLED / name, runtime), protocol=replace(QUICK, cold_start=True))
    outside, inside = measured(request), measured(replace(request, sandbox="strict"))
    assert inside.status == "measured", inside.failure
    same_but_for_tails(outside, inside)
    assert inside.isolation is not None
    assert is_full(inside.isolation.layers)
    assert inside.isolation.lacks is None
    assert inside.cold_start is not None
    assert inside.cold_start.evicted == (outside.cold_start is not None and outside.cold_start.evicted)


@BWRAP
def test_a_language_model_in_a_sandbox_has_the_same_outcome(tmp_path: Path) -> None:
    config = RunConfig(runtime="llama-capi", threads=1, prompt_tokens=8, decode_tokens=4)
    request = replace(request_for(tiny_llama(tmp_path / "tiny.gguf"), "llama-capi"), config=config)
    outside, inside = measured(request), measured(replace(request, sandbox="strict"))
    assert inside.status == "measured", inside.failure
    same_but_for_tails(outside, inside)


@BWRAP
def test_an_evaluation_in_a_sandbox_has_the_same_answers(tmp_path: Path) -> None:
    request = evaluation_request(MODEL, "onnxruntime", DIGITS, replace(ONE_BY_ONE, evaluation_items=40))
    _, outside = evaluated(request, DIGITS, tmp_path / "outside")
    result, inside = evaluated(replace(request, sandbox="strict"), DIGITS, tmp_path / "inside")
    assert result.status == "measured", result.failure
    assert [(each.item_id, each.correct) for each in inside] == [(each.item_id, each.correct) for each in outside]
    assert result.isolation is not None
    assert is_full(result.isolation.layers)


def same_but_for_tails(outside: Result, inside: Result) -> None:
    """The same figures, apart from percentiles that a short window may have too few runs for; the same set-up."""
    tails = {"latency_p99_ms", "latency_p999_ms"}
    assert set(values(inside)) - tails == set(values(outside)) - tails
    assert inside.effective is not None
    assert outside.effective is not None
    assert inside.effective.operators == outside.effective.operators
    assert inside.effective.affinity == outside.effective.affinity
    assert inside.effective.provider == outside.effective.provider


def test_strict_runs_nothing_without_a_sandbox_and_names_what_adds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = measured(replace(request_for(MODEL), sandbox="strict"))
    assert result.failure is not None
    assert (result.failure.code, result.failure.stage, result.failure.signal) == ("not_sandboxed", "start", None)
    assert result.failure.message == (
        "The setting sandbox is strict, and bubblewrap is not installed. Fix: sudo apt-get install bubblewrap"
    )


def test_without_a_sandbox_auto_runs_and_says_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = measured(replace(request_for(MODEL), sandbox="auto"))
    assert result.status == "measured", result.failure
    assert result.isolation is not None
    assert [guard.name for guard in lacking(result.isolation.layers)][:5] == [
        *("network", "files", "scratch", "devices", "rights"),
    ]
    assert sandbox_words(result.isolation) == (
        "Not guarded: network, files, scratch, devices, rights. "
        "Bubblewrap is not installed. Fix: sudo apt-get install bubblewrap"
    )


def test_what_was_left_behind_is_told() -> None:
    full = tuple(guard.layers[0] for guard in SANDBOX)
    assert sandbox_words(Isolation(layers=full, memory_limit_mib=None, strays=2)) == (
        f"Full. Guarded: {', '.join(guard.name for guard in SANDBOX)}. 2 left behind were ended with the run."
    )


@BWRAP
def test_a_plain_user_has_the_full_sandbox_too() -> None:
    """The interpreter may lie where only root can look, so that the worker is a shell here."""
    told = as_user(NOBODY, lambda: layers_of_a_shell())
    assert is_full(told), told
    assert "rlimit_nproc" in told


def layers_of_a_shell() -> list[str]:
    ended, _ = ran(("/bin/sh", "-c", "read -r line"), Inside(mode="strict"))
    return [*ended.layers, *([] if ended.ending == "exited" else [ended.ending, str(ended.lacks)])]


def as_user(uid: int, act: Callable[[], list[str]]) -> list[str]:
    """In a forked process; that of whoever runs this, where it is not root."""
    if os.geteuid() != 0:
        return act()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # no other thread of ours holds a lock here
        child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        os.environ["HOME"] = os.environ["TMPDIR"] = "/tmp"
        os.write(writing, json.dumps(act()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        found: list[str] = json.load(told)
    os.waitpid(child, 0)
    return found


def test_an_agent_tells_its_layers_without_loading_what_runs_a_worker() -> None:
    assert set(asked_layers("off")) == set(layers_here("off")[0])


@pytest.mark.parametrize(
    ("switch", "value", "mend"),
    [
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "apparmor"),
    ],
)
def test_a_switch_that_forbids_namespaces_is_named(tmp_path: Path, switch: str, value: str, mend: str) -> None:
    file = tmp_path / "proc/sys" / switch
    file.parent.mkdir(parents=True)
    file.write_text(f"{value}\n")
    lack = why_refused("bwrap: No permissions to create new namespace", tmp_path)
    assert switch.replace("/", ".") in lack.why
    assert mend in lack.mend


def test_doctor_names_the_one_thing_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    finding = {each.subject: each for each in doctor.look(Path("/"))}["sandbox"]
    assert (finding.verdict, finding.mend) == ("optional", "sudo apt-get install bubblewrap")
    assert "Not guarded: network, files" in finding.detail


def no_group() -> None:
    """As where cgroups are not delegated."""


def processes_with(mark: str) -> list[int]:
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "cmdline").read_bytes() and folder.name != str(os.getpid()):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def is_zombie_of_ours(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def test_a_worker_that_is_gone_is_seen_while_what_held_it_still_runs() -> None:
    with subprocess.Popen(["true"]) as worker, spawn(["sleep", "600"], (), "/", {}) as holder:
        os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
        started = Started(holder, worker.pid)
        assert (started.has_exited(), started.is_worker_gone()) == (False, True)
        started.end()
