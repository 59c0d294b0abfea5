"""Codes of the commands that talk to a hub, compare and publish results, or run the demo."""

from edgeprof.errors.codes.entry import EITHER, FAILED, MISSING_PART, WRONG_USE, ErrorCode

NAMING = (
    ErrorCode("ambiguous_device", "Several devices have this name.", "Use the device id.", WRONG_USE),
    ErrorCode("ambiguous_model", "Several models have this name.", "Use the model id.", WRONG_USE),
    ErrorCode(
        "unknown_state",
        "No result can be in this state.",
        "Use measured, failed, or the code of a failure such as out_of_memory.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_since",
        "The text is not a time.",
        "Use an age such as 30min, 2h or 7d, or a date such as 2026-11-30.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_campaign_id",
        "The text is not a campaign id.",
        "Copy the id from `edgeprof flash --no-wait` or the hub's page Jobs.",
        WRONG_USE,
    ),
    ErrorCode("bad_job_id", "The text is not a job id.", "Copy the id from `edgeprof jobs`.", WRONG_USE),
    ErrorCode("bad_result_id", "The text is not a result id.", "Copy the id from `edgeprof results`.", WRONG_USE),
    ErrorCode(
        "bad_rollout_id", "The text is not a rollout id.", "Copy the id from `edgeprof rollout list`.", WRONG_USE
    ),
    ErrorCode("no_device", "No device is online.", "Start an agent: `edgeprof agent run --hub URL`.", WRONG_USE),
    ErrorCode("no_facts", "The hub knows this device's name but not its hardware.", "Start its agent.", WRONG_USE),
    ErrorCode(
        "no_change",
        "The command needs to know what to change.",
        "Add at least one of the options in the message.",
        WRONG_USE,
    ),
    ErrorCode("no_name", "The command needs the name of a group.", "Write `edgeprof group NAME --delete`.", WRONG_USE),
    ErrorCode(
        "no_target",
        "The command needs to know which devices to use.",
        "Add `--to DEVICE`, `--group NAME` or `--all`.",
        WRONG_USE,
    ),
    ErrorCode(
        "unknown_device", "The hub has no device of this name.", "List the devices: `edgeprof devices`.", WRONG_USE
    ),
    ErrorCode(
        "unknown_board_kind",
        "No device profile has this name.",
        "Choose one of the kinds that the message lists.",
        WRONG_USE,
    ),
    ErrorCode("unknown_group", "The hub has no group of this name.", "List the groups: `edgeprof group`.", WRONG_USE),
    ErrorCode(
        "unknown_model",
        "This is neither a model file, a model on the hub, nor a recipe.",
        "Check the path; list the recipes: `edgeprof models list`.",
        WRONG_USE,
    ),
    ErrorCode(
        "unknown_configuration",
        "The model was not run on this device with that runtime.",
        "Choose one of the configurations that the message lists.",
        WRONG_USE,
    ),
)

USE = (
    ErrorCode(
        "bad_usage",
        "An option or argument is missing, contradicts another, or is out of range.",
        "Read the command's `--help`.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_format",
        "The output format does not fit the command or the file name.",
        "Choose one with `--format`.",
        WRONG_USE,
    ),
    ErrorCode("bad_shape", "The text is not an input shape.", "Use `NAME=1,3,224,224`.", WRONG_USE),
    ErrorCode(
        "bad_sweep",
        "The sweep does not fit the model or has too many points.",
        "Use the model's own input "
        "names and sizes; sweep a language model with `--sweep-prompt-tokens` or `--sweep-depth`.",
        WRONG_USE,
    ),
    ErrorCode("bad_url", "The text is not a hub URL.", "Use a URL such as `http://HOST:8765`.", WRONG_USE),
    ErrorCode("no_source", "A price needs a source.", "Add `--source 'the shop, the date'`.", WRONG_USE),
    ErrorCode("not_confirmed", "Deleting needs a confirmation.", "Answer the question, or add `--yes`.", WRONG_USE),
    ErrorCode(
        "one_name",
        "A name fits one model, and several were given.",
        "Send the models one by one, or leave the name out.",
        EITHER,
    ),
    ErrorCode("unknown_code", "edgeprof has no error code of this name.", "List them: `edgeprof errors`.", WRONG_USE),
    ErrorCode("unknown_format", "The table has no such format.", "Use table, json, csv or md.", WRONG_USE),
    ErrorCode(
        "io_error",
        "The system could not read or write a file, or a disk is full.",
        "Fix what the message names, then run the command again.",
        FAILED,
    ),
)

TALKING = (
    ErrorCode(
        "bad_token",
        "The token holds characters that no token has.",
        "Copy it again, or make one: `edgeprof hub serve --new-token`.",
        EITHER,
    ),
    ErrorCode(
        "hub_answer_unreadable",
        "The hub's answer does not fit this release.",
        "Install the same edgeprof release here and on the hub.",
    ),
    ErrorCode(
        "hub_unreachable",
        "The hub does not answer.",
        "Start it with `edgeprof hub serve`, or check `--hub` and the network.",
    ),
    ErrorCode(
        "hub_too_old",
        "The hub is of an older release than the command, and does not know the request.",
        "Upgrade the hub, or use the command of its release.",
    ),
    ErrorCode(
        "http_*",
        "The address answers with this HTTP status, but not as an edgeprof hub.",
        "Check `--hub` and any proxy in between.",
    ),
    ErrorCode(
        "timeout",
        "The campaign did not end within the given time; its jobs continue.",
        "Wait longer, or look at the campaign on the hub's page.",
    ),
    ErrorCode(
        "token_unreadable",
        "The token file is missing, unreadable, empty or not text.",
        "Check the path and the rights of `--token-file`.",
        EITHER,
    ),
)

COMPARING = (
    ErrorCode("no_median", "A run has no median of the quantity to compare.", "Run it again with a longer window."),
    ErrorCode("no_results", "The folder holds no result files.", "Name a folder that `edgeprof profile --out` wrote."),
    ErrorCode(
        "no_such_file", "The file cannot be read.", "Check the path; make a result with `edgeprof profile --json`."
    ),
    ErrorCode("not_a_floor", "The file is not a noise floor.", "Make one: `edgeprof compare RUNS --learn-floor FILE`."),
    ErrorCode("not_a_result", "The file is not a result.", "Make one: `edgeprof profile MODEL --json`."),
    ErrorCode("not_one_setup", "The runs differ in device, model or configuration.", "Use repeats of one set-up."),
    ErrorCode(
        "nothing_measured", "This cell has no measured result.", "Run the model on the device: `edgeprof flash`."
    ),
    ErrorCode(
        "nothing_to_compare",
        "A run has no interval for the quantity to compare.",
        "Measure it again with a longer window.",
    ),
    ErrorCode("result_failed", "One of the results is a failed run.", "Fix its cause and run it again."),
    ErrorCode(
        "samples_unreadable", "The samples of a run are missing or damaged.", "Run it again and keep the samples."
    ),
    ErrorCode("too_few_runs", "A noise floor needs more measured runs.", "Repeat the set-up more often: `--repeats`."),
)

PUBLISHING = (
    ErrorCode("bad_mark", "The file that records progress is damaged.", "Name another folder.", WRONG_USE),
    ErrorCode(
        "mlflow_refused",
        "MLflow answers with an error. Where MLflow gives a code of its own, that code is "
        "printed in lower case instead.",
        "Check the address and the experiment, and read MLflow's log.",
    ),
    ErrorCode("mlflow_unreachable", "MLflow does not answer.", "Check the address and start MLflow."),
    ErrorCode(
        "no_wandb_key",
        "Publishing to Weights & Biases needs a key.",
        "Set `WANDB_API_KEY`, or add `--offline`.",
        WRONG_USE,
    ),
    ErrorCode(
        "nothing_to_export",
        "The hub has no result after the given one.",
        "Lower `--after`, or wait for results.",
        WRONG_USE,
    ),
    ErrorCode("other_hub", "The folder holds the results of another hub.", "Name another folder.", WRONG_USE),
    ErrorCode("other_target", "The folder belongs to another project.", "Name another folder.", WRONG_USE),
    ErrorCode(
        "wandb_failed",
        "Weights & Biases refused or did not answer.",
        "Read the reason in the message; check the key, the project and the network.",
    ),
)

DEMO = (
    ErrorCode("agent_silent", "An agent of the demo did not connect in time.", "Read the log that the message names."),
    ErrorCode("bad_plan", "The demo's plan file is not valid.", "Correct the entry that the message names.", WRONG_USE),
    ErrorCode("hub_silent", "The demo's hub did not answer in time.", "Read the log that the message names."),
    ErrorCode("part_died", "A process of the demo ended early.", "Read the log that the message names."),
)

INSTALLING = (
    ErrorCode(
        "extra_missing",
        "An optional part is not installed.",
        "Run the `pip install` line in the message.",
        MISSING_PART,
    ),
    ErrorCode("python_too_old", "This part needs Python 3.11 or newer.", "Use a newer Python for it.", MISSING_PART),
)
