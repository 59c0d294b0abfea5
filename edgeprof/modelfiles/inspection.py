"""The one entry: a path on disk becomes a format and a manifest, or a sentence that says what is wrong with it."""

import hashlib
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from edgeprof.modelfiles import (
    external_data,
    gguf_file,
    gguf_kind,
    gguf_split,
    onnx_file,
    ort_file,
    served_file,
    tflite_file,
)
from edgeprof.modelfiles.window import FileWindow, ModelFileError
from edgeprof.wire.formats import FORMATS, INPUTS_SUFFIX, TITLES, is_language
from edgeprof.wire.identity import ANSWER_SUFFIXES, manifest_of
from edgeprof.wire.messages import FileRef, Manifest, ModelFormat

HEAD_BYTES = 32
_CHUNK_BYTES = 256 * 1024

_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive (or a PyTorch file). Unpack or export it first"),
    (b"version https://git-lfs", "only a Git LFS pointer. Run `git lfs pull` to get the model itself"),
    (b"<!DOCTYPE", "a web page. The download went wrong"),
    (b"<html", "a web page. The download went wrong"),
    (b"\x1f\x8b", "a gzip archive. Unpack it first"),
    (b"ggjt", "a llama.cpp model from before GGUF. Convert it again"),
    (b"\x89HDF", "a Keras file. Export it to TFLite or ONNX"),
)


@dataclass(frozen=True)
class ModelFile:
    """A whole model on disk: the paths of its manifest are relative to `folder`."""

    format: ModelFormat
    manifest: Manifest
    folder: Path
    gguf: gguf_file.GgufContents | None = field(default=None, compare=False, repr=False)
    """What a GGUF file says of itself, its tensors counted over all parts."""


class _Recognised(NamedTuple):
    format: ModelFormat
    external_bytes: dict[str, int]
    """External files by location, with how many bytes of each are needed."""
    gguf: gguf_file.GgufContents | None = None


def inspect(path: Path) -> ModelFile:
    """What the model file at `path` is. Raises EdgeprofError, its code one of the closed failure codes."""
    named = format_of_name(path)
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise ModelFileError("not_a_model", f"{path.name} is empty.")
        window = FileWindow(file, size, path.name)
        found = _recognised(window, named)
        if named and named != found.format:
            raise ModelFileError(
                "wrong_format",
                f"{path.name} contains {TITLES[found.format]} data. Rename it to end in .{found.format}.",
            )
        parts = list(_gguf_parts(path, found.gguf)) if found.gguf else []
        entry = _file_ref(file, path.name)
    files = [entry, *parts, *_external_refs(path, found.external_bytes), *_companion_refs(path, found.format)]
    return ModelFile(found.format, manifest_of(path.name, files), path.parent, found.gguf)


def first_look(head: bytes, name: str) -> None:
    """Refuse by its first `HEAD_BYTES` what is surely no model. ONNX has no magic, see `inspect`.

    Raises ModelFileError. A file that is no entry (external data, inputs) has no format that it could miss.
    """
    named = format_of_name(Path(name))
    if named is None:
        return
    magics = {
        "gguf": (0, gguf_file.MAGIC),
        "tflite": (tflite_file.MAGIC_AT, tflite_file.MAGIC),
        "ort": (ort_file.MAGIC_AT, ort_file.MAGIC),
    }
    for known, (at, magic) in magics.items():
        if (_begins(head, at, magic, named == known)) != (named == known):
            wanted = TITLES[named]
            raise ModelFileError(
                "wrong_format", f"{name} is named as a {wanted} file, but its first bytes are not {wanted}."
            )
    _refuse_stranger(head, name)


def format_of_name(path: Path) -> ModelFormat | None:
    """What a file's name promises."""
    suffix = path.suffix.lower().removeprefix(".")
    for known in FORMATS:
        if suffix == known:
            return known
    return None


def _recognised(window: FileWindow, named: ModelFormat | None) -> _Recognised:
    """The format by content. What the name promises decides the sentence."""
    head = window.read(0, min(window.size, HEAD_BYTES))
    if _begins(head, 0, gguf_file.MAGIC, named == "gguf"):
        return _Recognised("gguf", {}, gguf_file.check(window))
    if _begins(head, tflite_file.MAGIC_AT, tflite_file.MAGIC, named == "tflite"):
        tflite_file.check(window)
        return _Recognised("tflite", {})
    if _begins(head, ort_file.MAGIC_AT, ort_file.MAGIC, named == "ort"):
        ort_file.check(window)
        return _Recognised("ort", {})
    if named == "served" or head.startswith(served_file.BEGINS):
        served_file.check(window)
        return _Recognised("served", {})
    _refuse_stranger(head, window.name)
    try:
        return _Recognised("onnx", onnx_file.check(window).needed_bytes)
    except ModelFileError as error:
        if named == "onnx" or error.code == "external_data_outside":
            raise
        wanted = TITLES[named] if named else "ONNX, TFLite, GGUF or ORT"
        raise ModelFileError("not_a_model", f"{window.name} contains no {wanted} model.") from error


def _refuse_stranger(head: bytes, name: str) -> None:
    for magic, what in _STRANGERS:
        if head.startswith(magic):
            raise ModelFileError("not_a_model", f"{name} is not a model but {what}.")


def _begins(head: bytes, at: int, magic: bytes, is_named: bool) -> bool:
    """Whether a file begins with a format's magic; a file cut inside it counts if its name says so."""
    found = head[at : at + len(magic)]
    return found == magic or (is_named and len(head) < at + len(magic) and magic.startswith(found))


def _gguf_parts(path: Path, first: gguf_file.GgufContents) -> Iterator[FileRef]:
    """The other parts of a split model, whose tensors are added to those of the first."""
    for part in gguf_split.other_parts(path, first):
        with _opened(part) as file:
            contents = gguf_file.check(FileWindow(file, os.fstat(file.fileno()).st_size, part.name))
            gguf_split.check_part(part, contents, first)
            first.elements.update(contents.elements)
            first.tensor_count += contents.tensor_count
            yield _file_ref(file, part.name)
    gguf_kind.check_measurable(path.name, first)


def _external_refs(path: Path, needed_bytes: dict[str, int]) -> Iterator[FileRef]:
    for location, count in needed_bytes.items():
        with _opened(external_data.checked(path.parent, location, count, path.name)) as file:
            yield _file_ref(file, location)


def _companion_refs(path: Path, model_format: ModelFormat) -> Iterator[FileRef]:
    """Real inputs and what answers need, next to a model that takes tensors. The worker checks what is in them."""
    if is_language(model_format):
        return
    for suffix in (INPUTS_SUFFIX, *ANSWER_SUFFIXES):
        companion = path.with_name(path.stem + suffix)
        if companion.exists():
            with _opened(companion) as file:
                yield _file_ref(file, companion.name)


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    """The regular file at `path`, open for reading; never waits at a pipe or a device."""
    try:
        os.path.abspath(path).encode()  # a name that is no text could be told to nobody, nor to any runtime
        with open(path, "rb", opener=_open_at_once) as file:
            yield file
    except (OSError, ValueError) as error:
        raise ModelFileError("not_a_model", f"Cannot read {str(path)!r}: {_reason(error)}.") from error


def _open_at_once(name: str, flags: int) -> int:
    descriptor = os.open(name, flags | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise ModelFileError("not_a_model", f"{name} is a folder. Name the model file inside it.")
    raise ModelFileError("not_a_model", f"{name} is not a regular file.")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "this user has no permission to read it"
    return error.strerror or "the system refused" if isinstance(error, OSError) else "its name is not valid text"


def _file_ref(file: BinaryIO, name: str) -> FileRef:
    digest = hashlib.sha256()
    size = 0
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return FileRef(path=name, size=size, sha256=digest.hexdigest())
