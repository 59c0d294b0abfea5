"""A model's own inputs, from the .npz that its manifest names: one array for each input, of that input's shape.

A sequence `x` has the arrays `x.0`, `x.1` and so on; an optional input may be left out. Texts are arrays of fixed
width. What numpy has no type for is given as float32 or int8 values, or as its raw bits.

The file comes from elsewhere, so it is looked at before it is believed: no pickles, and no more memory than it may
take, whatever its headers claim. Imports numpy: worker side only.
"""

import itertools
import zipfile
import zlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np

from edgeprof_agent.runtimes.element_types import Tensor
from edgeprof_agent.runtimes.inputs import Declared, Feed, sizes_text
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

MAX_BYTES = 256 * 1024 * 1024
"""Of all arrays together, unpacked."""
_SUFFIX = ".npy"
_UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, NotImplementedError)


class _Header(NamedTuple):
    dtype: "np.dtype[np.generic]"
    shape: tuple[int, ...]


class Real:
    """The arrays of one file. Only their headers are read until `feeds` is called."""

    def __init__(self, path: Path, is_swept: bool = False) -> None:
        self._path = path
        with _reading(path) as archive:
            self._headers = _headers(path.name, archive)
        samples = {header.shape[0] for header in self._headers.values() if header.shape}
        count = samples.pop() if len(samples) == 1 else 1
        repeated = "; repeated along the leading axis at sweep points of another leading size" if is_swept else ""
        self.sentence = f"real: {path.name} ({count} sample{'s' if count != 1 else ''}){repeated}"

    def check(self, declared: Sequence[Declared]) -> None:
        """Raises RuntimeFailure `load_error` unless the file has what every one of these inputs takes."""
        wanted = [each.name for each in declared]
        for name in self._headers:
            if name not in wanted and not any(name in self._members(each) for each in declared):
                raise self._refused(f"has {name!r}, which is not an input. Inputs: {', '.join(wanted)}.")
        for each in declared:
            members = self._members(each)
            if not members and each.container.startswith("optional"):
                continue
            if not members:
                how = " as NAME.0, NAME.1" if each.container == "sequence" else ""
                raise self._refused(f"has no array for input {each.name!r}{how}. It has: {', '.join(self._headers)}.")
            for member in members:
                self._check_type(each, member)

    def sizes(self, declared: Sequence[Declared]) -> dict[str, tuple[int, ...]]:
        """The sizes of the arrays, by input; nothing for sequences, and for what is left out."""
        return {
            each.name: self._headers[each.name].shape
            for each in declared
            if each.name in self._headers and not each.container.endswith("sequence")
        }

    def check_sizes(self, each: Declared, wanted: Sequence[int]) -> None:
        """Only a leading size may differ from the array's. Raises RuntimeFailure `shape_required`."""
        array = self._headers[each.name]
        if len(wanted) != len(array.shape) or tuple(wanted[1:]) != array.shape[1:]:
            raise RuntimeFailure(
                "shape_required",
                f"{self._path.name} has {each.name!r} with sizes {sizes_text(array.shape)}, but "
                f"{sizes_text(wanted)} were requested. Real inputs repeat along their leading axis only.",
            )

    def feeds(self, declared: Sequence[Declared], shapes: Mapping[str, Sequence[int]]) -> dict[str, Feed]:
        """Every input, repeated or cut along its leading axis to the size of its shape."""
        with _reading(self._path) as archive:
            return {each.name: self._feed(archive, each, shapes.get(each.name)) for each in declared}

    def _feed(self, archive: zipfile.ZipFile, each: Declared, shape: Sequence[int] | None) -> Feed:
        members = self._members(each)
        if each.container.endswith("sequence"):
            return [_array(archive, member) for member in members] if members else None
        return _repeated(_array(archive, each.name), shape or []) if members else None

    def _members(self, each: Declared) -> list[str]:
        """The arrays of an input, in order."""
        if not each.container.endswith("sequence"):
            return [each.name] if each.name in self._headers else []
        numbered = (f"{each.name}.{number}" for number in range(len(self._headers)))
        return list(itertools.takewhile(self._headers.__contains__, numbered))

    def _check_type(self, each: Declared, member: str) -> None:
        held = self._headers[member].dtype
        if each.takes_text:
            fits = held.kind in "US"
        else:
            fits = held == each.dtype or (each.element is not None and _is_raw(held, each))
        if not fits:
            raise self._refused(f"has {member!r} as {held}, but the model takes {each.type_name}{_instead(each)}.")

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
    if not _is_plain(header.dtype):
        raise ValueError(f"{member.filename} holds {header.dtype}; only numbers and texts of fixed width can be fed")
    if begins + prod(header.shape) * header.dtype.itemsize != member.file_size:
        raise ValueError(
            f"{member.filename} does not hold the {sizes_text(header.shape)} values that its header declares"
        )
    if prod(max(1, size) for size in header.shape) * header.dtype.itemsize > MAX_BYTES:  # one of no values, too
        raise ValueError(f"{member.filename} has sizes beyond any limit: {sizes_text(header.shape)}")
    return header


def _is_plain(dtype: "np.dtype[np.generic]") -> bool:
    """Numbers, texts of a fixed width above 0, or raw bits: nothing that unpickles, nests or takes no bytes."""
    is_simple = dtype.fields is None and dtype.subdtype is None and not dtype.hasobject
    return is_simple and dtype.kind in "biufcUSV" and dtype.itemsize > 0


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
        return np.asarray(cast(Tensor, np.lib.format.read_array(stream, allow_pickle=False)), order="C")


def _name(member: str) -> str:
    if not member.endswith(_SUFFIX):
        raise ValueError(f"it contains {member}, which is not an array")
    return member.removesuffix(_SUFFIX)


def _repeated(array: Tensor, shape: Sequence[int]) -> Tensor:
    if not shape or not array.shape or array.shape[0] in (0, shape[0]):
        return array
    return np.take(array, np.arange(shape[0]) % array.shape[0], axis=0)


def _is_raw(held: "np.dtype[np.generic]", each: Declared) -> bool:
    """Bits of a type that numpy lacks: unsigned, or void as ml_dtypes saves them."""
    return each.element is not None and held.kind in "uV" and held.itemsize * 8 == each.element.bits


def _instead(each: Declared) -> str:
    return f", given as {each.dtype} values" if each.element is not None else ""
