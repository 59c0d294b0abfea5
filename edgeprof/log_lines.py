"""Log lines in which nobody else can write: names come from other machines, and may hold escapes and line feeds."""

import logging
import sys
from typing import TextIO

FORM = "%(asctime)s %(levelname)s %(name)s %(message)s"


def printable(text: str) -> str:
    """The text on one line: what a terminal would act on, or not show, is written as an escape.

    >>> printable("a model\\x1b[2J")
    'a model\\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class OneLine(logging.Formatter):
    """One line a record; a traceback below it keeps its own lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        text = super().formatException(ei)  # pyright: ignore[reportArgumentType]
        return "\n".join(printable(line) for line in text.split("\n"))


def configure(level: int, stream: TextIO | None = None) -> None:
    """Log to stderr from here on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine(FORM))
    logging.basicConfig(level=level, handlers=[handler])
