"""LiteRT, and its forerunner tflite-runtime, behind our protocol: the same Interpreter under two names."""

import importlib
from collections.abc import Sequence
from importlib.metadata import version
from typing import Literal, Protocol, TypedDict, cast

import numpy as np

from edgeprof_agent.runtimes import inputs
from edgeprof_agent.runtimes.base import RuntimeFailure
from edgeprof_agent.runtimes.inputs import Tensor
from edgeprof_agent.runtimes.litert_graph import Node, TensorType, delegates, read_graph
from edgeprof_agent.worker.document import Job, Operators, Output, Setting

_UNSUPPORTED = (
    "Encountered unresolved custom op",
    "Op builtin_code out of range",
    "Didn't find op for builtin opcode",
    "Encountered unresolved op",
)


class _Detail(TypedDict):
    name: str
    index: int
    shape: Sequence[int]
    shape_signature: Sequence[int]
    dtype: type[np.generic]


class Interpreter(Protocol):
    """What we use of the runtime's Interpreter."""

    def allocate_tensors(self) -> None: ...
    def invoke(self) -> None: ...
    def get_input_details(self) -> list[_Detail]: ...
    def get_output_details(self) -> list[_Detail]: ...
    def get_tensor_details(self) -> list[TensorType]: ...
    def resize_tensor_input(self, input_index: int, tensor_size: Sequence[int], strict: bool) -> None: ...
    def set_tensor(self, tensor_index: int, value: Tensor) -> None: ...
    def get_tensor(self, tensor_index: int) -> Tensor: ...
    def _get_ops_details(self) -> list[Node]: ...


class _Maker(Protocol):
    def __call__(self, *, model_path: str, num_threads: int) -> Interpreter: ...


class LiteRt:
    """The imported package `ai_edge_litert`."""

    module = "ai_edge_litert.interpreter"
    package = "ai-edge-litert"

    def __init__(self) -> None:
        self._make = cast(_Maker, importlib.import_module(self.module).Interpreter)

    def open(self, job: Job) -> "LiteRtModel":
        if job["provider"] != "cpu":
            raise RuntimeFailure(
                "runtime_missing", f"{self.package} runs on the CPU only here; provider {job['provider']!r} was asked."
            )
        return LiteRtModel(_interpreter(self._make, job), job, version(self.package))


class TfliteRuntime(LiteRt):
    """The imported package `tflite_runtime` (numpy below 2, Python up to 3.11)."""

    module = "tflite_runtime.interpreter"
    package = "tflite-runtime"


class LiteRtModel:
    """One interpreter with its inputs set."""

    kind: Literal["tensor"] = "tensor"

    def __init__(self, interpreter: Interpreter, job: Job, runtime_version: str) -> None:
        self._interpreter = interpreter
        self._job = job
        self._version = runtime_version
        self.infer = interpreter.invoke
        self._inputs = _fill(interpreter, job)

    def output(self) -> Output:
        details = self._interpreter.get_output_details()
        tensors = [self._interpreter.get_tensor(each["index"]) for each in details]
        return {"non_finite": inputs.count_non_finite(tensors), "wrong_shapes": []}

    def setting(self) -> Setting:
        parts = delegates(_nodes(self._interpreter))
        return {
            "runtime_version": self._version,
            "threads": self._job["threads"],
            "provider": "cpu",
            "delegate": f"XNNPACK ({parts} partition{'s' if parts > 1 else ''})" if parts else None,
            "inputs": self._inputs,
            "input_source": inputs.source(self._job["seed"]),
            "notes": [] if parts else ["no delegate took any node: builtin kernels only"],
        }

    def operators(self) -> Operators:
        return read_graph(_nodes(self._interpreter), self._interpreter.get_tensor_details())


def _nodes(interpreter: Interpreter) -> list[Node]:
    """The graph after delegation. Private in the runtime's class, and the only way to it from Python."""
    return interpreter._get_ops_details()  # pyright: ignore[reportPrivateUsage]


def _interpreter(make: _Maker, job: Job) -> Interpreter:
    try:
        interpreter = make(model_path=job["model_path"], num_threads=job["threads"])
        _resize(interpreter, job)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        if any(sign in str(error) for sign in _UNSUPPORTED):
            raise RuntimeFailure("operator_unsupported", str(error)) from error
        raise
    return interpreter


def _resize(interpreter: Interpreter, job: Job) -> None:
    details = interpreter.get_input_details()
    inputs.check_names(job["shapes"], [each["name"] for each in details])
    for each in details:
        asked = job["shapes"].get(each["name"])
        declared = [int(size) if size >= 0 else None for size in each["shape_signature"]]
        shape = inputs.fixed_shape(each["name"], declared, asked)
        if shape != [int(size) for size in each["shape"]]:
            interpreter.resize_tensor_input(each["index"], shape, strict=False)


def _fill(interpreter: Interpreter, job: Job) -> dict[str, str]:
    rng = np.random.default_rng(job["seed"])
    fed: dict[str, str] = {}
    for each in interpreter.get_input_details():
        if np.dtype(each["dtype"]).kind not in "biufc":
            raise RuntimeFailure(
                "load_error", f"The input {each['name']!r} takes texts; only tensors of numbers can be fed."
            )
        tensor = inputs.synthetic(each["dtype"], [int(size) for size in each["shape"]], rng)
        interpreter.set_tensor(each["index"], tensor)
        fed[each["name"]] = inputs.describe(tensor)
    return fed
