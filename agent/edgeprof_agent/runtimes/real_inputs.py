"""A model's own inputs, from the .npz that its manifest names: one array for each input, of that input's shape.

The file comes from elsewhere, so it is looked at before it is believed: no pickles, and no more memory than it may
take, whatever its headers claim. Imports numpy: worker side only.
"""

import zipfile
import zlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np

from edgeprof_agent.runtimes.inputs import Declared, InputSource, Synthetic, Tensor, fixed_shape, sizes_text
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob

MAX_BYTES = 256 * 1024 * 1024
"""Of all arrays together, unpacked."""
_SUFFIX = ".npy"
_UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, NotImplementedError)


def source_of(job: WorkerJob) -> InputSource:
    """The manifest's real inputs where it names some, else synthetic ones."""
    path = job["inputs_path"]
    return Real(Path(path), bool(job["sweep"])) if path else Synthetic(job["protocol"].seed)


class _Header(NamedTuple):
    dtype: "np.dtype[np.generic]"
    shape: tuple[int, ...]


class Real:
    """The arrays of one file. Only their headers are read until `tensors` is called."""

    def __init__(self, path: Path, is_swept: bool = False) -> None:
        self._path = path
        with _reading(path) as archive:
            self._headers = _headers(path.name, archive)
        samples = {header.shape[0] for header in self._headers.values() if header.shape}
        count = samples.pop() if len(samples) == 1 else 1
        repeated = "; repeated along the leading axis at sweep points of another leading size" if is_swept else ""
        self.sentence = f"real: {path.name} ({count} sample{'s' if count != 1 else ''}){repeated}"

    def check(self, declared: Sequence[Declared]) -> None:
        wanted = [each.name for each in declared]
        for name in self._headers:
            if name not in wanted:
                raise self._refused(f"has {name!r}, which is not an input. Inputs: {', '.join(wanted)}.")
        for each in declared:
            if each.name not in self._headers:
                raise self._refused(f"has no array for input {each.name!r}. It has: {', '.join(self._headers)}.")
            held = self._headers[each.name].dtype
            if held != each.dtype:
                raise self._refused(f"has {each.name!r} as {held}, but the model takes {each.dtype}.")

    def shape(self, declared: Declared, requested: Sequence[int] | None) -> list[int]:
        """As asked, else as the array has it. Only a leading size may be asked otherwise than the array has it."""
        array = self._headers[declared.name]
        wanted = fixed_shape(declared.name, declared.sizes, list(array.shape) if requested is None else requested)
        if len(wanted) != len(array.shape) or tuple(wanted[1:]) != array.shape[1:]:
            raise RuntimeFailure(
                "shape_required",
                f"{self._path.name} has {declared.name!r} with sizes {sizes_text(array.shape)}, but "
                f"{sizes_text(wanted)} were requested. Real inputs repeat along their leading axis only.",
            )
        return wanted

    def tensors(self, declared: Sequence[Declared], shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
        """Every input, repeated or cut along its leading axis to the size of its shape."""
        with _reading(self._path) as archive:
            return {each.name: _repeated(_array(archive, each.name), shapes[each.name]) for each in declared}

    def _refused(self, what: str) -> RuntimeFailure:
        return RuntimeFailure("load_error", f"{self._path.name} {what}")


@contextmanager
def _reading(path: Path) -> Generator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _UNREADABLE as error:
        raise RuntimeFailure("load_error", f"Cannot read the real inputs in {path.name}: {error}.") from error


def _headers(file: str, archive: zipfile.ZipFile) -> dict[str, _Header]:
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_BYTES:
        raise RuntimeFailure(
            "load_error",
            f"The real inputs in {file} unpack to {unpacked / 2**20:,.0f} MiB; the limit is {MAX_BYTES // 2**20} MiB.",
        )
    return {_name(member.filename): _checked_header(archive, member) for member in archive.infolist()}


def _checked_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> _Header:
    """Shape and type, once it is sure that the member holds as many bytes as they speak of."""
    with archive.open(member) as stream:
        header = _header(stream)
        begins = stream.tell()
    if header.dtype.hasobject or header.dtype.kind not in "biufc":
        raise ValueError(f"{member.filename} holds {header.dtype}; only numbers can be fed")
    if begins + prod(header.shape) * header.dtype.itemsize != member.file_size or not prod(header.shape):
        raise ValueError(
            f"{member.filename} does not hold the {sizes_text(header.shape)} values that its header declares"
        )
    return header


def _header(stream: IO[bytes]) -> _Header:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"it uses version {version[0]}.{version[1]} of the array format")
    return _Header(dtype, tuple(shape))


def _array(archive: zipfile.ZipFile, name: str) -> Tensor:
    with archive.open(name + _SUFFIX) as stream:
        return np.ascontiguousarray(cast(Tensor, np.lib.format.read_array(stream, allow_pickle=False)))


def _name(member: str) -> str:
    if not member.endswith(_SUFFIX):
        raise ValueError(f"it contains {member}, which is not an array")
    return member.removesuffix(_SUFFIX)


def _repeated(array: Tensor, shape: Sequence[int]) -> Tensor:
    if not shape or array.shape[0] == shape[0]:
        return array
    return np.take(array, np.arange(shape[0]) % array.shape[0], axis=0)
