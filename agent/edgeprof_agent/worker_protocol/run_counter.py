"""How many runs have gone well, kept where the parent finds it after a crash: a file of 8 bytes, mapped.

A store to it takes some 50 ns, outside of what is timed. The parent reads the file once the worker is dead.
"""

import mmap
import os
from array import array
from collections.abc import MutableSequence
from typing import cast

COUNTER_FILE = "runs"
"""In the worker's own working folder; of a sandboxed one a link to a file in memory."""


def open_counter() -> MutableSequence[int]:
    """One number, 0. Where the file cannot be made the count is kept for nobody."""
    try:
        fd = os.open(COUNTER_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(fd, 8)  # to the length that it has, where it is a sandbox's: that one cannot change it
            return cast("MutableSequence[int]", memoryview(mmap.mmap(fd, 8)).cast("q"))
        finally:
            os.close(fd)
    except OSError:
        return array("q", [0])
