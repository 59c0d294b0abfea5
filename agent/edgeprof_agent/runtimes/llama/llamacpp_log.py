"""llama.cpp's log: warnings go on to standard error, and its own words on the size of its memory are kept.

The size is what was allocated, as llama_kv_cache logs it for each buffer (two decimals of a MiB). A model without
attention logs `RS buffer size` for its recurrent state, one with both logs both.
"""

import re
from typing import TextIO

_WARNING = 3
"""ggml.h: GGML_LOG_LEVEL_WARN 3, ERROR 4, and CONT 5, which continues a line."""
_BUFFER = re.compile(r"(KV|RS) buffer size\s*=\s*([0-9.]+) MiB")
_CELLS = re.compile(r"\(\s*(\d+) cells.*?K \((\w+)\).*?V \((\w+)\)")
_KIB_PER_MIB = 1024


class Log:
    """`hear` is llama.cpp's log callback."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.memory_kib: float | None = None
        self.memory_note = ""

    def forget_memory(self) -> None:
        """Before a context is made."""
        self.memory_kib, self.memory_note = None, ""

    def hear(self, level: int, line: bytes, _: object) -> None:
        text = line.decode(errors="replace")
        if level >= _WARNING:
            self._out.write(text)
            self._out.flush()
        buffer = _BUFFER.search(text)
        if buffer:
            self.memory_kib = (self.memory_kib or 0.0) + float(buffer[2]) * _KIB_PER_MIB
        cells = _CELLS.search(text)
        if cells:
            self.memory_note += f", {cells[1]} cells of {cells[2]} keys and {cells[3]} values"
