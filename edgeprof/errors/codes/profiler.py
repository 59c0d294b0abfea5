"""Codes of the profiler: its plan, and the failures that a profile names."""

from edgeprof.errors.codes.entry import WRONG_USE, ErrorCode

PROFILER = (
    ErrorCode(
        "bad_metric",
        "A name is neither a group of metrics nor a metric.",
        "Use a name from the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_profile_plan",
        "A plan of the profiler is not valid, or contradicts itself.",
        "Correct the field that the message names.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_recording",
        "The folder holds no recorded characterization of this plan.",
        "Make one with `edgeprof characterize PLAN --save FOLDER`.",
        WRONG_USE,
    ),
    ErrorCode(
        "device_offline",
        "The target is a device that is not online.",
        "Start its agent, or leave the target out.",
        WRONG_USE,
    ),
    ErrorCode(
        "export_failed",
        "PyTorch cannot export the module to ONNX.",
        "Export it by hand, and give the file.",
    ),
    ErrorCode(
        "no_example_inputs",
        "A PyTorch module was given without the inputs that its export needs.",
        "Give `TorchModel(module=..., example_inputs=(...))`.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_result",
        "A job on the hub ended without a result.",
        "Retry the campaign's failed jobs with `edgeprof retry`.",
    ),
    ErrorCode(
        "wrong_target",
        "The target cannot run models of this kind.",
        "Use a target that the message allows.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_ladder",
        "`edgeprof optimize` has no steps for this kind of file.",
        "Start from a float ONNX, TFLite or GGUF file.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_variant",
        "No step could make a file of this model; the message has each reason.",
        "Name a set with `--set` for steps that need inputs, or start from a float file.",
    ),
    ErrorCode(
        "too_few_items",
        "The set has too few items to calibrate and to judge by different ones.",
        "Use fewer with `--calibration-items`, but at least 8, or a larger set.",
        WRONG_USE,
    ),
    ErrorCode(
        "unknown_step",
        "The ladder has no step of this name.",
        "List them: `edgeprof optimize MODEL --list`.",
        WRONG_USE,
    ),
    ErrorCode(
        "load_failed", "A run of a search for the highest rate failed.", "Profile the model: `edgeprof profile`."
    ),
    ErrorCode("no_open_loop", "The runtime sends no requests at a rate.", "Use ONNX Runtime or LiteRT."),
    ErrorCode(
        "wrong_load_model",
        "`edgeprof load` takes models with tensors in and out.",
        "Use an ONNX or TFLite file.",
        WRONG_USE,
    ),
)
