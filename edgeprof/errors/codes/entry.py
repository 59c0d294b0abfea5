"""What is recorded of one error code."""

from typing import NamedTuple

from edgeprof.errors import EdgeprofError, MissingPartError, UsageError

FAILED = (EdgeprofError.exit_code,)
WRONG_USE = (UsageError.exit_code,)
MISSING_PART = (MissingPartError.exit_code,)
GATE_FAILS = (4,)
GATE_UNDECIDED = (5,)
EITHER = (*FAILED, *WRONG_USE)
"""Wrong use where a command finds it, a failure where the hub reports it or where it appears during the work."""


class ErrorCode(NamedTuple):
    """One code: what it means and what to do about it, each a sentence or two."""

    code: str
    """A `*` at its end stands for what differs from error to error."""
    meaning: str
    remedy: str
    exits: tuple[int, ...] = FAILED
    """What a command can end with when it prints this code."""
    http: tuple[int, ...] = ()
    """The hub's HTTP statuses; the first is that of an error raised inside the hub. Empty: 422 if it is sent at all."""
