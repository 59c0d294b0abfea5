"""Codes of service levels and readiness."""

from edgeprof.errors.codes.entry import WRONG_USE, ErrorCode

READINESS = (
    ErrorCode(
        "bad_service_level",
        "A part of the service level cannot be read, or it sets no limit.",
        "Write it as in the message, or use the page's fields.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_utilisation",
        "The share of a device that a load may take is out of range.",
        "Use 5 to 100 %.",
        WRONG_USE,
    ),
    ErrorCode(
        "contradictory_service_level",
        "Two limits of the service level contradict each other.",
        "Change one of those that the message names.",
        WRONG_USE,
    ),
)
