"""The part of ONNX Runtime's Python interface that we call, typed: the package itself ships no types."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from edgeprof_agent.runtimes.inputs import Feed, Size, Tensor


class OrtValue(Protocol):
    """`onnxruntime.OrtValue`"""

    def numpy(self) -> Tensor: ...


OrtFeed = Feed | OrtValue


class Input(Protocol):
    """What a model declares of one input or output. `type` reads like `tensor(float)`."""

    name: str
    type: str
    shape: Sequence[Size]


class AssignedNode(Protocol):
    """One node of the graph as it was before fusion."""

    op_type: str


class Assignment(Protocol):
    """What one execution provider took: a node, or several that it fuses."""

    ep_name: str

    def get_nodes(self) -> Sequence[AssignedNode]: ...


class Metadata(Protocol):
    """`onnxruntime.ModelMetadata`"""

    custom_metadata_map: Mapping[str, str]


class OrtSession(Protocol):
    """`onnxruntime.InferenceSession`"""

    def run(
        self, output_names: None, input_feed: Mapping[str, OrtFeed], run_options: "OrtRunOptions | None" = None, /
    ) -> list[object]: ...
    def run_with_ort_values(
        self,
        output_names: None,
        input_dict_ort_values: Mapping[str, OrtFeed],
        run_options: "OrtRunOptions | None" = None,
        /,
    ) -> list[object]: ...
    def get_inputs(self) -> Sequence[Input]: ...
    def get_outputs(self) -> Sequence[Input]: ...
    def get_providers(self) -> list[str]: ...
    def get_modelmeta(self) -> Metadata: ...
    def end_profiling(self) -> str: ...
    def get_provider_graph_assignment_info(self) -> Sequence[Assignment]: ...


class Options(Protocol):
    """`onnxruntime.SessionOptions`"""

    intra_op_num_threads: int
    inter_op_num_threads: int
    execution_mode: object
    graph_optimization_level: object
    enable_profiling: bool
    profile_file_prefix: str
    optimized_model_filepath: str

    def add_session_config_entry(self, key: str, value: str, /) -> None: ...


class OrtRunOptions(Protocol):
    """`onnxruntime.RunOptions`"""

    def add_run_config_entry(self, key: str, value: str, /) -> None: ...


class _Modes(Protocol):
    ORT_SEQUENTIAL: object


class _Levels(Protocol):
    ORT_ENABLE_ALL: object


class _OrtValues(Protocol):
    def ortvalue_from_numpy(self, array: Tensor, /) -> OrtValue: ...
    def ortvalue_from_numpy_with_onnx_type(self, array: Tensor, onnx_element_type: int, /) -> OrtValue: ...


class OrtApi(Protocol):
    """The module `onnxruntime`."""

    __version__: str
    ExecutionMode: _Modes
    GraphOptimizationLevel: _Levels
    OrtValue: _OrtValues

    def SessionOptions(self) -> Options: ...
    def RunOptions(self) -> OrtRunOptions: ...
    def InferenceSession(self, path: str, options: Options, /, *, providers: list[str]) -> OrtSession: ...
    def get_available_providers(self) -> list[str]: ...
