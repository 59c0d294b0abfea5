"""What a terminal bears: its width, and colours where it shows them and nobody switched them off."""

import os
import shutil
import textwrap
from collections.abc import Callable
from typing import TextIO

PIPE_WIDTH = 100
"""Where there is no terminal and COLUMNS is not set."""
_STYLES = {"good": "\x1b[32m", "doubt": "\x1b[33m", "bad": "\x1b[31m"}
_END = "\x1b[0m"


def terminal_width() -> int:
    """Columns of the terminal, or COLUMNS."""
    return shutil.get_terminal_size((PIPE_WIDTH, 24)).columns


def fitted(text: str, stream: TextIO) -> str:
    """Long lines go on below, indented, on a terminal. A file keeps each line whole, to be searched."""
    if not stream.isatty():
        return text
    width = terminal_width()
    return "\n".join(each for line in text.split("\n") for each in _wrapped(line, width))


def _wrapped(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True)


def has_colours(stream: TextIO) -> bool:
    """Whether escapes may be written: a terminal that is not `dumb`, without NO_COLOR (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painter(stream: TextIO) -> Callable[[str, str], str]:
    """Colours a text by its style (`good`, `doubt`, `bad`); without colours it stays as it is."""
    if not has_colours(stream):
        return lambda text, _: text
    return lambda text, style: f"{_STYLES[style]}{text}{_END}" if text else text
