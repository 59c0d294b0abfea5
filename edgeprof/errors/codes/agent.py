"""Codes of measuring on a device: the agent, its settings and state, endpoints, sensors, meters and series."""

from edgeprof.errors.codes.entry import EITHER, FAILED, MISSING_PART, WRONG_USE, ErrorCode

SETTINGS = (
    ErrorCode("bad_cores", "`cores` is neither a number nor a list of cores.", "Use 2, or 0,2, or 4-7.", WRONG_USE),
    ErrorCode(
        "bad_setting",
        "A setting of the agent is misspelt, out of range, or contradicts another.",
        "Correct the setting that the message names.",
        WRONG_USE,
    ),
    ErrorCode(
        "config_unreadable",
        "The agent's configuration file is missing, unreadable or not TOML.",
        "Correct the file, or name another with `--config`.",
        WRONG_USE,
    ),
    ErrorCode(
        "cores_missing",
        "`cores` names cores that the agent may not use.",
        "Choose among the cores in the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "hub_missing", "The agent needs a hub.", "Add `--hub http://HOST:8765`, or set `EDGEPROF_HUB`.", WRONG_USE
    ),
)

CONNECTING = (
    ErrorCode(
        "broker_unreachable",
        "The MQTT broker does not answer or does not let the agent in.",
        "Check that the broker's port is reachable from the device. The agent tries again on its own.",
    ),
    ErrorCode("refused", "The hub refuses this agent.", "Do what the hub's sentence says."),
)

STATE = (
    ErrorCode("file_unreadable", "A file that edgeprof keeps on this machine is damaged.", "Move it away."),
    ErrorCode(
        "file_unwritable",
        "A file or folder cannot be written.",
        "Check its rights and the free space, or name another.",
        EITHER,
    ),
    ErrorCode(
        "floors_unreadable", "The file of noise floors is damaged.", "Delete it and run `edgeprof calibrate` again."
    ),
    ErrorCode("state_in_use", "Another agent uses the state folder.", "Stop it, or name another folder with `--data`."),
    ErrorCode(
        "state_too_new",
        "A newer edgeprof wrote the agent's database.",
        "Install that release again, or name another folder with `--data`.",
    ),
    ErrorCode(
        "state_unusable",
        "The agent's state folder or database cannot be used.",
        "Check its rights, or name another folder with `--data`.",
    ),
)

OPERATORS = (
    ErrorCode(
        "no_operator_profile",
        "This runtime reports no times of single operators.",
        "Profile with a runtime that the message names.",
        MISSING_PART,
    ),
    ErrorCode(
        "operator_profile_failed",
        "A model's profiled run crashed, hung or was refused by its runtime.",
        "Run `edgeprof profile` on the model first. The message holds the runtime's own words.",
    ),
)

ENDPOINTS = (
    ErrorCode(
        "bad_endpoint",
        "The text is not the URL of an OpenAI-compatible endpoint.",
        "Use a URL such as https://api.openai.com/v1.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_key_variable",
        "The name or the content of the key's variable cannot be used.",
        "Give `--endpoint-key-env` the name of a variable that holds the key.",
        WRONG_USE,
    ),
    ErrorCode(
        "endpoint_failed",
        "The endpoint does not answer or refuses.",
        "Check the URL, the key and the network; the message holds the endpoint's reason.",
    ),
    ErrorCode(
        "endpoint_missing", "A served model needs an endpoint.", "Add `--endpoint https://HOST/v1`.", MISSING_PART
    ),
    ErrorCode("key_in_clear", "The key would travel unencrypted.", "Use https://, or leave the key out.", WRONG_USE),
    ErrorCode(
        "key_missing", "The variable that should hold the key is not set.", "Export it, then run again.", WRONG_USE
    ),
)

PHONES = (
    ErrorCode(
        "bad_phone",
        "`--phone` names no phone.",
        "Use a device id that `edgeprof agent phones` prints.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_phone_runner",
        "`--phone-runner` names no runner of phones.",
        "Use RUNNER=PATH with a runner of the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_adb_server",
        "This host has no adb server, and none could be started.",
        "Install adb, then run `adb start-server`.",
    ),
    ErrorCode(
        "phone_not_answering",
        "A phone does not answer over adb.",
        "Plug it in again; `edgeprof agent phones` prints what is wrong.",
    ),
    ErrorCode(
        "phone_runner_missing",
        "The program of `--phone-runner` is not there, or cannot be read.",
        "Name the program built for Android, or the folder that holds it.",
        WRONG_USE,
    ),
    ErrorCode(
        "phones_missing",
        "The package that speaks to adb is not installed.",
        "Install it: `pip install 'edgeprof[phones]'`.",
        MISSING_PART,
    ),
)

POWER = (
    ErrorCode(
        "bad_meter",
        "The power meter's setting is not valid.",
        "Use KIND:TOPIC@HOST, such as shelly:PREFIX@BROKER.",
        WRONG_USE,
    ),
    ErrorCode(
        "calibration_points",
        "The points of a calibration lie too close together or contradict each other.",
        "Take one at idle and one under load, both of the same device.",
        WRONG_USE,
    ),
    ErrorCode("meter_absent", "The power meter does not report.", "Check its topic with `edgeprof agent meters`."),
    ErrorCode(
        "meter_broken",
        "The power meter's readings cannot be used.",
        "Read the reason in the message and try again; nothing was stored.",
    ),
    ErrorCode("meter_slow", "The power meter reported too few values.", "Give it more `--seconds`."),
    ErrorCode(
        "sensor_absent",
        "The power sensor cannot be read here.",
        "Run `edgeprof doctor` for the missing right or driver.",
    ),
)

SIGNED_JOBS = (
    ErrorCode(
        "job_expired",
        "The job's signature is past its expiry by the device's clock.",
        "Retry the job. Check the device's clock if it happens again.",
    ),
    ErrorCode(
        "job_key_unreadable",
        "The device's pinned key of its hub is damaged, so it runs no job.",
        "Join the hub again, or restore `identity/job_key` in the agent's state folder.",
    ),
    ErrorCode(
        "job_mixed",
        "A part of the job is not the one that the hub signed.",
        "Retry the job. If it happens again, somebody changes messages on the broker.",
    ),
    ErrorCode(
        "job_oversized",
        "The job's signed statement, or its message, is longer than any that a hub sends.",
        "Find out who else writes to the broker.",
    ),
    ErrorCode(
        "job_rolled_back",
        "The job is older than what the hub still has open for the device, so it is a replay.",
        "Start the job again if you want it.",
    ),
    ErrorCode(
        "job_signature_wrong",
        "The job's signature is not by the hub that the device joined.",
        "Join the device again if you moved the hub to new data. Else find out who writes to the broker.",
    ),
    ErrorCode(
        "job_statement_unreadable",
        "The job's signed statement cannot be read.",
        "Install the same edgeprof release on the hub and on the device.",
    ),
    ErrorCode(
        "job_unsigned",
        "The device runs signed jobs only, and this one is not signed.",
        "Upgrade the hub, or remove `identity/job_key` in the agent's state folder.",
    ),
    ErrorCode(
        "job_wrong_device",
        "The job is signed for another device.",
        "Find out who else writes to the broker.",
    ),
    ErrorCode(
        "job_wrong_hub",
        "The job is signed by another hub that has the same key.",
        "Give each hub a data folder of its own, then join the device again.",
    ),
)

SERIES = (
    ErrorCode(
        "folder_not_empty",
        "The output folder is not empty.",
        "Name another, with `--out` or `--salvage` where the command has it.",
        WRONG_USE,
    ),
    ErrorCode("not_a_bundle", "The file is not the bundle of a run.", "Download it again from the run's page."),
    ErrorCode(
        "wrong_runtime", "The chosen runtime does not run models of this format.", "Leave `--runtime` out.", WRONG_USE
    ),
)

RECORDING = (
    ErrorCode("folder_used", "The folder for the recording is not empty.", "Name another with `--out`.", WRONG_USE),
    ErrorCode(
        "not_recorded",
        "The folder is not a recorded machine, or its files are not valid.",
        "Make one: `edgeprof agent record`.",
        WRONG_USE,
    ),
    ErrorCode(
        "record_leaks",
        "The recording would hold an identifier of this machine; nothing was written.",
        "Report the file that the message names, without its content.",
        FAILED,
    ),
)
