"""Codes of model files and runtimes, of fetching and building models, and of device profiles."""

from edgeprof.errors.codes.entry import FAILED, MISSING_PART, WRONG_USE, ErrorCode

FILES = (
    ErrorCode(
        "external_data_outside",
        "The model names data outside its own folder, which edgeprof never reads.",
        "Save the model again with its data in the same folder.",
    ),
    ErrorCode(
        "not_a_model",
        "The file is not an ONNX, ORT, TFLite or GGUF model, nor a served model's document.",
        "Check the file; convert or download it again.",
    ),
    ErrorCode(
        "truncated",
        "A file ends early, or a file of the model is missing.",
        "Copy or download the model again, with its data files.",
    ),
    ErrorCode(
        "unsupported_model",
        "The file is a model of a kind that no runtime here can measure, such as an embedding GGUF.",
        "Export the model to ONNX or TFLite.",
    ),
    ErrorCode(
        "wrong_format",
        "The contents are of another format than the file name says.",
        "Rename the file to fit its contents.",
    ),
)

BUNDLES = (
    ErrorCode("bad_key", "The text is not a public key.", "Use the line of `edgeprof hub job-key`.", WRONG_USE),
    ErrorCode("bundle_changed", "The bundle is not as the hub signed it.", "Get it again: `edgeprof model bundle`."),
    ErrorCode(
        "bundle_signature_wrong",
        "The bundle is not signed by the given key.",
        "Compare the key with `edgeprof hub job-key` on the hub's machine.",
    ),
    ErrorCode("bundle_unreadable", "The file is not the bundle of a model.", "Get it again: `edgeprof model bundle`."),
    ErrorCode("no_signing_key", "This hub only shows a recording, so it signs nothing.", "Ask a hub with devices."),
)

MOVING = (
    ErrorCode(
        "cache_unwritable",
        "A model or an evaluation set cannot be stored in the cache.",
        "Free some space, or name another folder in `EDGEPROF_CACHE`.",
    ),
    ErrorCode("cancelled", "The job was cancelled.", "Start it again if this was not meant."),
    ErrorCode(
        "download_failed",
        "A file could not be fetched.",
        "Check the network and the free space, then run again: a download continues where it stopped.",
    ),
    ErrorCode(
        "hash_mismatch",
        "The bytes are not those that the SHA-256 names.",
        "Send or download the file again; if it belongs to edgeprof, install edgeprof again.",
    ),
    ErrorCode(
        "no_space",
        "A disk is full, or a model does not fit in the agent's budget.",
        "Free some space, or raise `store_budget_mib` in the agent's settings.",
        FAILED,
        (507,),
    ),
    ErrorCode(
        "pip_missing", "Fetching a model or an evaluation set needs pip.", "Run `python -m ensurepip`.", MISSING_PART
    ),
)

RUNTIMES = (
    ErrorCode(
        "runtime_missing",
        "The runtime for this format is not installed, or its interpreter cannot be run.",
        "Run the line in the message, or correct `EDGEPROF_WORKER_PYTHON_<RUNTIME>`.",
        MISSING_PART,
    ),
)

RECIPES = (
    ErrorCode("bad_bundle", "The manifest of the shipped models is damaged.", "Install edgeprof again."),
    ErrorCode("bad_recipe", "A recipe file is not valid.", "Correct the field that the message names."),
    ErrorCode(
        "no_recipe",
        "The command needs to know which models.",
        "Name recipes, or add `--all`; see `edgeprof models list`.",
        WRONG_USE,
    ),
    ErrorCode(
        "not_buildable",
        "This recipe has no build steps.",
        "Choose one that the message lists, or fetch it: `edgeprof models fetch`.",
        WRONG_USE,
    ),
    ErrorCode(
        "quantize_failed",
        "A model could not be quantized.",
        "Fetch its source again with `edgeprof models fetch`, or install the package that the message names.",
    ),
    ErrorCode("unknown_recipe", "There is no recipe of this name.", "List them: `edgeprof models list`.", WRONG_USE),
    ErrorCode(
        "wrong_python",
        "Models are built with one Python version only.",
        "Use the version in the message.",
        MISSING_PART,
    ),
)

PROFILES = (
    ErrorCode("profile_invalid", "A device profile is not valid.", "Correct the field that the message names."),
    ErrorCode(
        "profile_memory_unknown",
        "The profile covers several memory sizes, and none was chosen.",
        "Give a memory limit of your own.",
        WRONG_USE,
    ),
    ErrorCode(
        "yaml_missing", "Device profiles and prices need PyYAML.", "Run `pip install 'edgeprof[hub]'`.", MISSING_PART
    ),
)
