"""The real worker with a pipeline that does what its first argument says, at the item that it names."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from edgeprof.quality.evaluation_set import Item
from edgeprof_agent.worker.evaluation.base import Answer
from edgeprof_agent.worker.evaluation.image_classification import ImageClassificationPipeline
from edgeprof_agent.worker.evaluation.table import PIPELINES
from edgeprof_agent.worker.main import main

(MODE, _, WHICH), FD = sys.argv[1].partition(":"), int(sys.argv[2])
HANG_S = 600.0


def kill_once() -> None:
    """As an operator would: the first worker dies, the second does not."""
    marker = Path(WHICH.partition("@")[2])
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def hang_once() -> None:
    """The first worker hangs, the second does not."""
    marker = Path(WHICH.partition("@")[2])
    if not marker.exists():
        marker.touch()
        time.sleep(HANG_S)


DEEDS = {
    "segfault": lambda: ctypes.string_at(0),
    "hang": lambda: time.sleep(HANG_S),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "kill-once": kill_once,
    "hang-once": hang_once,
    "exit": lambda: os._exit(3),
    "no-memory": lambda: bytearray(1 << 62),
    "raise": lambda: int("no number"),
}


class Misanswering(ImageClassificationPipeline):
    """As the class above it, but for one item (`segfault:i0003`), all from a row on (`segfault-from:50`),
    or slowly (`slow:0.1`).
    """

    batch_shape = "as of a test"

    def decode(self, item: Item) -> Any:
        if MODE == "slow":
            time.sleep(float(WHICH))
        elif MODE == "segfault-from" and item["row"] >= int(WHICH):
            DEEDS["segfault"]()
        elif MODE in DEEDS and item["id"].startswith(WHICH.partition("@")[0]):
            DEEDS[MODE]()
        return super().decode(item)

    def finish(self, item: Item, output: Any) -> Answer:
        answer = super().finish(item, output)
        if MODE == "no-json" and item["id"] == WHICH:
            return Answer(answer.value, {"margin": float("nan")})
        return answer


PIPELINES["image-classification"] = "__main__:Misanswering"
sys.exit(main([str(FD)]))
