"""llama.cpp's peak: ggml's own matrix product of the wheel, by weight type."""

import ctypes
from typing import Any

from edgeprof_agent.operator_profile.best_rate import best_gflop_s
from edgeprof_agent.runtimes.llama.capi_library import library_path
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_WIDTH, _ROWS, _COLUMNS = 1024, 1024, 256
_ROOM_BYTES = 128 * 1024 * 1024
_TYPES = range(31)
"""`ggml_type` up to BF16: the file format's numbers, which never change. Asking beyond the last one is not safe."""
_F32 = 0
_NAMES = {"fp32": "f32", "fp16": "f16"}


class _InitParams(ctypes.Structure):
    """`ggml_init_params`"""

    _fields_ = (("mem_size", ctypes.c_size_t), ("mem_buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool))


def peaks(threads: int, wanted: list[str]) -> dict[str, float]:
    """By precision, in 10^9 operations a second. A weight type that ggml does not know is left out."""
    path = library_path()
    if path is None:
        raise RuntimeFailure("runtime_missing", "xllamacpp is not installed.")
    ggml = _functions(str(path))
    ggml.ggml_cpu_init()
    kinds = {_name(ggml, kind): kind for kind in _TYPES}
    return {
        name: _rate(ggml, kinds[_NAMES.get(name, name)], threads) for name in wanted if _NAMES.get(name, name) in kinds
    }


def _name(ggml: Any, kind: int) -> str:
    return (ggml.ggml_type_name(kind) or b"").decode()


def _rate(ggml: Any, kind: int, threads: int) -> float:
    context = ggml.ggml_init(_InitParams(_ROOM_BYTES, None, False))
    try:
        weights = ggml.ggml_new_tensor_2d(context, kind, _WIDTH, _ROWS)
        values = ggml.ggml_new_tensor_2d(context, _F32, _WIDTH, _COLUMNS)
        graph = ggml.ggml_new_graph(context)
        ggml.ggml_build_forward_expand(graph, ggml.ggml_mul_mat(context, weights, values))
        numbers = [((7 * place) % 199 - 99) / 99 for place in range(_WIDTH)]
        row = (ctypes.c_float * _WIDTH)(*numbers)
        source = (ctypes.c_float * (_WIDTH * _ROWS))(*(numbers * _ROWS))
        ggml.ggml_quantize_chunk(kind, source, ggml.ggml_get_data(weights), 0, _ROWS, _WIDTH, None)
        for column in range(_COLUMNS):
            ctypes.memmove(ggml.ggml_get_data(values) + column * ctypes.sizeof(row), row, ctypes.sizeof(row))

        def run() -> None:
            if ggml.ggml_graph_compute_with_ctx(context, graph, threads):
                raise RuntimeFailure("inference_error", "ggml did not compute its matrix product.")

        return best_gflop_s(run, 2.0 * _WIDTH * _ROWS * _COLUMNS)
    finally:
        ggml.ggml_free(context)


def _functions(path: str) -> Any:
    pointer, integer, long = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
    found = ctypes.CDLL(path)
    for name, result, arguments in (
        ("ggml_cpu_init", None, []),
        ("ggml_init", pointer, [_InitParams]),
        ("ggml_free", None, [pointer]),
        ("ggml_type_name", ctypes.c_char_p, [integer]),
        ("ggml_new_tensor_2d", pointer, [pointer, integer, long, long]),
        ("ggml_mul_mat", pointer, [pointer, pointer, pointer]),
        ("ggml_new_graph", pointer, [pointer]),
        ("ggml_build_forward_expand", None, [pointer, pointer]),
        ("ggml_get_data", pointer, [pointer]),
        ("ggml_quantize_chunk", ctypes.c_size_t, [integer, pointer, pointer, long, long, long, pointer]),
        ("ggml_graph_compute_with_ctx", integer, [pointer, pointer, integer]),
    ):
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found
