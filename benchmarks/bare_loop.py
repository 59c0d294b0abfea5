"""A bare timing loop on one runtime, as anyone would write it: what the agent's figure is held against.

Run as a process of its own: `python -m benchmarks.bare_loop onnx|tflite FILE SECONDS` prints the median in ms.
It shares no line with the agent's worker, or an error of ours would cancel out.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_ONNX_TYPES = {"float": "float32", "double": "float64"}


def onnx_type(declared: str) -> "np.dtype[Any]":
    """`tensor(int64)` as numpy calls it. Ends the loop for what numpy does not have, as strings of ONNX Runtime."""
    name = declared.removeprefix("tensor(").removesuffix(")")
    try:
        return np.dtype(_ONNX_TYPES.get(name, name))
    except TypeError:
        raise SystemExit(f"This loop makes no inputs of type {declared}.") from None


def made_up(shape: Sequence[int], kind: "np.dtype[Any]") -> "np.ndarray[Any, Any]":
    """Of the declared type: floats in [0, 1), integers of 8 bits over their range, others 0 or 1."""
    draw = np.random.default_rng(0)
    if kind.kind == "f":
        return draw.random(shape).astype(kind)
    if kind.kind in "iu" and kind.itemsize == 1:
        limits = np.iinfo(kind)
        return draw.integers(limits.min, limits.max, shape, kind, endpoint=True)
    if kind.kind in "iub":
        return draw.integers(0, 2, shape).astype(kind)
    raise SystemExit(f"This loop makes no inputs of type {kind}.")


def onnx_step(path: str) -> Callable[[], object]:
    """One inference of an ONNX model on one thread."""
    import onnxruntime as ort

    runtime: Any = ort  # ships no types
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {
        item.name: made_up([size if isinstance(size, int) else 1 for size in item.shape], onnx_type(item.type))
        for item in session.get_inputs()
    }
    return lambda: session.run(None, feeds)


def tflite_step(path: str) -> Callable[[], object]:
    """One inference of a TFLite model on one thread."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_path=path, num_threads=1)  # ships no types
    interpreter.allocate_tensors()
    for item in interpreter.get_input_details():
        interpreter.set_tensor(item["index"], made_up([int(size) for size in item["shape"]], np.dtype(item["dtype"])))
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
