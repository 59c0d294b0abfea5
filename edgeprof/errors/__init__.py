"""The one root of every error that a user may see: a sentence, what to do about it, a stable code."""


class EdgeprofError(Exception):
    """An expected failure. `code` is stable and documented; the message says what is wrong and what to do.

    `exit_code` is what the command line ends with: 1 for a failed run, 2 for wrong use, 3 for a missing part,
    4 for a gate that fails, 5 for one that is undecided.
    """

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UsageError(EdgeprofError):
    """The caller asked for something that cannot be asked."""

    exit_code = 2


class MissingPartError(EdgeprofError):
    """A program or package that this job needs is not installed; the message holds the install line."""

    exit_code = 3
