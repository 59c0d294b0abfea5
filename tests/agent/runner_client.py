"""Run as the agent's unit by test_runner_unit.py: real runs through the runner's socket, told as JSON in a file."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import edgeprof_agent
from edgeprof_agent.isolation import Inside, Limits, hand_over, run
from tests.agent.measuring import BUNDLED, QUICK, measured, request_for, values

STORE = Path("/var/lib/private/edgeprof-agent/models/a-model")
TOLD = Path(sys.argv[1])
MODELS = {"digits-cnn-int8.onnx": "onnxruntime", "digits-cnn-int8.tflite": "litert"}
ATTEMPTS = (
    *("connect", "send", "reach_abstract", "write_outside", "write_root", "write_system", "write_device"),
    *("write_kernel_setting", "write_sys", "write_model", "read_token", "read_model", "others", "environment"),
)
HAS_MEMORY_CONTROLLER = "memory" in Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()
LEAK = "held = []\nwhile True: held.append(bytearray(b'x') * (8 << 20))"
DAEMON = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        time.sleep(600)\n"
    "    os._exit(0)\n"
    "os.wait()\n"
)


answers: list[dict[str, Any]] = []
"""Of the runner, as they came."""


def read(connection: socket.socket, before: Callable[[socket.socket], dict[str, Any] | None] = hand_over.read) -> Any:
    answer = before(connection)
    if answer is not None:
        answers.append(answer)
    return answer


hand_over.read = read


def measured_both(name: str, runtime: str) -> dict[str, object]:
    request = replace(request_for(STORE / name, runtime), protocol=replace(QUICK, cold_start=True))
    outside, inside = measured(request), measured(replace(request, sandbox="strict"))
    return {
        "failure": inside.failure and asdict(inside.failure),
        "isolation": inside.isolation and asdict(inside.isolation),
        "metrics": [sorted(values(outside)), sorted(values(inside))],
    }


def ran(*command: str, memory_limit_mib: float | None = None) -> dict[str, object]:
    lines: list[bytes] = []
    limits = Limits(deadline_s=60, memory_limit_mib=memory_limit_mib)
    inside = Inside(mode="strict", files=tuple(STORE / name for name in MODELS))
    ended = run(command, b"", limits, lambda line: bool(lines.append(line)), threading.Event(), inside=inside)
    return {
        "ending": ended.ending,
        "signal": ended.signal,
        "exit": ended.exit_code,
        "lines": lines,
        "log": ended.log,
        "strays": ended.strays,
        "layers": ended.layers,
        "evidence": ended.memory_evidence,
        "left": answers[-1].get("left") if answers else "no answer",
    }


def attempts() -> dict[str, object]:
    token = Path("/var/lib/private/edgeprof-agent/token")
    token.write_text("a token")
    asked = {
        "attempts": ATTEMPTS,
        "port": 9,
        "abstract": "edgeprof-nobody",
        "outside": "/var/lib/private/edgeprof-agent/outside",
        "token": str(token),
        "model": str(STORE / "digits-cnn-int8.onnx"),
        "variables": ["EDGEPROF_TOKEN", "ORT_DISABLE_TELEMETRY"],
    }
    return ran(sys.executable, "-I", "-S", str(Path(__file__).with_name("sandbox_attempts.py")), json.dumps(asked))


def command_lines() -> list[bytes]:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout.splitlines()


os.environ["EDGEPROF_TOKEN"] = "a token"
STORE.mkdir(parents=True)
for model in MODELS:
    shutil.copy(BUNDLED / model, STORE / model)
    (STORE / model).chmod(0o444)
told = {
    "package": edgeprof_agent.__file__,
    "runs": {name: measured_both(name, runtime) for name, runtime in MODELS.items()},
    "attempts": attempts(),
    "crash": ran(sys.executable, "-c", "import time, ctypes; time.sleep(0.2); ctypes.string_at(0)"),
    "unit_leak": ran(sys.executable, "-c", LEAK) if HAS_MEMORY_CONTROLLER else None,
    "leak": ran(sys.executable, "-c", LEAK, memory_limit_mib=100),
    "daemon": ran(sys.executable, "-c", DAEMON, "left-by-a-runner"),
    "seen_after": [line for line in command_lines() if b"left-by-a-runner" in line and b"python" in line],
}
TOLD.write_text(json.dumps(told, default=lambda value: value.decode()))
