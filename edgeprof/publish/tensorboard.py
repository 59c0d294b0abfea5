"""Results as TensorBoard event files, by the standard library: a folder for each cell, a step for each result.

A file is a row of TFRecords (length, masked CRC-32C of it, data, masked CRC-32C of the data; tensorflow/core/lib/io,
record_writer.h), each an `Event` (tensorflow/core/util/event.proto) with one scalar for each figure.
"""

import json
import re
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from edgeprof.publish.mark import last_seq, set_last_seq

MAX_OPEN = 200
_VERSION = b"brain.Event:2"
_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78

Row = Mapping[str, Any]


def publish_all(folder: Path, lines: Callable[[int], Iterable[bytes]], say: Callable[[int], None]) -> int:
    """Every result after the newest that is there. `lines`: the hub's NDJSON after a `seq`. Returns how many."""
    count, writers = 0, _Writers(folder, time.time())
    try:
        rows = (json.loads(line) for line in lines(last_seq(folder)))
        for seq, group in groupby(rows, key=lambda row: int(row["seq"])):
            found = list(group)
            writers.add(_run_of(found[0]), event(found[0]["received_s"], seq, _scalars(found)))
            count += 1
            say(seq)
            writers.last_seq = seq
    finally:
        writers.close()
    return count


class _Writers:
    """Event files by the cell's folder; only so many are open at once, and the mark is written after all else."""

    def __init__(self, folder: Path, now_s: float) -> None:
        self._folder = folder
        self._name = f"events.out.tfevents.{int(now_s)}.{int(now_s % 1 * 1e6):06}.edgeprof"
        self._open: dict[str, BinaryIO] = {}
        self.last_seq: int | None = None

    def add(self, run: str, data: bytes) -> None:
        """One event of this cell."""
        stream = self._open.get(run) or self._opened(run)
        stream.write(record(data))

    def _opened(self, run: str) -> BinaryIO:
        if len(self._open) >= MAX_OPEN:
            self._close_files()
        path = self._folder / run / self._name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        stream = self._open[run] = path.open("ab")
        if is_new:
            stream.write(record(struct.pack("<Bd", 0x09, time.time()) + _field(3, _VERSION)))
        return stream

    def close(self) -> None:
        """Finish the files, then say how far they go."""
        self._close_files()
        if self.last_seq is not None:
            set_last_seq(self._folder, self.last_seq)

    def _close_files(self) -> None:
        for stream in self._open.values():
            stream.close()
        self._open.clear()


def event(wall_s: float, step: int, scalars: Mapping[str, float]) -> bytes:
    """An `Event`: wall_time (1), step (2), summary (5) of values with a tag (1) and a simple_value (2)."""
    values = b"".join(
        _field(1, _field(1, tag.encode()) + struct.pack("<Bf", 0x15, value)) for tag, value in scalars.items()
    )
    return struct.pack("<Bd", 0x09, wall_s) + b"\x10" + _varint(step) + _field(5, values)


def record(data: bytes) -> bytes:
    """A TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def masked_crc(data: bytes) -> int:
    """CRC-32C (Castagnoli), rotated and shifted as TFRecords have it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = tuple(map(_table_entry, range(256)))


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _run_of(row: Row) -> str:
    """`pi5/mobilenet-int8-3fa91c0d`, safe as a path whatever names hold."""
    device = _tidy(f"{row['device'] or row['device_id']}")
    return f"{device}/{_tidy(str(row['model']))}-{row['config_key'][:8]}"


def _tidy(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "unnamed"


def _scalars(rows: Iterable[Row]) -> dict[str, float]:
    """By metric; a failed run has the one figure that it failed."""
    found = {row["metric"]: row["value"] for row in rows if row["metric"] is not None}
    return found or {"failed": 1.0}
