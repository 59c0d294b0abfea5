"""Codes of prices and costs."""

from edgeprof.errors.codes.entry import MISSING_PART, WRONG_USE, ErrorCode

PRICES = (
    ErrorCode(
        "bad_moment",
        "The date of a price is not valid, too early, or in the future.",
        "Use a past day such as 2026-05-01.",
        WRONG_USE,
    ),
    ErrorCode("bad_price", "The text is not a price.", "Use US dollars as a number, such as 80 or 79.95.", WRONG_USE),
    ErrorCode(
        "catalogue_invalid",
        "A price catalogue is empty, unreadable or not valid.",
        "Check your file: `edgeprof prices check FILE`.",
        WRONG_USE,
    ),
    ErrorCode(
        "genai_prices_missing",
        "Token prices need the package genai-prices.",
        "Run `pip install 'edgeprof[hub]'`.",
        MISSING_PART,
    ),
    ErrorCode(
        "price_currency",
        "A price is in a currency without an exchange rate.",
        "Add the rate to the scenario, or choose another price.",
        WRONG_USE,
    ),
    ErrorCode(
        "price_unknown", "The catalogue has no such price.", "List the entries: `edgeprof prices list`.", WRONG_USE
    ),
    ErrorCode(
        "source_needed",
        "A price needs a source.",
        "Write where it comes from: a shop and a date, an invoice.",
        WRONG_USE,
    ),
)

COSTS = (
    ErrorCode(
        "bad_limits",
        "A value lies outside its own lower and upper limit.",
        "Change the value or its limits.",
        WRONG_USE,
    ),
    ErrorCode(
        "cost_input",
        "An input of the cost calculation is out of range or contradicts another.",
        "Correct the input that the message names.",
        WRONG_USE,
    ),
    ErrorCode(
        "cost_not_measured",
        "The run lacks a figure that the cost rests on.",
        "Measure it again, with the missing part switched on.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_cost",
        "This result has no cost.",
        "Choose a measured run of a real device that is still on the hub.",
        WRONG_USE,
    ),
)
