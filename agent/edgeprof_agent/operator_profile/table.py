"""How each runtime is profiled. A runtime without a line here shows no times of single operators."""

PROFILERS: dict[str, str] = {
    "onnxruntime": "edgeprof_agent.operator_profile.onnx:record",
    "litert": "edgeprof_agent.operator_profile.litert:record",
    "llama-capi": "edgeprof_agent.operator_profile.llama:record",
    "llama-cpp-python": "edgeprof_agent.operator_profile.llama:record",
}
CEILINGS: dict[str, str] = {
    "onnxruntime": "edgeprof_agent.operator_profile.ceiling_onnx:peaks",
    "litert": "edgeprof_agent.operator_profile.ceiling_litert:peaks",
    "llama-capi": "edgeprof_agent.operator_profile.ceiling_llama:peaks",
}
"""How the peak of each runtime's own kernels is measured."""
