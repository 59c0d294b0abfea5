"""A worker whose runtime holds known amounts of each kind of memory: the real worker program, a runtime of our own."""

import mmap
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Literal

from edgeprof_agent.worker.main import main
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

MIB = 1024 * 1024
ANONYMOUS_MIB = 24
SHARED_MIB = 8
TRANSIENT_MIB = 40
INFERENCE_S = 0.001
"""An inference of no time at all makes 100,000 samples in a window, whose 4 MiB stay in the worker's own heap."""


def touched(block: mmap.mmap) -> mmap.mmap:
    """With every page in memory."""
    for at in range(0, len(block), mmap.PAGESIZE):
        block[at] = 1
    return block


def anonymous(size_mib: int, kind: int) -> mmap.mmap:
    return touched(mmap.mmap(-1, size_mib * MIB, flags=mmap.MAP_ANONYMOUS | kind))


class Remembering:
    """Stands in for an imported runtime."""

    def open(self, job: WorkerJob) -> "RememberingModel":
        return RememberingModel(job)


class RememberingModel:
    """Maps its file, allocates; its first inference needs a lot for a moment and keeps shared memory."""

    kind: Literal["tensor"] = "tensor"

    def __init__(self, job: WorkerJob) -> None:
        self._job = job
        self._shared: mmap.mmap | None = None
        self._anonymous = anonymous(ANONYMOUS_MIB, mmap.MAP_PRIVATE)
        with open(job["model_files"][0], "rb") as file:
            self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        sum(self._file[at] for at in range(0, len(self._file), mmap.PAGESIZE))

    def bind(self) -> None:
        """Takes nothing in."""

    def reshape(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """Has no shape."""

    def infer(self) -> None:
        time.sleep(INFERENCE_S)
        if self._shared is None:
            anonymous(TRANSIENT_MIB, mmap.MAP_PRIVATE).close()
            self._shared = anonymous(SHARED_MIB, mmap.MAP_SHARED)

    def output(self) -> Output:
        anonymous(3 * TRANSIENT_MIB, mmap.MAP_PRIVATE).close()  # after the window: no peak of the model's
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
        return {
            "operators": {},
            "nodes_per_provider": {},
            "integer_kernels": None,
            "float_kernels": None,
            "half_kernels": None,
            "notes": [],
        }

    def close(self) -> None:
        for block in (self._anonymous, self._file, self._shared):
            if block is not None:
                block.close()


if __name__ == "__main__":
    VARIANTS["onnxruntime"] = VARIANTS["onnxruntime"]._replace(target="__main__:Remembering")
    sys.exit(main(sys.argv[1:]))
