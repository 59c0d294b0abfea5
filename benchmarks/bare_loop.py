"""A bare timing loop on one runtime, as anyone would write it: what the agent's figure is held against.

Run as a process of its own: `python -m benchmarks.bare_loop onnx|tflite FILE SECONDS` prints the median in ms.
It shares no line with the agent's worker, or an error of ours would cancel out.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def onnx_step(path: str) -> Callable[[], object]:
    """One inference of an ONNX model on one thread."""
    import onnxruntime as ort

    runtime: Any = ort  # ships no types
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {
        item.name: np.random.default_rng(0)
        .random([1 if isinstance(d, str) else d for d in item.shape])
        .astype(np.float32)
        for item in session.get_inputs()
    }
    return lambda: session.run(None, feeds)


def tflite_step(path: str) -> Callable[[], object]:
    """One inference of a TFLite model on one thread."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_path=path, num_threads=1)  # ships no types
    interpreter.allocate_tensors()
    for item in interpreter.get_input_details():
        shape: tuple[int, ...] = tuple(item["shape"])
        values = np.random.default_rng(0).random(shape) * 100
        interpreter.set_tensor(item["index"], values.astype(item["dtype"]))
    return interpreter.invoke


def median_ms(step: Callable[[], object], seconds: float) -> float:
    """Median latency over a window, after a tenth of it as warm-up."""
    clock = time.perf_counter_ns  # looked up once: at 7 µs a run, the look-up itself is 1 %
    warm_ns = clock() + int(seconds * 1e8)
    while clock() < warm_ns:
        step()
    samples_ns: list[int] = []
    end_ns = clock() + int(seconds * 1e9)
    while (start_ns := clock()) < end_ns:
        step()
        samples_ns.append(clock() - start_ns)
    return statistics.median(samples_ns) / 1e6


if __name__ == "__main__":
    steps = {"onnx": onnx_step, "tflite": tflite_step}
    print(median_ms(steps[sys.argv[1]](sys.argv[2]), float(sys.argv[3])))
