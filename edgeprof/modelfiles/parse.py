"""Steps through a model file that `inspect` has found whole: ONNX messages, TFLite tables and vectors."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgeprof.modelfiles import onnx_file
from edgeprof.modelfiles.flatbuffer import slot_of
from edgeprof.modelfiles.window import BUFFER_BYTES, FileWindow, PastEnd

Span = tuple[int, int]
"""Where a message begins and where it ends."""

ONNX_GRAPH, ONNX_INITIALIZER = 7, 5
TFLITE_SUBGRAPHS, TFLITE_TENSORS = 2, 0
_VARINT, _BYTES = 0, 2
_MAX_INTS = 1000
"""More than any model has inputs, or an input has sizes."""


@contextmanager
def open_window(path: Path) -> Generator[FileWindow]:
    """The file's window. Raises ModelFileError where the file turns out to have been cut since it was inspected."""
    with path.open("rb") as file:
        window = FileWindow(file, os.fstat(file.fileno()).st_size, path.name)
        try:
            yield window
        except PastEnd:
            raise window.truncated(path.suffix.removeprefix(".").upper()) from None


def messages(window: FileWindow, span: Span, wanted: int) -> Iterator[Span]:
    """The bodies of one field of an ONNX message."""
    at, end = span
    while at < end:
        number, kind, _, body, at = onnx_file.read_field(window, at, end)
        if number == wanted and kind == _BYTES:
            yield body, at


def numbers(window: FileWindow, span: Span, wanted: int) -> Iterator[int]:
    """The values of one integer field of an ONNX message, packed or not."""
    at, end = span
    while at < end:
        number, kind, value, body, at = onnx_file.read_field(window, at, end)
        if number == wanted and kind == _VARINT:
            yield value
        elif number == wanted and kind == _BYTES:
            while body < at:
                value, body = window.varint(body, at)
                yield value


def text(window: FileWindow, span: Span, wanted: int) -> str:
    """The first value of one text field of an ONNX message."""
    return next(texts(window, span, wanted), "")


def texts(window: FileWindow, span: Span, wanted: int) -> Iterator[str]:
    """All values of one text field of an ONNX message."""
    return (decoded(window, *found) for found in messages(window, span, wanted))


def decoded(window: FileWindow, start: int, end: int) -> str:
    """A text, cut where it is longer than any name."""
    return window.read(start, min(end - start, BUFFER_BYTES)).decode(errors="replace")


def table(window: FileWindow, at: int) -> int:
    """What the TFLite offset at `at` points to."""
    return at + window.u32(at)


def elements(window: FileWindow, owner: int, number: int) -> range:
    """Where the four-byte elements of a TFLite table's vector lie."""
    slot = slot_of(window, owner, number)
    if not slot:
        return range(0)
    at = table(window, slot)
    return range(at + 4, at + 4 + 4 * window.u32(at), 4)


def table_text(window: FileWindow, owner: int, number: int) -> str:
    """A text field of a flatbuffer's table; empty where it is absent."""
    slot = slot_of(window, owner, number)
    return text_at(window, table(window, slot)) if slot else ""


def text_at(window: FileWindow, at: int) -> str:
    """A flatbuffer's text by its own offset."""
    return decoded(window, at + 4, at + 4 + window.u32(at))


def ints(window: FileWindow, owner: int, number: int) -> list[int]:
    """A TFLite vector of 32-bit integers."""
    return [window.i32(at) for at in elements(window, owner, number)[:_MAX_INTS]]
