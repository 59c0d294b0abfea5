"""Codes of sets made from sets, of generated sets, and of the capability matrix."""

from edgeprof.errors.codes.entry import EITHER, WRONG_USE, ErrorCode

CAPABILITY = (
    ErrorCode(
        "bad_source",
        "The words name no model of the report, or several.",
        "Use words that one name in the message has.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_evaluations",
        "None of the results is an evaluation.",
        "Give results of `edgeprof evaluate --save FOLDER`.",
    ),
)

DERIVED_SETS = (
    ErrorCode(
        "bad_attack",
        "A search against a model is not possible with this set, model or bound.",
        "Use a set and a bound that the message allows.",
        EITHER,
    ),
    ErrorCode(
        "bad_generator",
        "A generator of evaluation sets, or one of its parameters, is not valid.",
        "Use a name and a range from the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_perturbation",
        "A perturbation or one of its parameters is not valid, or it does not suit the set.",
        "Use a name and a range from the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "nothing_changed",
        "A perturbation changed no item of the set.",
        "Use a stronger setting, or another perturbation.",
    ),
)
