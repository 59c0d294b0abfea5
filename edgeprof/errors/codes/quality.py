"""Codes of evaluations: sets, their items, and the options of a run that answers one."""

from edgeprof.errors.codes.entry import WRONG_USE, ErrorCode

EVALUATION_OPTIONS = (
    ErrorCode(
        "bad_evaluation_set",
        "The text is not the id of an evaluation set.",
        "Use the 64 hexadecimal digits of the set's id.",
        WRONG_USE,
    ),
    ErrorCode("bad_shots", "The number of examples is out of range.", "Use the range in the message.", WRONG_USE),
    ErrorCode("bad_items", "The number of items is out of range.", "Use the range in the message.", WRONG_USE),
)

COMPARISONS = (
    ErrorCode(
        "bad_gate",
        "The text is not a gate, or its figure has another direction.",
        "Use a line such as `fashion-mnist: accuracy >= source - 1`.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_outcomes",
        "An evaluation is here without the outcomes of its items.",
        "Run `edgeprof evaluate` with `--save FOLDER`, and give the folder.",
    ),
)
