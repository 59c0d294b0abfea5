"""What an evaluation costs over the bare inference loop on the same items, per model.

    .venv/bin/python -m benchmarks.evaluation_overhead

For each model, blocks of two processes in turn: A answers the items by the worker's own course (decode, prepare,
model, finish, judge, report through a pipe); B holds the same prepared items in memory and calls the runtime on them,
nothing else. `item ratio`: the median time from one item to the next, which a busy machine disturbs less than a sum, in
A over B; A's has its part of the reports. `model clock`: the same of the model's own times, where 1.00 says that the
rest of the pipeline is off the model's clock. Medians over the blocks. `rows` are arrays, `files` are JPEG images of
320 x 240, which an idle core decodes ahead if there is one. The machine's lock is held meanwhile.

The goal is at most 1.05 for models of 1 ms or more. A model of microseconds shows the cost of an item itself.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from edgeprof_agent.measuring.lock import measuring

BLOCKS = 5
BUNDLED = Path(__file__).parents[1] / "model_exports/edgeprof_exports/bundled"
DIGITS = Path(__file__).parents[1] / "edgeprof/quality/packaged/bundled/digits"
IMAGES = 120
_WIDE, _TALL = 320, 240


class Loop(NamedTuple):
    """One process: the time from item to item, and the median of the model's own times."""

    item_ns: float
    model_ns: float
    items: int


def main() -> None:
    """Prints the table. With arguments of its own it is one process of a block."""
    if sys.argv[1:2] == ["--loop"]:
        print(json.dumps(_loop(*sys.argv[2:])))
        return
    free = measuring(lambda: print("waiting for another measurement", flush=True), threading.Event())
    with free, tempfile.TemporaryDirectory() as scratch:
        cases = _cases(Path(scratch))
        print(f"{'model':<24}{'items':<16}{'model ms':>9}{'item ratio':>12}{'model clock':>13}")
        for name, what, model, folder in cases:
            shown = _compared(model, folder)
            print(f"{name:<24}{what:<16}{shown[0]:>9.3f}{shown[1]:>12.3f}{shown[2]:>13.3f}", flush=True)


def _compared(model: Path, folder: Path) -> tuple[float, float, float]:
    ratios: list[float] = []
    clocks: list[float] = []
    bare_ms: list[float] = []
    for block in range(BLOCKS):
        found: dict[str, Loop] = {}
        for kind in ("evaluation", "bare") if block % 2 else ("bare", "evaluation"):
            command = [sys.executable, "-m", "benchmarks.evaluation_overhead", "--loop", kind, str(model), str(folder)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[kind] = Loop(*json.loads(done.stdout))
        ratios.append(found["evaluation"].item_ns / found["bare"].item_ns)
        clocks.append(found["evaluation"].model_ns / found["bare"].model_ns)
        bare_ms.append(found["bare"].model_ns / 1e6)
    return median(bare_ms), median(ratios), median(clocks)


def _loop(kind: str, model: str, folder: str) -> Loop:
    """Within a process: the loop of the worker, or the bare one."""
    from edgeprof.quality.tasks.table import TASKS
    from edgeprof_agent.worker.evaluation.base import Question
    from edgeprof_agent.worker.evaluation.stored_set import stored_set
    from edgeprof_agent.worker.evaluation.table import pipeline_of
    from edgeprof_agent.worker.opening import open_model
    from edgeprof_agent.worker.reporter import Reporter

    read, write = os.pipe()
    reader = os.fdopen(read, "rb")
    _drained(reader)
    job = _job(Path(model), Path(folder))
    reporter = Reporter(write)
    found = stored_set(folder)
    if kind == "evaluation":
        from edgeprof_agent.worker.evaluation import course

        noted = _noted(course)
        course.run_evaluation(job, reporter)
        return Loop(noted.item_ns(), median(noted.model_ns), len(noted.model_ns))
    opened = open_model(job, reporter)
    task = TASKS[found.facts.task]
    pipeline = pipeline_of(task.name)(Question(opened.model, found.facts, found.folder, found.items, 0))
    feeds = [pipeline.prepare(item, pipeline.decode(item)) for item in found.items]
    times: list[int] = []
    ends = [time.perf_counter_ns()]
    answer = opened.model.answer  # pyright: ignore
    for each in feeds:
        started_ns = time.perf_counter_ns()
        answer(each)
        times.append(time.perf_counter_ns() - started_ns)
        ends.append(time.perf_counter_ns())
    return Loop(median(_gaps(ends)), median(times), len(times))


def _gaps(ends: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(ends)]


class _Noted:
    """What the worker's loop took. Between two items lies all that one costs; the report of many is added apart."""

    def __init__(self) -> None:
        self.model_ns: list[int] = []
        self.ends: list[int] = []
        self.flushes: list[int] = []

    def item_ns(self) -> float:
        """The median between two items, and each one's part of the median report."""
        reports_ns = median(self.flushes) * len(self.flushes) / len(self.model_ns)
        return median(_gaps(self.ends)) + reports_ns


def _noted(course: Any) -> _Noted:
    noted = _Noted()
    real: Any = course._Batches

    plain_add, plain_flush = real.add, real.flush

    def add(batches: Any, outcome: Any) -> None:
        plain_add(batches, outcome)
        noted.model_ns.append(outcome.model_ns)
        noted.ends.append(time.perf_counter_ns())

    def flush(batches: Any) -> None:
        started_ns = time.perf_counter_ns()
        plain_flush(batches)
        noted.flushes.append(time.perf_counter_ns() - started_ns)

    real.add, real.flush = add, flush
    return noted


def _drained(reader: Any) -> None:
    threading.Thread(target=reader.read, daemon=True).start()


def _job(model: Path, folder: Path) -> Any:
    from dataclasses import asdict

    from edgeprof.wire.run_request import RunConfig, RunProtocol
    from edgeprof_agent.worker_protocol.document import job_from

    runtime = "litert" if model.suffix == ".tflite" else "onnxruntime"
    return job_from(
        {
            "course": "evaluate",
            "config": asdict(RunConfig(runtime=runtime, threads=1)),
            "protocol": asdict(RunProtocol()),
            "model_path": str(model),
            "model_files": [str(model)],
            "inputs_path": None,
            "inputs": [],
            "vocabulary": None,
            "stop_at_ns": time.monotonic_ns() + 10**12,
            "extras_stop_at_ns": 0,
            "sweep": [],
            "energy": None,
            "endpoint": None,
            "evaluation": {"set_folder": str(folder), "items": 10**9, "done": [], "shots": 0, "is_careful": False},
            "eval_callback": False,
        }
    )


def _cases(scratch: Path) -> list[tuple[str, str, Path, Path]]:
    """Models of microseconds, of about 1 ms, and of about 10 ms; the last also from image files."""
    one_ms, ten_ms = _network(scratch / "1ms.onnx", 160), _network(scratch / "10ms.onnx", 450)
    rows, files = _rows(scratch / "rows"), _files(scratch / "files")
    return [
        ("digits-cnn-int8.tflite", "500 rows", BUNDLED / "digits-cnn-int8.tflite", DIGITS),
        ("digits-cnn-fp32.onnx", "500 rows", BUNDLED / "digits-cnn-fp32.onnx", DIGITS),
        ("convolutions, 1 ms", f"{IMAGES} rows", one_ms, rows),
        ("convolutions, 10 ms", f"{IMAGES} rows", ten_ms, rows),
        ("convolutions, 10 ms", f"{IMAGES} files", ten_ms, files),
    ]


def _network(path: Path, channels: int) -> Path:
    """Two convolutions on 3 x 96 x 96 and a mean to 10 classes, random weights."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    draw = np.random.default_rng(1)

    def weights(name: str, *shape: int) -> Any:
        return numpy_helper.from_array((draw.normal(size=shape) / 30).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["x", "a"], ["b"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Conv", ["c", "d"], ["e"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["e"], ["f"]),
        helper.make_node("Flatten", ["f"], ["g"]),
        helper.make_node("MatMul", ["g", "h"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 96, 96])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [weights("a", channels, 3, 3, 3), weights("d", channels, channels, 3, 3), weights("h", channels, 10)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(made.SerializeToString())
    return path


def _rows(folder: Path) -> Path:
    import io

    import numpy as np

    data = io.BytesIO()
    np.save(data, np.random.default_rng(2).integers(0, 256, (IMAGES, 96, 96, 3), dtype=np.uint8))
    return _set(folder, [{"row": row} for row in range(IMAGES)], {"files/rows.npy": data.getvalue()}, "files/rows.npy")


def _files(folder: Path) -> Path:
    import io

    import numpy as np
    from PIL import Image

    draw = np.random.default_rng(3)
    files: dict[str, bytes] = {}
    for number in range(IMAGES):
        small = Image.fromarray(draw.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        data = io.BytesIO()
        small.resize((_WIDE, _TALL), Image.Resampling.BICUBIC).save(data, "JPEG", quality=90)
        files[f"files/{number:03}.jpg"] = data.getvalue()
    return _set(folder, [{"file": name} for name in files], files, "")


def _set(folder: Path, items: list[dict[str, Any]], files: dict[str, bytes], array: str) -> Path:
    from edgeprof.quality.evaluation_set import SetFacts
    from edgeprof.quality.sets.folder import write_set

    facts = SetFacts(
        name=folder.name,
        task="image-classification",
        domain="vision",
        classes=tuple("0123456789"),
        preparation={"scale": 1 / 255, "mean": [0.5, 0.5, 0.5], **({"array": array} if array else {})},
    )
    write_set(folder, facts, [{"id": str(at), "label": 0, **item} for at, item in enumerate(items)], files)
    return folder


if __name__ == "__main__":
    main()
