"""A file read at any offset through one small buffer, so that a hostile file costs no memory.

A memory map would be shorter, but kills the process when the file shrinks under it.
"""

import struct
from typing import BinaryIO

from edgeprof.errors import EdgeprofError
from edgeprof.wire.failures import FailureCode

BUFFER_BYTES = 64 * 1024
MAX_STEPS = 5_000_000
"""Far above the largest real model's count of fields; a file built to keep a reader busy ends here."""


class ModelFileError(EdgeprofError):
    """A file that cannot be taken as a model; `code` is one of the closed failure codes."""

    def __init__(self, code: FailureCode, message: str) -> None:
        super().__init__(code, message)


class PastEnd(Exception):
    """What was asked for lies behind the last byte: the file is shorter than it says."""


class FileWindow:
    """Bytes and little-endian numbers at offsets of one open file of a known size."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.size = size
        self.name = name
        self._file = file
        self._start = 0
        self._buffer = b""
        self._steps = 0

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes (at most one buffer's worth) at `offset`."""
        at = offset - self._start
        if not 0 <= at <= len(self._buffer) - length:
            self._fill(offset, length)
            at = 0
        return self._buffer[at : at + length]

    def u16(self, offset: int) -> int:
        return int.from_bytes(self.read(offset, 2), "little")

    def u32(self, offset: int) -> int:
        return int.from_bytes(self.read(offset, 4), "little")

    def i32(self, offset: int) -> int:
        return int(struct.unpack("<i", self.read(offset, 4))[0])

    def u64(self, offset: int) -> int:
        return int.from_bytes(self.read(offset, 8), "little")

    def varint(self, offset: int, end: int) -> tuple[int, int]:
        """A protobuf varint and the offset behind it."""
        value = shift = 0
        for position in range(offset, min(offset + 10, end)):
            at = position - self._start
            if not 0 <= at < len(self._buffer):
                self._fill(position, 1)
                at = 0
            byte = self._buffer[at]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position + 1
            shift += 7
        if end - offset >= 10:
            raise self.damaged("it has a number wider than 64 bits")
        raise PastEnd

    def must_reach(self, end: int) -> None:
        """Something ends at offset `end`; raises PastEnd when the file does not go that far."""
        if end > self.size:
            raise PastEnd

    def step(self) -> None:
        """Counts one thing walked over; raises when there are more than any real model has."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise self.damaged(f"it has more than {MAX_STEPS:,} entries")

    def damaged(self, why: str) -> ModelFileError:
        """The error for contents that contradict themselves."""
        return ModelFileError("not_a_model", f"{self.name} is damaged or not a model: {why}.")

    def truncated(self, format_name: str) -> ModelFileError:
        """The error for a file that ends too early."""
        return ModelFileError(
            "truncated",
            f"{self.name} is truncated: its {format_name} contents continue after its last byte ({self.size:,} "
            "bytes are here). Copy or download it again.",
        )

    def _fill(self, offset: int, length: int) -> None:
        if offset < 0 or length > BUFFER_BYTES:
            raise ValueError(f"cannot read {length} bytes at {offset}")
        self.must_reach(offset + length)
        self._file.seek(offset)
        self._buffer = self._file.read(BUFFER_BYTES)
        self._start = offset
        if len(self._buffer) < length:  # the file was cut while it was being read
            raise PastEnd
