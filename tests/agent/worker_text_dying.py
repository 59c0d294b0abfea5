"""The real worker program with a language model that is killed at the second point of its sweep."""

import os
import signal
import sys
import time
from typing import Literal

from edgeprof_agent.worker.main import main
from edgeprof_agent.worker_protocol.adapter import Decode, Lengths, Prefill
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS


class Dying:
    """Stands in for an imported runtime."""

    def open(self, job: WorkerJob) -> "DyingModel":
        return DyingModel()


class DyingModel:
    """Takes 2 ms for a prompt and 1 ms for a token, as it says."""

    kind: Literal["text"] = "text"

    def __init__(self) -> None:
        self.absent: dict[str, str] = {}
        self.kv_cache_kib: float | None = 64.0
        self.refills = False
        self._asked = 0

    def resize_context(self, lengths: Lengths) -> None:
        self._asked += 1
        if self._asked == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    def release_context(self) -> None:
        pass

    def first_prompt(self) -> Prefill:
        return self.prefill()

    def no_requests(self) -> str | None:
        return None

    def request(self) -> None:
        pass

    def prefill(self) -> Prefill:
        now_ns = time.monotonic_ns()
        return Prefill(2_000_000, 2_100_000, now_ns, now_ns + 2_100_000)

    def decode(self) -> Decode:
        now_ns = time.monotonic_ns()
        return Decode(4, 4, 4_000_000, [1_000_000] * 4, now_ns, now_ns + 4_000_000)

    def cached_prompt_ns(self, repeats: int) -> list[int]:
        return [1_100_000] * repeats

    def tokenize_ns(self) -> list[int]:
        return [10_000] * 6

    def sample_ns(self) -> list[int]:
        return [20_000] * 6

    def output(self) -> Output | None:
        return None

    def setting(self) -> RuntimeSetting:
        return {
            "runtime_version": "0",
            "threads": 1,
            "provider": "cpu",
            "delegate": None,
            "inputs": {},
            "input_source": "none",
            "notes": [],
        }

    def operators(self) -> Operators:
        raise AssertionError("killed before")


VARIANTS["xllamacpp"] = VARIANTS["xllamacpp"]._replace(target="__main__:Dying")
sys.exit(main([sys.argv[1]]))
