"""The runner's program behind a socket as systemd's would be, without its unit: what it does and never claims."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire.guards import lacking
from edgeprof_agent.isolation import Inside, Limits, WorkerExit, hand_over, run
from tests.agent.measuring import BUNDLED, measured, misbehaving, request_for

MODEL = BUNDLED / "digits-cnn-int8.onnx"


@pytest.fixture(autouse=True)
def socket_of_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Starts the program for each connection, with the connection as its standard input."""
    path, scratch = str(tmp_path / "socket"), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(hand_over, "SOCKET", path)
    started: list[subprocess.Popen[bytes]] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if os.environ.get("STOP_SERVING"):
                        return
                    environment = {**os.environ, "TMPDIR": str(scratch)}
                    command = [sys.executable, "-m", "edgeprof_agent.isolation.runner"]
                    started.append(subprocess.Popen(command, stdin=connection.fileno(), env=environment))

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        monkeypatch.setenv("STOP_SERVING", "1")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as last:
            last.connect(path)
        thread.join()
    for process in started:
        assert process.wait(20) == 0


def ran(code: str, limits: Limits | None = None, cancelled: threading.Event | None = None) -> WorkerExit:
    return run(
        (sys.executable, "-c", code),
        b"",
        limits or Limits(deadline_s=60),
        lambda line: False,
        cancelled or threading.Event(),
        inside=Inside(mode="auto"),
    )


def test_a_model_is_measured_and_only_what_is_there_is_claimed() -> None:
    result = measured(replace(request_for(MODEL), sandbox="auto"))
    assert result.status == "measured", result.failure
    assert result.isolation is not None
    assert "rlimit_fsize" in result.isolation.layers
    assert not {"systemd_runner", "unit_cgroup", "private_network", "read_only_view", "bubblewrap"} & set(
        result.isolation.layers
    )
    assert {"network", "files"} <= {guard.name for guard in lacking(result.isolation.layers)}


def test_strict_is_not_content_with_a_runner_outside_of_its_unit() -> None:
    failure = measured(replace(request_for(MODEL), sandbox="strict")).failure
    assert failure is not None
    assert failure.code == "not_sandboxed"
    assert "network" in failure.message


@pytest.mark.parametrize(
    ("code", "name", "exit_code"),
    [
        ("import os, signal, time; time.sleep(0.1); os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV", None),
        ("import sys; sys.exit(7)", None, 7),
    ],
)
def test_how_a_worker_ended_comes_through(code: str, name: str | None, exit_code: int | None) -> None:
    ended = ran(code)
    assert (ended.ending, ended.signal, ended.exit_code) == ("exited", name, exit_code)


def test_what_a_worker_prints_and_its_count_of_runs_come_through() -> None:
    failure = measured(replace(request_for(MODEL), sandbox="auto"), misbehaving("segfault")).failure
    assert failure is not None
    assert (failure.code, failure.signal) == ("crash", "SIGSEGV")
    assert "worker_misbehaving.py" in failure.log


def test_a_worker_over_its_memory_limit_is_killed_by_its_runner() -> None:
    ended = ran(
        "held = []\nwhile True: held.append(bytearray(b'x') * (8 << 20))",
        Limits(deadline_s=60, memory_limit_mib=100, cores=None),
    )
    assert ended.ending == "memory" or ended.memory_evidence or "MemoryError" in ended.log, ended


def test_the_deadline_and_a_cancel_hang_up() -> None:
    assert ran("import time; time.sleep(600)", Limits(deadline_s=0.5)).ending == "deadline"
    cancelled = threading.Event()
    cancelled.set()
    ended = ran("import time; time.sleep(600)", cancelled=cancelled)
    assert (ended.ending, ended.signal) == ("cancelled", signal.SIGKILL.name)


def test_what_was_left_behind_is_counted_by_the_runner() -> None:
    leaves = "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  time.sleep(600)\n os._exit(0)"
    assert ran(f"{leaves}\nos.wait()").strays == 1


def test_a_file_that_the_runner_does_not_see_is_no_reason_to_fail() -> None:
    ended = run(
        (sys.executable, "-c", "pass"),
        b"",
        Limits(deadline_s=60),
        lambda line: False,
        threading.Event(),
        inside=Inside(mode="auto", files=(Path("/nowhere/model.onnx"),)),
    )
    assert ended.ending == "exited"
    assert ended.lacks is not None
    assert ended.lacks.why == "the runner's unit does not see /nowhere/model.onnx"
