"""Every way in which a run can fail. Closed: a code that is not here cannot cross the wire."""

from typing import Literal, get_args

Stage = Literal[
    "fetch",
    "verify",
    "start",
    "import",
    "load",
    "first_inference",
    "warmup",
    "measure",
    "energy",
    "sweep",
    "open_loop",
    "soak",
    "report",
]

FailureCode = Literal[
    "cancelled",
    "crash",
    "does_not_fit",
    "download_failed",
    "external_data_outside",
    "hash_mismatch",
    "inference_error",
    "input_unsupported",
    "internal_error",
    "interrupted",
    "killed_unknown",
    "load_error",
    "no_result",
    "no_space",
    "not_a_model",
    "operator_unsupported",
    "out_of_memory",
    "partial_delegation",
    "runtime_missing",
    "shape_required",
    "thermal_abort",
    "timeout",
    "truncated",
    "unsupported_model",
    "wrong_format",
]

STAGES: tuple[str, ...] = get_args(Stage)
FAILURE_CODES: tuple[str, ...] = get_args(FailureCode)

MEANING: dict[FailureCode, str] = {
    "cancelled": "The run was cancelled before it ended.",
    "crash": "A signal killed the worker process inside the runtime.",
    "does_not_fit": "The model needs more memory than this device can provide.",
    "download_failed": "The model could not be fetched from the hub.",
    "external_data_outside": "The model refers to data outside its own folder, which edgeprof never reads.",
    "hash_mismatch": "The file on this device does not match its SHA-256 in the manifest.",
    "inference_error": "The runtime loaded the model and refused to run it with the inputs of this run.",
    "input_unsupported": "An input takes what could not be made up or read: give it a real value.",
    "internal_error": "edgeprof itself failed. The log holds what a bug report needs.",
    "interrupted": "The agent stopped or the machine restarted during the run.",
    "killed_unknown": "SIGKILL ended the worker, and nothing shows who sent it.",
    "load_error": "The runtime refused to load the model.",
    "no_result": "The worker ended without a result.",
    "no_space": "The model is larger than the free disk space.",
    "not_a_model": "The file is not an ONNX, ORT, TFLite or GGUF model, nor a served model's document.",
    "operator_unsupported": "The model uses an operator that this runtime does not have.",
    "out_of_memory": "The worker reached its memory limit and was killed or refused memory.",
    "partial_delegation": "Full delegation was required, but part of the model ran elsewhere.",
    "runtime_missing": "The runtime that this model needs is not installed on the device.",
    "shape_required": "An input size is missing, or the given size does not fit an input.",
    "thermal_abort": "The device was too hot to measure.",
    "timeout": "The run did not end within its time limit.",
    "truncated": "The file is truncated: it ends before its contents do.",
    "unsupported_model": "The file is a model of a kind that no runtime here can measure.",
    "wrong_format": "The file's contents do not match the format in its name.",
}
