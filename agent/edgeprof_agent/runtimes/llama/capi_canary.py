"""Which bytes of a structure the library writes, found by letting it write over two patterns. The rules are pure.

A byte that is the same after both was written. So the end of the structure is seen, and every gap within it: a field
that this side does not know leaves a written byte where it expects none, and one that the library does not know leaves
a hole.
"""

import ctypes
import mmap
import os
import platform
from collections.abc import Mapping

ROOM = 512
"""Bytes; three times what the larger structure takes."""
PATTERNS = (0xAA, 0x55)
_INTO_X8 = bytes.fromhex("e80300aa20001fd6")
"""`mov x8, x0; br x1`. AArch64 returns a large structure through x8 (AAPCS64 6.9), which no C argument reaches."""


class NotProven(Exception):
    """Why the library is not used by its C interface: one sentence."""


def struct_problem(kind: type[ctypes.Structure], first: bytes, second: bytes) -> str | None:
    """What speaks against `kind` as the layout of what the library wrote over the two patterns; None: nothing."""
    written = {at for at in range(len(first)) if first[at] == second[at]}
    expected = _bytes_of(kind)
    if written == expected:
        return None
    name = kind.__name__
    end, own_end = max(written, default=-1) + 1, max(expected) + 1
    if end != own_end:
        return f"{name}: the library writes {end} bytes, the layout ends at {own_end}"
    odd = min(written ^ expected)
    what = "padding is written" if odd in written else "a field is not written"
    return f"{name}: {what} at byte {odd}"


def defaults_problem(params: ctypes.Structure, defaults: Mapping[str, float]) -> str | None:
    """The first field that does not hold llama.cpp's default, or pointer that is not null."""
    for name, kind, *_ in type(params)._fields_:
        value = getattr(params, name)
        expected = defaults.get(name, 0)
        if (float(value) if isinstance(value, (int, float)) else float(bool(value))) != expected:
            kind_name = type(params).__name__
            return f"{kind_name}.{name} is {value!r} ({kind.__name__}) where llama.cpp's default is {expected:g}"
    return None


def returned_twice(function: int) -> tuple[bytes, bytes]:
    """What a function at this address, which returns a large structure, leaves in a buffer of each pattern."""
    call = _caller(function)
    buffers = [ctypes.create_string_buffer(bytes([pattern]) * ROOM, ROOM) for pattern in PATTERNS]
    for buffer in buffers:
        call(ctypes.addressof(buffer))
    return buffers[0].raw, buffers[1].raw


class _Caller:
    """Calls a function with the address where it shall leave its structure."""

    def __init__(self, entry: int, *more: int) -> None:
        self._call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (1 + len(more)))(entry)
        self._more = more

    def __call__(self, buffer: int) -> None:
        self._call(buffer, *self._more)


def _caller(function: int) -> _Caller:
    machine = platform.machine()
    if machine in ("x86_64", "AMD64"):  # System V: the address is a hidden first argument
        return _Caller(function)
    if machine in ("aarch64", "arm64"):
        return _Caller(_executable(_INTO_X8), function)
    raise NotProven(f"the layout cannot be checked on {machine}: only on x86_64 and aarch64")


def _executable(code: bytes) -> int:
    """The address of code that is mapped for execution, never writable; it stays mapped."""
    fd = os.memfd_create("edgeprof")
    try:
        os.write(fd, code)
        c_library = ctypes.CDLL(None, use_errno=True)
        c_library.mmap.restype = ctypes.c_void_p
        c_library.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        address = c_library.mmap(None, len(code), mmap.PROT_READ | mmap.PROT_EXEC, mmap.MAP_PRIVATE, fd, 0)
    finally:
        os.close(fd)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise NotProven(f"this system maps no code for the check: {os.strerror(ctypes.get_errno())}")
    return address


def _bytes_of(kind: type[ctypes.Structure]) -> set[int]:
    """Those that belong to a field."""
    found: set[int] = set()
    for name, *_ in kind._fields_:
        field = getattr(kind, name)
        found.update(range(field.offset, field.offset + field.size))
    return found
