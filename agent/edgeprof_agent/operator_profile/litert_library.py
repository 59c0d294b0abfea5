"""LiteRT's C interface in the wheel's libLiteRt.so, by ctypes: a compiled model with the profiler that Python lacks.

Names and arguments from litert/c/*.h of github.com/google-ai-edge/LiteRT. The layout of an event is proven with each
profile: see `_checked`.
"""

import ctypes
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_LIBRARY = "libLiteRt.so"
_CPU = 1
"""kLiteRtHwAcceleratorCpu."""
_LOCK_WRITE = 1
_RANKED_TYPE_BYTES = 512
"""More than the structure has; it is handed back as it came."""
_PATTERNS = (0xAA, 0x55)

OPERATOR, DELEGATE_OPERATOR, DELEGATE_PROFILED = 2, 4, 8
"""Event types of tflite::Profiler: a node of the interpreter, one within a delegate, a delegate's kernel."""
WHOLE = "Invoke"
_TELEMETRY = 32


class _Event(ctypes.Structure):
    """`ProfiledEventData` as the shared library has it: 104 bytes. The public C header's memory figures are shorter."""

    _fields_ = (
        ("tag", ctypes.c_void_p),
        ("type", ctypes.c_uint32),
        ("start_us", ctypes.c_uint64),
        ("elapsed_us", ctypes.c_uint64),
        ("before", ctypes.c_int64 * 3),
        ("after", ctypes.c_int64 * 3),
        ("metadata", ctypes.c_uint64 * 2),
        ("source", ctypes.c_uint32),
    )


class Event(NamedTuple):
    """One entry of a profile. `start_us` is 0 for a delegate's kernels."""

    tag: str
    type: int
    start_us: int
    elapsed_us: int


class CompiledModel:
    """A model compiled for the CPU, its first signature's buffers, and the profiler. Raises RuntimeFailure."""

    def __init__(self, path: str, threads: int) -> None:
        self._library = ctypes.CDLL(str(library_path()))
        environment, model, options, self._model = (ctypes.c_void_p() for _ in range(4))
        self._call("LiteRtCreateEnvironment", 0, None, ctypes.byref(environment))
        self._call("LiteRtCreateModelFromFile", environment, path.encode(), ctypes.byref(model))
        self._call("LiteRtCreateOptions", ctypes.byref(options))
        self._call("LiteRtSetOptionsHardwareAccelerators", options, _CPU)
        self._add(options, b"runtime_options_string", b"enable_profiling = true\n")
        self._add(options, b"xnnpack", b"num_threads = %d\n" % threads)
        self._call("LiteRtCreateCompiledModel", environment, model, options, ctypes.byref(self._model))
        self._signature = ctypes.c_void_p()
        self._call("LiteRtGetModelSignature", model, ctypes.c_size_t(0), ctypes.byref(self._signature))
        self.input_names, self._inputs = self._buffers("Input", environment)
        _, self._outputs = self._buffers("Output", environment)
        self._profiler = ctypes.c_void_p()
        self._call("LiteRtCompiledModelGetProfiler", self._model, ctypes.byref(self._profiler))

    def feed(self, inputs: Sequence[bytes]) -> None:
        """Bytes of each input, in the order of `input_names`."""
        for buffer, data in zip(self._inputs, inputs, strict=True):
            handle, room, at = ctypes.c_void_p(buffer), ctypes.c_size_t(), ctypes.c_void_p()
            self._call("LiteRtGetTensorBufferPackedSize", handle, ctypes.byref(room))
            if room.value != len(data):
                raise RuntimeFailure(
                    "input_unsupported",
                    f"LiteRT's profiler takes the sizes that the file declares: {room.value} bytes, not {len(data)}.",
                )
            self._call("LiteRtLockTensorBuffer", handle, ctypes.byref(at), _LOCK_WRITE)
            ctypes.memmove(at, data, len(data))
            self._call("LiteRtUnlockTensorBuffer", handle)

    def run(self) -> None:
        """One inference."""
        count_in, count_out = (ctypes.c_size_t(len(each)) for each in (self._inputs, self._outputs))
        self._call(
            "LiteRtRunCompiledModel",
            *(self._model, ctypes.c_size_t(0), count_in, self._inputs, count_out, self._outputs),
        )

    def start(self) -> None:
        """The profiler, from nothing."""
        self._call("LiteRtResetProfiler", self._profiler)
        self._call("LiteRtStartProfiler", self._profiler)

    def stop(self) -> list[Event]:
        """The profiler, and what it saw since `start`, in order."""
        self._call("LiteRtStopProfiler", self._profiler)
        count = ctypes.c_int()
        self._call("LiteRtGetNumProfilerEvents", self._profiler, ctypes.byref(count))
        if not count.value:
            raise RuntimeFailure("inference_error", "LiteRT's profiler recorded no event.")
        room = (_Event * (count.value + 1))()
        for pattern in _PATTERNS:
            ctypes.memset(room, pattern, ctypes.sizeof(room))
            self._call("LiteRtGetProfilerEvents", self._profiler, count, room)
            if bytes(room)[-ctypes.sizeof(_Event) :] != bytes([pattern]) * ctypes.sizeof(_Event):
                raise _other_layout("it writes behind its last event")
        return _checked([room[place] for place in range(count.value)])

    def _add(self, options: ctypes.c_void_p, identifier: bytes, text: bytes) -> None:
        """The library frees the text with C's own `free`."""
        c_library = ctypes.CDLL(None)
        c_library.strdup.restype = ctypes.c_void_p
        payload = ctypes.c_void_p(c_library.strdup(text))
        opaque = ctypes.c_void_p()
        free = ctypes.cast(c_library.free, ctypes.c_void_p)
        self._call("LiteRtCreateOpaqueOptions", identifier, payload, free, ctypes.byref(opaque))
        self._call("LiteRtAddOpaqueOptions", options, opaque)

    def _buffers(self, kind: str, environment: ctypes.c_void_p) -> "tuple[list[str], ctypes.Array[ctypes.c_void_p]]":
        count = ctypes.c_size_t()
        self._call(f"LiteRtGetNumSignature{kind}s", self._signature, ctypes.byref(count))
        names: list[str] = []
        found = (ctypes.c_void_p * count.value)()
        for index in range(count.value):
            place = ctypes.c_size_t(index)
            tensor, name, needs, buffer = ctypes.c_void_p(), ctypes.c_char_p(), ctypes.c_void_p(), ctypes.c_void_p()
            self._call(f"LiteRtGetSignature{kind}TensorByIndex", self._signature, place, ctypes.byref(tensor))
            self._call("LiteRtGetTensorName", tensor, ctypes.byref(name))
            names.append((name.value or b"").decode(errors="replace"))
            ranked = ctypes.create_string_buffer(_RANKED_TYPE_BYTES)
            self._call("LiteRtGetRankedTensorType", tensor, ranked)
            get = f"LiteRtGetCompiledModel{kind}BufferRequirements"
            self._call(get, self._model, ctypes.c_size_t(0), place, ctypes.byref(needs))
            make = "LiteRtCreateManagedTensorBufferFromRequirements"
            self._call(make, environment, ranked, needs, ctypes.byref(buffer))
            found[index] = buffer.value
        return names, found

    def _call(self, name: str, *arguments: object) -> None:
        try:
            function = getattr(self._library, name)
        except AttributeError:
            raise RuntimeFailure("runtime_missing", f"This LiteRT has no {name}: install ai-edge-litert 2.3.") from None
        status = function(*arguments)
        if status:
            raise RuntimeFailure("inference_error", f"LiteRT's {name} ended with status {status}.")


def library_path() -> Path:
    """Of the wheel's shared library. Raises RuntimeFailure where the package has none."""
    files = [each for each in distribution("ai-edge-litert").files or () if each.name == _LIBRARY]
    if not files:
        raise RuntimeFailure("runtime_missing", "This ai-edge-litert has no libLiteRt.so: install version 2.3.")
    return Path(str(files[0].locate()))


def _checked(raw: Sequence[_Event]) -> list[Event]:
    """Raises RuntimeFailure where the fields make no sense at the places that the layout gives them."""
    if any(not each.tag or not each.type or each.type & (each.type - 1) or each.type > 256 for each in raw):
        raise _other_layout("an event's type is not a single bit")
    events = [
        Event(ctypes.string_at(each.tag).decode(errors="replace"), each.type, each.start_us, each.elapsed_us)
        for each in raw
        if each.type < _TELEMETRY
    ]
    whole_us = sum(each.elapsed_us for each in events if each.tag == WHOLE)
    parts_us = sum(each.elapsed_us for each in events if each.type == DELEGATE_PROFILED)
    if not whole_us or parts_us > whole_us + len(events):
        raise _other_layout("its nodes add up to more than the run")
    return events


def _other_layout(why: str) -> RuntimeFailure:
    return RuntimeFailure("inference_error", f"LiteRT lays out its profile differently in this version: {why}.")
