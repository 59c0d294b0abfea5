"""A worker whose runtime does what its first argument says: the real worker program with a runtime gone bad."""

import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Literal

from edgeprof_agent.worker.main import main
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

(MODE, _, FILE), FD = sys.argv[1].partition(":"), int(sys.argv[2])
MIB = 1024 * 1024


def leak() -> None:
    held: list[bytearray] = []
    while True:
        held.append(bytearray(b"x") * (8 * MIB))
        time.sleep(0.005)


def thrash() -> None:
    """Reads a byte of every page of a mapped file."""
    with open(FILE, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages:
        sum(pages[:: mmap.PAGESIZE])


def print_a_gigabyte() -> None:
    block = b"noise " * (MIB // 6)
    for _ in range(1024):
        os.write(1, block)


def leave_a_daemon() -> None:
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)


def say_own_pid() -> None:
    os.write(FD, b'{"event":"stage","stage":"measure","note":"%d"}\n' % os.getpid())
    time.sleep(600)


def close_everything() -> None:
    for fd in (1, 2, FD):
        os.close(fd)
    time.sleep(600)


DEEDS = {
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "hang": lambda: time.sleep(600),
    "leak": leak,
    "gigabyte": print_a_gigabyte,
    "silent": lambda: os._exit(0),
    "exit-code": lambda: os._exit(7),
    "daemon": leave_a_daemon,
    "pid": say_own_pid,
    "closed-pipes": close_everything,
    "raise": lambda: int("no number"),
    "garbage": lambda: os.write(FD, b"\xff\x00 {not json\n[]\n" + b'{"event":"measured","measured":{"kind":7}}\n'),
    "flood": lambda: [os.write(FD, b"x" * MIB) for _ in range(64)],
    "token": lambda: print("token:", os.environ.get("EDGEPROF_TOKEN")),
    "stubborn": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "well": lambda: None,
    "thrash": thrash,
    "slow": lambda: time.sleep(0.15),
    "segfault-later": lambda: None,
    "segfault-at-500": lambda: None,
    "segfault-at-point": lambda: None,
    "segfault-beyond": lambda: None,
    "raise-beyond": lambda: None,
    "raise-at-outputs": lambda: None,
    "raise-at-operators": lambda: None,
}


class Misbehaving:
    """Stands in for an imported runtime."""

    def open(self, job: WorkerJob) -> "MisbehavingModel":
        return MisbehavingModel(job)


class MisbehavingModel:
    """Misbehaves at its first inference, or, for `segfault-later`, while its operators are read."""

    kind: Literal["tensor"] = "tensor"

    def __init__(self, job: WorkerJob) -> None:
        self._job = job
        self._done = False
        self._runs = 0
        self._measured = False

    def bind(self) -> None:
        """Takes nothing in."""

    def reshape(self, shapes: Mapping[str, Sequence[int]]) -> None:
        if MODE == "segfault-at-point" and shapes == {"x": [2]}:
            ctypes.string_at(0)

    def infer(self) -> None:
        self._runs += 1
        if self._measured and MODE.endswith("-beyond"):
            DEEDS[MODE.removesuffix("-beyond")]()
        if MODE == "segfault-at-500" and self._runs == 500:
            ctypes.string_at(0)
        if not self._done or MODE in ("slow", "thrash"):
            self._done = True
            DEEDS[MODE]()

    def output(self) -> Output:
        self._measured = True
        if MODE == "raise-at-outputs":
            DEEDS["raise"]()
        return {"non_finite": 0, "wrong_shapes": [], "notes": []}

    def setting(self) -> RuntimeSetting:
        return {
            "runtime_version": "0",
            "threads": self._job["config"].threads,
            "provider": "cpu",
            "delegate": None,
            "inputs": {},
            "input_source": "none",
            "notes": [],
        }

    def operators(self) -> Operators:
        if MODE == "segfault-later":
            ctypes.string_at(0)
        if MODE == "raise-at-operators":
            DEEDS["raise"]()
        return {
            "operators": {},
            "nodes_per_provider": {},
            "integer_kernels": None,
            "float_kernels": None,
            "half_kernels": None,
            "notes": [],
        }


VARIANTS["onnxruntime"] = VARIANTS["onnxruntime"]._replace(target="__main__:Misbehaving")
sys.exit(main([str(FD)]))
