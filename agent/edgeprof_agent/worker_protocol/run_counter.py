"""How many runs have gone well, kept where the parent finds it after a crash: a file of 8 bytes, mapped.

A store to it takes some 50 ns, outside of what is timed. The parent reads the file once the worker is dead.
"""

import mmap
from array import array
from collections.abc import MutableSequence
from typing import cast

COUNTER_FILE = "runs"
"""In the worker's own working folder."""


def open_counter() -> MutableSequence[int]:
    """One number, 0. Where the file cannot be made the count is kept for nobody."""
    try:
        with open(COUNTER_FILE, "w+b") as file:
            file.truncate(8)
            return cast("MutableSequence[int]", memoryview(mmap.mmap(file.fileno(), 8)).cast("q"))
    except OSError:
        return array("q", [0])
