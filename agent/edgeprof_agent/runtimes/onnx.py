"""ONNX Runtime behind our protocol. Execution settings are all explicit, so that two runs mean the same."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

import numpy as np

from edgeprof_agent.runtimes import inputs
from edgeprof_agent.runtimes.base import RuntimeFailure
from edgeprof_agent.runtimes.inputs import Tensor
from edgeprof_agent.runtimes.onnx_api import Input, OrtApi, Session
from edgeprof_agent.runtimes.onnx_trace import read_trace
from edgeprof_agent.worker.document import Job, Operators, Output, Setting

_UNSUPPORTED = ("is not a registered function/op", "No Op registered for", "Could not find an implementation for")
_DTYPES = {"float": "float32", "double": "float64"}
_SUFFIX = "ExecutionProvider"
_PROFILED_RUNS = 2


class OnnxRuntime:
    """The imported package `onnxruntime`."""

    def __init__(self) -> None:
        self._api = cast(OrtApi, importlib.import_module("onnxruntime"))

    def open(self, job: Job) -> "OnnxModel":
        return OnnxModel(self._api, job)


class OnnxModel:
    """One session with its feeds."""

    kind: Literal["tensor"] = "tensor"

    def __init__(self, api: OrtApi, job: Job) -> None:
        self._api = api
        self._job = job
        self._providers = _providers(api, job["provider"])
        self._session = _open(api, job, self._providers, profile=False)
        self._feeds = _feeds(self._session.get_inputs(), job)
        self._outputs: list[object] = []

    def infer(self) -> None:
        self._outputs = []  # else the peak would hold the outputs of two runs
        self._outputs = self._session.run(None, self._feeds)

    def output(self) -> Output:
        return {"non_finite": inputs.count_non_finite(self._outputs), "wrong_shapes": []}

    def setting(self) -> Setting:
        return {
            "runtime_version": self._api.__version__,
            "threads": self._job["threads"],
            "provider": self._session.get_providers()[0].removesuffix(_SUFFIX).lower(),
            "delegate": None,
            "inputs": {name: inputs.describe(feed) for name, feed in self._feeds.items()},
            "input_source": inputs.source(self._job["seed"]),
            "notes": ["sequential execution, inter-op threads 1, intra-op spinning on, graph optimization: all"],
        }

    def operators(self) -> Operators:
        """From the trace of a second, profiled session: what the optimised graph really executed."""
        self._outputs = []
        del self._session  # two sessions at once could exceed the memory limit
        session = _open(self._api, self._job, self._providers, profile=True)
        for _ in range(_PROFILED_RUNS):
            session.run(None, self._feeds)
        return read_trace(Path(session.end_profiling()).read_bytes())


def _open(api: OrtApi, job: Job, providers: list[str], *, profile: bool) -> Session:
    options = api.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    options.inter_op_num_threads = 1
    options.execution_mode = api.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = api.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.enable_profiling = profile
    options.profile_file_prefix = "operators"  # in the working directory, which is the run's own
    try:
        return api.InferenceSession(job["model_path"], options, providers=providers)
    except Exception as error:
        if any(sign in str(error) for sign in _UNSUPPORTED):
            raise RuntimeFailure("operator_unsupported", str(error)) from error
        raise


def _providers(api: OrtApi, asked: str) -> list[str]:
    """The asked provider with the CPU to fall back on, node by node; a result tells which node ran where."""
    available = api.get_available_providers()
    found = [name for name in available if name.removesuffix(_SUFFIX).lower() == asked.lower()]
    if not found:
        names = ", ".join(name.removesuffix(_SUFFIX).lower() for name in available)
        raise RuntimeFailure(
            "runtime_missing", f"This onnxruntime has no execution provider {asked!r}; it has: {names}."
        )
    return list(dict.fromkeys([*found, f"CPU{_SUFFIX}"]))


def _feeds(declared: Sequence[Input], job: Job) -> dict[str, Tensor]:
    inputs.check_names(job["shapes"], [each.name for each in declared])
    rng = np.random.default_rng(job["seed"])
    return {each.name: _feed(each, job, rng) for each in declared}


def _feed(declared: Input, job: Job, rng: np.random.Generator) -> Tensor:
    shape = inputs.fixed_shape(declared.name, declared.shape, job["shapes"].get(declared.name))
    return inputs.synthetic(_dtype(declared), shape, rng)


def _dtype(declared: Input) -> str:
    element = declared.type.removeprefix("tensor(").removesuffix(")")
    name = _DTYPES.get(element, element)
    try:
        np.dtype(name)
    except TypeError:
        raise RuntimeFailure(
            "load_error", f"The input {declared.name!r} is a {declared.type}; only tensors of numbers can be fed."
        ) from None
    return name
