"""Sessions of ONNX Runtime: how they are opened, where their nodes may run, and a profile of what did run."""

from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.runtimes.onnx.api import OrtApi, OrtFeed, OrtSession
from edgeprof_agent.runtimes.onnx.feeds import runner
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob

_RECORD = "session.record_ep_graph_assignment_info"
"""With it the session itself says which provider took each node (1.32). A version without it ignores the key."""
_FELL_BACK = "fallback to CPU EP has been explicitly disabled"
_SUFFIX = "ExecutionProvider"
_CPU = f"CPU{_SUFFIX}"
_PROFILED_RUNS = 2


class FellBack(Exception):
    """The session would have put a node on the CPU, and no node may be there."""


def provider_name(full_name: str) -> str:
    """`cpu` of `CPUExecutionProvider`."""
    return full_name.removesuffix(_SUFFIX).lower()


def provider_of(api: OrtApi, requested: str) -> str:
    """The runtime's own name of the asked provider."""
    available = api.get_available_providers()
    for name in available:
        if provider_name(name) == requested.lower():
            return name
    names = ", ".join(provider_name(name) for name in available)
    raise RuntimeFailure(
        "runtime_missing", f"This onnxruntime has no execution provider {requested!r}. It has: {names}."
    )


def open_session(
    api: OrtApi,
    job: WorkerJob,
    provider: str,
    *,
    may_fall_back: bool = True,
    is_profiled: bool = False,
    optimized_path: str = "",
) -> OrtSession:
    """On the asked provider, with the CPU to fall back on node by node, or without it: then raises FellBack.

    `optimized_path`: where the graph that the session runs is written.
    """
    options = api.SessionOptions()
    options.intra_op_num_threads = job["config"].threads
    options.inter_op_num_threads = 1
    options.execution_mode = api.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = api.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry(_RECORD, "1")
    options.enable_profiling = is_profiled
    options.profile_file_prefix = "operators"  # in the working directory, which is the run's own
    if optimized_path:
        options.optimized_model_filepath = optimized_path
    providers = list(dict.fromkeys([provider, _CPU]))
    if not may_fall_back and provider != _CPU:
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        providers = [provider]
    if is_ort(job["model_path"]):
        options.add_session_config_entry("session.load_model_format", "ORT")  # whatever the file is called
    try:
        return api.InferenceSession(job["model_path"], options, providers=providers)
    except Exception as error:
        if _FELL_BACK in str(error):
            raise FellBack from error
        raise


def is_ort(path: str) -> bool:
    """Whether the file has the identifier of ONNX Runtime's own format, a flatbuffer."""
    with open(path, "rb") as file:
        return file.read(8)[4:] == b"ORTM"


def assigned(session: OrtSession) -> list[tuple[str, str]] | None:
    """Operator and provider of each node of this very session, before fusion; None where the runtime is too old."""
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return None
    taken = session.get_provider_graph_assignment_info()
    return [(node.op_type, part.ep_name) for part in taken for node in part.get_nodes()]


def trace_of(session: OrtSession, feeds: Mapping[str, OrtFeed]) -> bytes:
    """What a session that was opened with a profile executes, as its trace."""
    run = runner(session)
    for _ in range(_PROFILED_RUNS):
        run(feeds)
    return Path(session.end_profiling()).read_bytes()
