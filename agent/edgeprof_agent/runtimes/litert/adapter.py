"""LiteRT, and its forerunner tflite-runtime, behind our protocol: the same Interpreter under two names."""

import importlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Literal, NamedTuple, Protocol, TypedDict, cast

import numpy as np

from edgeprof_agent.runtimes import outputs
from edgeprof_agent.runtimes.delegation import check_all_there
from edgeprof_agent.runtimes.inputs import Declared, Size, Tensor
from edgeprof_agent.runtimes.litert.graph import Node, TensorDetail, delegates, placed, read_graph
from edgeprof_agent.runtimes.litert.signature import Signatures, refuse_full_delegation
from edgeprof_agent.runtimes.litert.uses import uses_of
from edgeprof_agent.runtimes.outputs import DeclaredOutput
from edgeprof_agent.runtimes.set_feeding import SetFeeding, feeding_of
from edgeprof_agent.worker_protocol.adapter import InputNeed, OutputGiven, RuntimeFailure, Variation
from edgeprof_agent.worker_protocol.document import InputUse, Operators, Output, RuntimeSetting, WorkerJob, no_operators

_STATEFUL = frozenset(
    {
        "VAR_HANDLE",
        "SVDF",
        "RNN",
        "LSTM",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
    }
)
"""Operators that hold a value from one inference to the next."""


class _Detail(TypedDict):
    name: str
    index: int
    shape: Sequence[int]
    shape_signature: Sequence[int]
    dtype: type[np.generic]
    quantization: tuple[float, int]


class Interpreter(Protocol):
    """What we use of the runtime's Interpreter."""

    def allocate_tensors(self) -> None: ...
    def invoke(self) -> None: ...
    def get_input_details(self) -> list[_Detail]: ...
    def get_output_details(self) -> list[_Detail]: ...
    def get_tensor_details(self) -> list[TensorDetail]: ...
    def resize_tensor_input(self, input_index: int, tensor_size: Sequence[int], strict: bool) -> None: ...
    def set_tensor(self, tensor_index: int, value: Tensor) -> None: ...
    def get_tensor(self, tensor_index: int) -> Tensor: ...
    def _get_ops_details(self) -> list[Node]: ...


class LiteRtGraph(NamedTuple):
    """Nodes, and of each tensor by its index: name, sizes and type. `stored`: no node makes them. `inputs` by name."""

    nodes: list[Node]
    names: Mapping[int, str]
    tensors: "Mapping[int, tuple[tuple[int, ...], np.dtype[Any]]]"
    stored: frozenset[int]
    inputs: Mapping[str, Tensor]


class _Maker(Protocol):
    def __call__(self, *, model_path: str, num_threads: int) -> Interpreter: ...


class LiteRt:
    """The imported package `ai_edge_litert`."""

    module = "ai_edge_litert.interpreter"
    package = "ai-edge-litert"

    def __init__(self) -> None:
        self._make = cast(_Maker, importlib.import_module(self.module).Interpreter)

    def open(self, job: WorkerJob) -> "LiteRtModel":
        if job["config"].provider != "cpu":
            raise RuntimeFailure(
                "runtime_missing",
                f"{self.package} runs only on the CPU here, but provider {job['config'].provider!r} was requested.",
            )
        return LiteRtModel(self._make, job, version(self.package))


class TfliteRuntime(LiteRt):
    """The imported package `tflite_runtime` (numpy below 2, Python up to 3.11)."""

    module = "tflite_runtime.interpreter"
    package = "tflite-runtime"


class LiteRtModel:
    """One interpreter with its inputs set."""

    kind: Literal["tensor"] = "tensor"

    def __init__(self, make: _Maker, job: WorkerJob, runtime_version: str) -> None:
        self._job = job
        self._version = runtime_version
        self._make = make
        self._interpreter = self._opened()
        details = _input_details(self._interpreter)
        indices = [int(each["index"]) for each in details]
        labels = self._signatures.labels([each["name"] for each in details], indices)
        self._declared = [_declared(each, label) for each, label in zip(details, labels, strict=True)]
        self._places = dict(zip(labels, indices, strict=True))
        self._promised = [_promised(each) for each in self._interpreter.get_output_details()]
        self._feeding = feeding_of(job, self._declared)
        self._fed: Mapping[str, Tensor] = {}
        self._resize()
        self.infer = self._interpreter.invoke
        if job["config"].require_full_delegation:
            if self._signatures.graph:
                raise refuse_full_delegation(job["config"].signature)
            check_all_there("XNNPACK", "builtin kernels", placed(_nodes(self._interpreter)))

    def _opened(self) -> Interpreter:
        """The graph of the run's signature, else the first one."""
        whole = self._make(model_path=self._job["model_path"], num_threads=self._job["config"].threads)
        self._signatures = Signatures(whole, self._job["config"].signature)
        measured = self._signatures.measured
        return whole if not self._signatures.graph or measured is None else self._signatures.graph_of(measured)

    def bind(self) -> None:
        self._feeding.learn_uses(self._uses())
        for name, tensor in self._feeding.feeds().items():
            self._interpreter.set_tensor(self._places[name], cast(Tensor, tensor))

    def needs(self) -> list[InputNeed]:
        bare = SetFeeding(self._job, self._declared).needs()
        details = self._interpreter.get_input_details()
        return [_quantized(need, each) for need, each in zip(bare, details, strict=True)]

    def gives(self) -> list[OutputGiven]:
        return [
            OutputGiven(each["name"], np.dtype(each["dtype"]).name, _declared_shape(each), *_scale_of(each))
            for each in self._interpreter.get_output_details()
        ]

    def answer(self, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """An input of other sizes than the item before makes the interpreter lay out its memory anew first."""
        shapes = {name: list(tensor.shape) for name, tensor in feeds.items()}
        if shapes != self._feeding.shapes:
            self._feeding.shapes.update(shapes)
            self._resize()
        for name, tensor in feeds.items():
            self._interpreter.set_tensor(self._places[name], tensor)
        self._fed = feeds
        self._interpreter.invoke()
        return {each["name"]: self._output(each) for each in self._interpreter.get_output_details()}

    def forget(self) -> None:
        """By a new interpreter: `reset_all_variables` leaves resource variables as they are, see findings/."""
        if not any(node["op_name"] in _STATEFUL for node in _nodes(self._interpreter)):
            return
        self._interpreter = self._opened()
        self.infer = self._interpreter.invoke
        self._resize()

    def hint(self) -> str:
        return self._feeding.hint()

    def steering(self) -> list[Variation]:
        return self._feeding.steering()

    def vary(self, name: str, values: object) -> None:
        self._interpreter.set_tensor(self._places[name], cast(Tensor, values))

    def reshape(self, shapes: Mapping[str, Sequence[int]]) -> None:
        self._feeding.reshape(shapes)
        self._resize()
        self.bind()
        self._interpreter.invoke()

    def output(self) -> Output:
        details = self._interpreter.get_output_details()
        return outputs.check_outputs(self._promised, [self._output(each) for each in details])

    def _output(self, detail: _Detail) -> Tensor:
        """LiteRT refuses to hand out a tensor that holds nothing."""
        shape = [int(size) for size in detail["shape"]]
        if 0 in shape:
            return np.empty(shape, detail["dtype"])
        return self._interpreter.get_tensor(detail["index"])

    def setting(self) -> RuntimeSetting:
        parts = delegates(_nodes(self._interpreter))
        if isinstance(self._feeding, SetFeeding):
            self._feeding.fed(self._fed)
        return {
            "runtime_version": self._version,
            "threads": self._job["config"].threads,
            "provider": "cpu",
            "delegate": f"XNNPACK ({parts} partition{'s' if parts > 1 else ''})" if parts else None,
            "inputs": self._feeding.described(),
            "input_source": self._feeding.sentence,
            "notes": [
                *([] if parts or self._signatures.graph else ["no delegate took a node: builtin kernels only"]),
                *self._signatures.notes(),
            ],
        }

    def operators(self) -> Operators:
        if self._signatures.graph:
            return no_operators("LiteRT reports operators and delegates of the first graph only")
        return read_graph(_nodes(self._interpreter), self._interpreter.get_tensor_details())

    def graph(self) -> LiteRtGraph:
        """The graph that runs, with the sizes of this run. Raises ValueError where numpy lacks a tensor's type."""
        nodes = _nodes(self._interpreter)
        details = self._interpreter.get_tensor_details()
        inputs = self._interpreter.get_input_details()
        made = {int(each) for node in nodes for each in node["outputs"]} | {int(each["index"]) for each in inputs}
        return LiteRtGraph(
            nodes=nodes,
            names={each["index"]: each["name"] for each in details},
            tensors={each["index"]: (tuple(map(int, each["shape"])), np.dtype(each["dtype"])) for each in details},
            stored=frozenset(each["index"] for each in details) - made,
            inputs={each["name"]: self._interpreter.get_tensor(each["index"]) for each in inputs},
        )

    def _uses(self) -> dict[str, list[InputUse]]:
        """By input. Nothing where all take floats, and where the interpreter cannot name every tensor's type."""
        if all(each.dtype.kind == "f" and len(each.sizes) > 1 for each in self._declared):
            return {}
        try:
            details = self._interpreter.get_tensor_details()
        except ValueError:
            return {}
        sizes = {each["index"]: [int(size) for size in each["shape"]] for each in details}
        names = {index: name for name, index in self._places.items()}
        nodes = _nodes(self._interpreter)
        return {name: uses_of(index, nodes, sizes, names) for name, index in self._places.items()}

    def _resize(self) -> None:
        """Brings every input to its shape, and the tensors between into being."""
        for label, each in zip(self._places, self._interpreter.get_input_details(), strict=True):
            shape = self._feeding.shapes[label]
            if shape != [int(size) for size in each["shape"]]:
                self._interpreter.resize_tensor_input(each["index"], shape, strict=False)
        self._interpreter.allocate_tensors()


def _nodes(interpreter: Interpreter) -> list[Node]:
    """The graph after delegation. Private in the runtime's class, and the only way to it from Python."""
    return interpreter._get_ops_details()  # pyright: ignore[reportPrivateUsage]


def _input_details(interpreter: Interpreter) -> list[_Detail]:
    """Raises RuntimeFailure where an input is of a type that the interpreter cannot name in Python, as bfloat16."""
    try:
        return interpreter.get_input_details()
    except ValueError as error:
        raise RuntimeFailure(
            "input_unsupported",
            f"LiteRT cannot describe this model's inputs to Python ({error}): one is of a type that numpy does not "
            "have. Convert the model with float32 inputs.",
        ) from error


def _declared(each: _Detail, label: str) -> Declared:
    dtype = np.dtype(each["dtype"])
    if dtype.kind not in "biufcS":
        raise RuntimeFailure(
            "input_unsupported",
            f"Input {label!r} is a handle to a resource, which only the program that made it can feed. Convert the "
            "model with tensor inputs.",
        )
    known = np.dtype("U") if dtype.kind == "S" else dtype
    sizes = _sizes(each)
    return Declared(label, known, sizes, rank="known" if sizes else "unsure")


def _quantized(need: InputNeed, each: _Detail) -> InputNeed:
    scale, zero_point = _scale_of(each)
    return need._replace(scale=scale, zero_point=zero_point)


def _scale_of(each: _Detail) -> tuple[float, int]:
    """Scale 0 where the tensor is not quantized."""
    scale, zero_point = each["quantization"]
    return float(scale), int(zero_point)


def _declared_shape(each: _Detail) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else -1 for size in _sizes(each))


def _promised(each: _Detail) -> DeclaredOutput:
    """As the file has it: read before the first allocation, which puts in the shapes of the run."""
    return DeclaredOutput(each["name"], _sizes(each))


def _sizes(each: _Detail) -> list[Size]:
    return [int(size) if size >= 0 else None for size in each["shape_signature"]]
