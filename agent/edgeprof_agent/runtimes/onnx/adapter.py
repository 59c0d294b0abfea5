"""ONNX Runtime behind our protocol. Execution settings are all explicit, so that two runs mean the same."""

import importlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

import numpy as np

from edgeprof_agent.runtimes import outputs
from edgeprof_agent.runtimes.delegation import Placed, check_all_there
from edgeprof_agent.runtimes.feeding import Feeding
from edgeprof_agent.runtimes.inputs import Tensor
from edgeprof_agent.runtimes.onnx.api import OrtApi, OrtFeed, OrtSession
from edgeprof_agent.runtimes.onnx.feeds import declared_inputs, dtype_name, handed_over, needs_values, runner
from edgeprof_agent.runtimes.onnx.session import (
    FellBack,
    assigned,
    is_ort,
    open_session,
    provider_name,
    provider_of,
    trace_of,
)
from edgeprof_agent.runtimes.onnx.trace import placed, read_trace
from edgeprof_agent.runtimes.outputs import DeclaredOutput
from edgeprof_agent.runtimes.set_feeding import SetFeeding, feeding_of
from edgeprof_agent.worker_protocol.adapter import InputNeed, OutputGiven, Variation
from edgeprof_agent.worker_protocol.document import Operators, Output, RuntimeSetting, WorkerJob

_OWN_PLACEMENT = "providers are those of the measured session, counted before it fused nodes"
_GIVE_BACK = ("memory.enable_memory_arena_shrinkage", "cpu:0")
"""A run with this returns what the arena holds and no longer needs (onnxruntime_run_options_config_keys.h)."""

_ORT_NOTE = "ORT file: its graph was optimized when it was saved, for the machine that saved it"


class OnnxRuntime:
    """The imported package `onnxruntime`."""

    def __init__(self) -> None:
        self._api = cast(OrtApi, importlib.import_module("onnxruntime"))

    def open(self, job: WorkerJob) -> "OnnxModel":
        return OnnxModel(self._api, job)


class OnnxModel:
    """One session with its feeds."""

    kind: Literal["tensor"] = "tensor"

    def __init__(self, api: OrtApi, job: WorkerJob) -> None:
        self._api = api
        self._job = job
        self._provider = provider_of(api, job["config"].provider)
        self._session = self._opened()
        self._declared = declared_inputs(self._session, job["inputs"])
        self._promised = [DeclaredOutput(each.name, each.shape) for each in self._session.get_outputs()]
        self._feeding = feeding_of(job, self._declared)
        self._feeds: dict[str, OrtFeed] = {}
        self._outputs: list[object] = []
        self._output_names = [each.name for each in self._promised]
        if needs_values(self._session):
            self.infer = self._infer_values

    def bind(self) -> None:
        self._feeds = handed_over(self._api, self._session, self._declared, self._feeding.feeds())

    def infer(self) -> None:
        self._outputs = []  # else the peak would hold the outputs of two runs
        self._outputs = self._session.run(None, self._feeds)

    def _infer_values(self) -> None:
        """For outputs that numpy has no type for."""
        self._outputs = []
        self._outputs = self._session.run_with_ort_values(None, self._feeds)

    def needs(self) -> list[InputNeed]:
        return SetFeeding(self._job, self._declared).needs()

    def gives(self) -> list[OutputGiven]:
        return [
            OutputGiven(each.name, dtype_name(each.type), tuple(s if isinstance(s, int) else -1 for s in each.shape))
            for each in self._session.get_outputs()
        ]

    def answer(self, feeds: Mapping[str, Tensor]) -> dict[str, object]:
        self._feeds = dict(feeds)
        self._outputs = []
        self._outputs = self._session.run(None, self._feeds)
        return dict(zip(self._output_names, self._outputs, strict=True))

    def metadata(self) -> dict[str, str]:
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def hint(self) -> str:
        return self._feeding.hint()

    def steering(self) -> list[Variation]:
        return self._feeding.steering()

    def vary(self, name: str, values: object) -> None:
        """Made-up inputs that steer are plain tensors."""
        changed = {name: cast(Tensor, values)}
        self._feeds = {**self._feeds, **handed_over(self._api, self._session, self._declared, changed)}

    def reshape(self, shapes: Mapping[str, Sequence[int]]) -> None:
        self._outputs, self._feeds = [], {}
        self._feeding.reshape(shapes)
        self.bind()
        options = self._api.RunOptions()
        options.add_run_config_entry(*_GIVE_BACK)
        if needs_values(self._session):
            self._session.run_with_ort_values(None, self._feeds, options)
        else:
            self._session.run(None, self._feeds, options)

    def output(self) -> Output:
        return outputs.check_outputs(self._promised, self._outputs)

    def setting(self) -> RuntimeSetting:
        if isinstance(self._feeding, SetFeeding):
            self._feeding.fed({name: feed for name, feed in self._feeds.items() if isinstance(feed, np.ndarray)})
        return {
            "runtime_version": self._api.__version__,
            "threads": self._job["config"].threads,
            "provider": provider_name(self._session.get_providers()[0]),
            "delegate": None,
            "inputs": self._feeding.described(),
            "input_source": self._feeding.sentence,
            "notes": [
                "sequential execution, inter-op threads 1, intra-op spinning on, graph optimization: all",
                *([_ORT_NOTE] if is_ort(self._job["model_path"]) else []),
            ],
        }

    def operators(self) -> Operators:
        """From the trace of a second, profiled session: what the optimised graph really executed.

        Where each node ran is asked of the measured session itself, if it can tell.
        """
        self._outputs = []
        nodes = assigned(self._session)
        del self._session  # two sessions at once could exceed the memory limit
        session = open_session(self._api, self._job, self._provider, is_profiled=True)
        found = read_trace(trace_of(session, self._feeds))
        if nodes is None:
            return found
        return {
            **found,
            "nodes_per_provider": dict(Counter(provider for _, provider in nodes)),
            "notes": [*found["notes"], _OWN_PLACEMENT],
        }

    def profiled(self, optimized_path: str = "") -> tuple[OrtSession, Callable[[], object]]:
        """A second session with ONNX Runtime's profiler on, and one inference in it on the same inputs."""
        session = open_session(self._api, self._job, self._provider, is_profiled=True, optimized_path=optimized_path)
        run, feeds = runner(session), self._feeds
        return session, lambda: run(feeds)

    def _opened(self) -> OrtSession:
        """Where nothing may fall back and something would, that is told before any figure is taken."""
        may_fall_back = not self._job["config"].require_full_delegation
        try:
            return open_session(self._api, self._job, self._provider, may_fall_back=may_fall_back)
        except FellBack:
            self._check_placement()
            raise

    def _check_placement(self) -> None:
        """Counts what would run where, in a session that may fall back; one that cannot tell is profiled."""
        session = open_session(self._api, self._job, self._provider, is_profiled=True)
        if (taken := assigned(session)) is not None:
            nodes = [Placed(operator, provider == self._provider) for operator, provider in taken]
            check_all_there(self._job["config"].provider, "the CPU", nodes)
            return
        declared = declared_inputs(session, self._job["inputs"])
        feeds = handed_over(self._api, session, declared, Feeding(self._job, declared).feeds())
        nodes = placed(trace_of(session, feeds), self._provider)
        check_all_there(self._job["config"].provider, "the CPU", nodes)
