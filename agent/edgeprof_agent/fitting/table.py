"""Which dry run each runtime has. A runtime without a line here is estimated by formula."""

DRY_RUNS: dict[str, str] = {
    "onnxruntime": "edgeprof_agent.fitting.tensor_trial:trial",
    "litert": "edgeprof_agent.fitting.tensor_trial:trial",
    "tflite-runtime": "edgeprof_agent.fitting.tensor_trial:trial",
    "llama-capi": "edgeprof_agent.fitting.llama_dry_run:dry_run",
}
