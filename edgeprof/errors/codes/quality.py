"""Codes of evaluations: sets, their items, and the options of a run that answers one."""

from edgeprof.errors.codes.entry import EITHER, GATE_FAILS, GATE_UNDECIDED, MISSING_PART, WRONG_USE, ErrorCode

EVALUATION_OPTIONS = (
    ErrorCode(
        "bad_evaluation_set",
        "The text is not the id of an evaluation set.",
        "Use the 64 hexadecimal digits of the set's id.",
        WRONG_USE,
    ),
    ErrorCode("bad_shots", "The number of examples is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode("bad_items", "The number of items is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode(
        "wrong_set",
        "No model of this format can answer the evaluation set.",
        "Choose a set whose task fits the model; `edgeprof set list` shows them.",
        WRONG_USE,
    ),
)

SETS = (
    ErrorCode(
        "bad_import",
        "The options of an import do not fit the data.",
        "Use the option and the values that the message names.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_item",
        "An item of an evaluation set, or the line it was imported from, is not valid.",
        "Correct the line that the message names.",
    ),
    ErrorCode(
        "bad_set",
        "A file of an evaluation set's folder is not valid.",
        "Correct the file and the field that the message names.",
    ),
    ErrorCode(
        "bad_template",
        "A prompt's template has no slot, or one that is not the plain name of a field.",
        "Name an item's field in braces, and write a literal brace twice.",
    ),
    ErrorCode("empty_set", "An evaluation set has no items.", "Add items, or check the path of the import."),
    ErrorCode(
        "no_set",
        "No set was named, or the folder is not an evaluation set.",
        "Name a set of `edgeprof set list`, or a folder with a `set.json`.",
        EITHER,
    ),
    ErrorCode(
        "pillow_missing",
        "Checking images needs Pillow.",
        "Run `pip install 'edgeprof[images]'`.",
        MISSING_PART,
    ),
    ErrorCode("set_exists", "There is something in the folder for a new set.", "Name a new folder.", WRONG_USE),
    ErrorCode("set_too_large", "An evaluation set has too many items or bytes.", "Split the set."),
    ErrorCode(
        "source_not_read",
        "The source model of a divergence set could not read the set's texts.",
        "Use a GGUF model, and a runtime that shows its logits: `--runtime llama-capi`.",
    ),
    ErrorCode("unknown_form", "The data is in no form that edgeprof imports.", "Name it: `--form`.", WRONG_USE),
    ErrorCode("unknown_set", "No evaluation set has this name.", "List the sets: `edgeprof set list`.", WRONG_USE),
    ErrorCode("unknown_task", "No task has this name.", "Choose one that the message lists."),
)

COMPARISONS = (
    ErrorCode(
        "bad_gate",
        "The text is not a gate, or its figure has another direction.",
        "Use a line such as `fashion-mnist: accuracy >= source - 1`.",
        WRONG_USE,
    ),
    ErrorCode(
        "gate_fails",
        "A gate that was checked fails.",
        "Read the verdict above the message; ship another variant, or change the gate.",
        GATE_FAILS,
    ),
    ErrorCode(
        "gate_undecided",
        "No gate that was checked fails, and at least one is undecided.",
        "Answer more items, or evaluate the variant and its source on the gate's set.",
        GATE_UNDECIDED,
    ),
    ErrorCode(
        "no_gate",
        "There is no gate to check.",
        "Set one: `edgeprof gate FAMILY 'digits: accuracy >= source - 1'`.",
        WRONG_USE,
    ),
    ErrorCode(
        "unknown_family",
        "No model on the hub is of this family.",
        "Choose one that the message lists, or set a model's: `edgeprof model edit`.",
        WRONG_USE,
    ),
    ErrorCode(
        "too_many_gates",
        "A family has more gates than the hub keeps.",
        "Remove gates that another one covers.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_outcomes",
        "An evaluation is here without the outcomes of its items.",
        "Run `edgeprof evaluate` with `--save FOLDER`, and give the folder.",
    ),
)
