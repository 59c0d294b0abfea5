"""Codes of the hub: starting it, its REST API, campaigns, uploads and names."""

from edgeprof.errors.codes.entry import EITHER, FAILED, MISSING_PART, WRONG_USE, ErrorCode

STARTING = (
    ErrorCode(
        "already_seeded",
        "The data folder already holds a made-up fleet.",
        "Serve it, or name another folder with `--data`.",
    ),
    ErrorCode(
        "job_key_damaged",
        "The hub's signing key is damaged.",
        "Restore `identity/job-key` in the data folder from a backup.",
    ),
    ErrorCode(
        "bad_broker",
        "The text is not a broker.",
        "Use embedded, mosquitto, mqtt://HOST:PORT or mqtts://HOST:PORT.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_webhook",
        "The text is not a webhook address.",
        "Use a URL that begins with http:// or https://.",
        WRONG_USE,
    ),
    ErrorCode(
        "broker_failed", "The MQTT broker did not start.", "Read its last line in the message; check ports and rights."
    ),
    ErrorCode(
        "broker_loopback_only",
        "The embedded broker serves this machine only.",
        "Add `--broker mosquitto`, or keep `--host 127.0.0.1`.",
        WRONG_USE,
    ),
    ErrorCode("broker_too_old", "mosquitto is older than 2.0.", "Install a newer one with the line in the message."),
    ErrorCode(
        "cannot_listen",
        "The address cannot be opened for listening.",
        "Check `--host` and `--port`; ports below 1024 need root.",
        WRONG_USE,
    ),
    ErrorCode(
        "data_in_hub",
        "The data folder holds real devices; made-up figures must not mix with them.",
        "Name an empty folder with `--data`.",
    ),
    ErrorCode(
        "recording_unreadable",
        "The file is not a recording of a hub's results.",
        "Install edgeprof again: the recording comes with it.",
        FAILED,
    ),
    ErrorCode(
        "recorded_hub",
        "The hub shows recorded results, which cannot be changed.",
        "Start a hub of your own: `edgeprof hub serve`.",
        FAILED,
        (403,),
    ),
    ErrorCode("data_in_use", "Another hub uses the data folder.", "Stop it, or name another folder with `--data`."),
    ErrorCode(
        "data_unusable", "The data folder cannot be written.", "Check its rights, or name another with `--data`."
    ),
    ErrorCode(
        "database_damaged",
        "A part of the hub's database is damaged. To a file that is itself broken, nothing more is written.",
        "Find out what with `edgeprof hub check`, and copy what can be read with `--salvage`.",
        FAILED,
        (503,),
    ),
    ErrorCode(
        "database_missing",
        "The data folder has a hub's files, but no database.",
        "Restore it from a copy, or name an empty folder with `--data`.",
    ),
    ErrorCode(
        "database_unreadable",
        "The database is damaged or is not one.",
        "Restore a copy, or name an empty folder with `--data`.",
    ),
    ErrorCode("mosquitto_missing", "mosquitto is not installed.", "Run the install line in the message.", MISSING_PART),
    ErrorCode(
        "newer_database",
        "A newer edgeprof changed this data folder.",
        "Install that release again, or name another folder with `--data`.",
    ),
    ErrorCode(
        "no_hub",
        "The folder has no hub's database.",
        "Name the folder that `edgeprof hub serve` uses with `--data`.",
        WRONG_USE,
    ),
    ErrorCode(
        "nothing_to_seed",
        "A made-up fleet needs at least one device and one model.",
        "Raise `--devices` and `--models`.",
        WRONG_USE,
    ),
    ErrorCode(
        "password_in_url",
        "The broker URL holds a password, which other users of the machine could read.",
        "Leave it out; give the token with `--token-file` or `EDGEPROF_TOKEN`.",
        WRONG_USE,
    ),
    ErrorCode(
        "port_in_use", "Another program uses the port.", "Choose another with `--port` or `--mqtt-port`.", WRONG_USE
    ),
    ErrorCode("weak_token", "The token is too short.", "Make one: `edgeprof hub serve --new-token`.", WRONG_USE),
)

API = (
    ErrorCode(
        "bad_range",
        "A download's Range header is not valid or begins behind the end of the file.",
        "Start the download again.",
        FAILED,
        (416, 400),
    ),
    ErrorCode(
        "cross_origin", "A page of another site tried to change something.", "Use the hub's own page.", FAILED, (403,)
    ),
    ErrorCode("internal_error", "The hub has a bug.", "Report it with the hub's log.", FAILED, (500,)),
    ErrorCode(
        "invalid_request",
        "The request is not what the API expects.",
        "Compare it with the API's description, `/api/v1/openapi.json`.",
        EITHER,
        (422, 400),
    ),
    ErrorCode(
        "method_not_allowed",
        "The address does not take this HTTP method.",
        "Use one of the `Allow` header.",
        FAILED,
        (405,),
    ),
    ErrorCode(
        "not_found",
        "The hub has nothing at this address or of this id.",
        "Check the id; it may have been deleted.",
        FAILED,
        (404,),
    ),
    ErrorCode(
        "request_timeout",
        "The request's body did not arrive within a minute.",
        "Send it again over a better connection.",
        FAILED,
        (408,),
    ),
    ErrorCode(
        "token_needed", "This hub needs its token.", "Add `--token-file`, or set `EDGEPROF_TOKEN`.", EITHER, (401,)
    ),
    ErrorCode("token_wrong", "The token is not this hub's.", "Copy it from the hub's data folder.", FAILED, (401,)),
    ErrorCode(
        "too_large",
        "The request or file is over the hub's limit.",
        "Send less at once; send large models with `edgeprof flash`.",
        EITHER,
        (413,),
    ),
    ErrorCode(
        "too_many_guesses",
        "Too many wrong tokens came from this address; the hub looks at four a second.",
        "Wait some seconds; copy the token again from the hub's data folder.",
        FAILED,
        (429,),
    ),
    ErrorCode("too_many_listeners", "Too many pages listen to the hub's events.", "Close some pages.", FAILED, (503,)),
    ErrorCode(
        "wrong_host",
        "The hub does not answer to this host name.",
        "Use the address that `edgeprof hub serve` prints.",
        FAILED,
        (421,),
    ),
)

AGENTS = (
    ErrorCode(
        "bad_device_id",
        "The device id holds characters that a topic cannot have.",
        "Restore the id file that the message names from a copy. Without results that wait, remove it.",
        EITHER,
    ),
    ErrorCode(
        "device_id_in_use",
        "Another live agent has this device id.",
        "Wait: the agent tries again by itself. If the machine is a copy, start its agent with a new `--data` folder.",
        FAILED,
        (409,),
    ),
    ErrorCode(
        "wire_version",
        "Agent and hub speak different wire versions.",
        "Install the same edgeprof release on both.",
        FAILED,
        (426,),
    ),
)

CAMPAIGNS = (
    ErrorCode(
        "flash_only",
        "A campaign that only flashes asks for something that has to be measured, or for a model without files.",
        "Leave that out.",
        WRONG_USE,
    ),
    ErrorCode("bad_download_limit", "The download limit is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode("bad_deadline", "The time limit is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode(
        "bad_decode", "The number of tokens to generate is out of range.", "Use the range in the message.", WRONG_USE
    ),
    ErrorCode(
        "bad_depth", "The number of tokens in memory is out of range.", "Use the range in the message.", WRONG_USE
    ),
    ErrorCode(
        "bad_dim", "The size of a symbol is not one, or out of range.", "Use --dim SYMBOL=N, 0 or more.", WRONG_USE
    ),
    ErrorCode(
        "bad_energy_limit",
        "The time limit of load for energy is out of range.",
        "Use the range in the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_input",
        "The value of an input is not one, or too long; or the model takes text only.",
        "Use --input NAME=VALUE for a few values, and MODEL.inputs.npz for whole arrays; none for a language model.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_label", "The run label is too long or cannot be printed.", "Use one line of printable text.", WRONG_USE
    ),
    ErrorCode(
        "bad_precision", "The precision of the median is out of range.", "Use the range in the message.", WRONG_USE
    ),
    ErrorCode("bad_prompt", "The length of the prompt is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode("bad_rate", "The request rate is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode("bad_repeats", "The number of repeats is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode(
        "bad_runtime_setting",
        "The runtime has no such setting, or the setting no such value.",
        "Use one that the message lists, or leave `--setting` out.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_signature",
        "The model has no signature of this name, or is not a TFLite model.",
        "Use one that the message lists, or leave `--signature` out.",
        WRONG_USE,
    ),
    ErrorCode(
        "context_too_small",
        "The language model was trained for fewer tokens of context than the run needs.",
        "Use the lengths in the message.",
        WRONG_USE,
    ),
    ErrorCode("bad_soak", "The length of the soak is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode(
        "bad_start",
        "The start temperature or the wait for it is out of range.",
        "Use the range in the message.",
        WRONG_USE,
    ),
    ErrorCode("bad_threads", "The number of threads is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode("bad_warmup", "The length of the warm-up is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode("bad_window", "The length of the window is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode(
        "bad_rollout",
        "A rollout's plan has a value that cannot be followed.",
        "Use the range or form in the message.",
        WRONG_USE,
    ),
    ErrorCode("campaign_too_large", "The campaign has too many jobs.", "Split it.", WRONG_USE),
    ErrorCode("empty_campaign", "A campaign needs at least one model and one device.", "Choose both.", WRONG_USE),
    ErrorCode(
        "job_ended", "The job has already ended.", "Reload the page; retry the job if it failed.", FAILED, (409,)
    ),
    ErrorCode("job_not_ended", "The job has not ended yet.", "Cancel it first: `edgeprof cancel`.", FAILED, (409,)),
    ErrorCode(
        "nothing_to_roll_back",
        "No device of the rollout ran another model of the family before.",
        "Flash the model that you want: `edgeprof flash`.",
        FAILED,
        (409,),
    ),
    ErrorCode(
        "no_previous_version",
        "The model is not the version that was flashed before on the device.",
        "Reload the device's page, or flash the model: `edgeprof flash`.",
        FAILED,
        (409,),
    ),
    ErrorCode("quarantine_lifted", "The quarantine was lifted before.", "Flash the model again.", FAILED, (409,)),
    ErrorCode("rollout_ended", "The rollout has ended.", "Start another one, or roll it back.", FAILED, (409,)),
    ErrorCode(
        "rollout_overlaps",
        "Another rollout of the same family is open on some of the devices.",
        "Wait until it has ended, or abort it: `edgeprof rollout abort`.",
        FAILED,
        (409,),
    ),
    ErrorCode(
        "rollout_not_waiting",
        "The rollout waits for no approval.",
        "Read why it stands still: `edgeprof rollout show`.",
        FAILED,
        (409,),
    ),
    ErrorCode(
        "job_too_large", "One job is too long for a message.", "Give it fewer input shapes or sweep points.", WRONG_USE
    ),
    ErrorCode(
        "nothing_open",
        "None of these jobs is queued or running.",
        "List them: `edgeprof jobs`.",
        FAILED,
        (409,),
    ),
    ErrorCode(
        "nothing_to_upgrade",
        "None of these agents is older than the hub's version.",
        "Select devices that the fleet page shows under Upgrade needed.",
        FAILED,
        (409,),
    ),
    ErrorCode("nothing_failed", "None of these jobs failed.", "Start a new campaign to measure again.", FAILED, (409,)),
    ErrorCode(
        "runtime_mismatch",
        "The runtime does not run models of this format.",
        "Leave `--runtime` out, or choose another.",
        WRONG_USE,
    ),
    ErrorCode(
        "unknown_runtime", "edgeprof has no runtime of this name.", "Choose one that the message lists.", WRONG_USE
    ),
    ErrorCode(
        "wrong_place",
        "A served model needs an endpoint, and an endpoint runs only served models.",
        "Choose devices and models that fit each other.",
        WRONG_USE,
    ),
)

UPLOADS = (
    ErrorCode(
        "bad_offset",
        "The part does not begin where the upload stands.",
        "Ask where it stands, and go on from there.",
        FAILED,
        (409,),
    ),
    ErrorCode("bad_part", "The part arrived damaged or longer than announced.", "Send it again.", FAILED, (400,)),
    ErrorCode("bad_file_name", "A file name cannot be used, or two files have the same one.", "Rename the file."),
    ErrorCode("bad_form", "The upload broke off or is not a form with files.", "Send it again."),
    ErrorCode(
        "bad_manifest",
        "The manifest does not fit the model's files.",
        "Send the model with `edgeprof flash`, which writes it.",
    ),
    ErrorCode(
        "bad_model_id",
        "The model id is not the hash of its manifest.",
        "Send the model with `edgeprof flash`, which computes it.",
    ),
    ErrorCode(
        "bad_parameters",
        "The text is not a number of parameters.",
        "Enter a whole number above 0, such as 135000000.",
        WRONG_USE,
    ),
    ErrorCode("bad_task", "The task is not one that edgeprof knows.", "Choose one that the message lists.", WRONG_USE),
    ErrorCode("blob_missing", "A file of the model is not on the hub.", "Upload the file first.", FAILED, (409,)),
    ErrorCode("no_file", "The form holds no model file.", "Choose a .onnx, .ort, .tflite, .gguf or .served file."),
    ErrorCode(
        "too_many_uploads",
        "Too many uploads are unfinished on the hub.",
        "Finish them, or wait: an upload idle for 24 hours is removed.",
        FAILED,
        (429,),
    ),
    ErrorCode("too_many_files", "Too many files were chosen at once.", "Send fewer at a time."),
    ErrorCode("unfinished_upload", "A part of the file has not arrived yet.", "Send the rest first.", FAILED, (409,)),
    ErrorCode("unknown_file", "A file belongs to none of the chosen models.", "Leave it out, or add its model."),
)

PAGE = (
    ErrorCode("bad_name", "The name is empty or too long.", "Use 1 to 80 visible characters.", WRONG_USE),
    ErrorCode("bad_number", "The text is not a number in range.", "Use the range in the message.", WRONG_USE),
    ErrorCode(
        "bad_order",
        "Results can be ordered by a metric only across all cells.",
        "Leave out the cell, or the order.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_tag",
        "The text is not a tag.",
        "Use one word of up to 40 letters, digits and . : / + - _ for each tag.",
        WRONG_USE,
    ),
    ErrorCode("bad_time", "The text is not a time.", "Use UTC, such as 2026-11-27T08:30.", WRONG_USE),
    ErrorCode("already_replaced", "Another board took this device's place.", "Restore it first.", WRONG_USE),
    ErrorCode("bad_email", "The e-mail setting is not usable.", "Correct what the message names.", WRONG_USE),
    ErrorCode("bad_page", "The page of the fleet is out of range.", "Ask for 1 to 500 devices, from 0 on.", WRONG_USE),
    ErrorCode(
        "device_retired",
        "The device is retired and takes no jobs.",
        "Restore it: `edgeprof devices restore DEVICE`.",
        WRONG_USE,
        (409,),
    ),
    ErrorCode("nothing_selected", "No device was selected.", "Select at least one device and an action.", WRONG_USE),
    ErrorCode("same_device", "A device cannot replace itself.", "Name the new board second.", WRONG_USE),
    ErrorCode("empty_group", "A group needs at least one device.", "Choose its devices.", WRONG_USE),
    ErrorCode("empty_family_change", "No model was named to move.", "Name at least one.", WRONG_USE),
    ErrorCode(
        "family_changed",
        "The family changed after you previewed the change.",
        "Preview it again, then confirm.",
        FAILED,
        (409,),
    ),
    ErrorCode("family_exists", "A family of the new name exists.", "Merge the two, or choose another name.", WRONG_USE),
    ErrorCode(
        "no_family",
        "There is no family of this name to merge into.",
        "Choose one that `edgeprof family list` shows, or rename the family.",
        WRONG_USE,
    ),
    ErrorCode("same_family", "Both names are the same family.", "Name another family.", WRONG_USE),
    ErrorCode("too_many_tags", "A device or a model has too many tags.", "Remove some; 20 are allowed.", WRONG_USE),
    ErrorCode("two_to_six_runs", "A comparison takes two to six runs.", "Select two to six.", WRONG_USE),
    ErrorCode(
        "whole_family", "A split must leave at least one model.", "Leave one out, or rename the family.", WRONG_USE
    ),
    ErrorCode(
        "unknown_metric", "edgeprof has no metric of this name.", "Choose one from the reference of metrics.", WRONG_USE
    ),
)
