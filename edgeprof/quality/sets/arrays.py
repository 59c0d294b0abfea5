"""The array of a set's rows: NumPy's .npy form 1.0, written and looked into without numpy.

Format: numpy.lib.format. The first dimension counts the rows; values are in C order, little-endian.
"""

import ast
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from edgeprof.quality.tasks.base import BadItem

ROWS_FILE = "files/rows.npy"
"""Where an import puts the rows; a set names its own in `preparation["array"]`."""

_MAGIC = b"\x93NUMPY"
_MAX_HEADER_BYTES = 1 << 16
_ALIGN = 64


def npy_bytes(values: bytes, descr: str, shape: Sequence[int]) -> bytes:
    """A .npy file of these values. `descr`: `|u1` or `<f4`; `values`: as many bytes as the shape takes.

    >>> npy_bytes(bytes(6), "|u1", (3, 2))[:6]
    b'\\x93NUMPY'
    """
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    padding = -(len(_MAGIC) + 4 + len(text) + 1) % _ALIGN
    header = (text + " " * padding + "\n").encode("latin-1")
    return _MAGIC + b"\x01\x00" + struct.pack("<H", len(header)) + header + values


def npy_shape(path: Path) -> tuple[int, ...]:
    """The shape that a .npy file states. Raises BadItem where it is none, or shorter than it says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(10)
        if head[6:7] != b"\x01":
            head += file.read(2)  # from version 2.0 the header's length has 4 bytes
        if head[:6] != _MAGIC or len(head) < (10 if head[6:7] == b"\x01" else 12):
            raise BadItem("not a .npy file. Write it with numpy.save")
        length = int.from_bytes(head[8:], "little")
        if length > _MAX_HEADER_BYTES:
            raise BadItem("the header of the .npy file is too long. Write it with numpy.save")
        text = file.read(length).decode("latin-1")
        start = file.tell()
    descr, shape, fortran = _header(text)
    width = int(descr[2:])
    count = width
    for each in shape:
        count *= each
    if fortran or not shape or size - start != count:
        raise BadItem(f"the .npy file has {size - start:,} bytes of values; {descr} of shape {shape} has {count:,}")
    return shape


def _header(text: str) -> tuple[str, tuple[int, ...], bool]:
    try:
        found = cast("dict[str, Any]", ast.literal_eval(text))
        descr, shape, fortran = found["descr"], tuple(found["shape"]), bool(found["fortran_order"])
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise BadItem("the header of the .npy file cannot be read. Write it with numpy.save") from error
    known = (
        isinstance(descr, str)
        and descr[:2] in ("|u", "|i", "|b", "<f", "<i", "<u")
        and descr[2:] in ("1", "2", "4", "8")
    )
    if not known or not all(isinstance(each, int) and each >= 0 for each in shape):
        raise BadItem(f"values of type {descr!r} cannot be used. Save them as uint8 or float32")
    return descr, shape, fortran
