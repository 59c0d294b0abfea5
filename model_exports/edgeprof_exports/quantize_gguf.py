"""A GGUF file with its weights in other types, by ggml's own functions in the library of the prebuilt xllamacpp.

    python -m edgeprof_exports.quantize_gguf SOURCE TARGET  < PLAN

PLAN is JSON: {"file_type": 2, "types": [["blk\\..*", "Q4_0"], ...]}. A matrix of weights takes the type of the first
pattern that matches its whole name, through floats; one that has that type already, and whatever else is in the file,
is copied. Rows that no block of 256 weights fits take another type, as llama.cpp gives them. Which tensor gets which
type is the plan's business: llama.cpp's own rule is not exported. A process of its own: what ggml does not like ends
it.
"""

import ctypes
import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TYPES = {
    **{"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8},
    **{"Q2_K": 10, "Q3_K": 11, "Q4_K": 12, "Q5_K": 13, "Q6_K": 14, "IQ4_NL": 20, "BF16": 30},
}
"""`enum ggml_type` (ggml.h), as far as plans use it."""
FLOATS = ("F32", "F16", "BF16")
_TO_FLOATS = {
    **{name: f"dequantize_row_{name.lower()}" for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "IQ4_NL")},
    **{f"Q{bits}_K": f"dequantize_row_q{bits}_K" for bits in range(2, 7)},
    **{"F16": "ggml_fp16_to_fp32_row", "BF16": "ggml_bf16_to_fp32_row"},
}
FALLBACKS = {"Q2_K": "IQ4_NL", "Q3_K": "IQ4_NL", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
"""Of rows that are no multiple of 256 weights, as llama.cpp's quantizer replaces them."""
_BLOCK, _SMALL_BLOCK = 256, 32
_LEFT_ALONE = re.compile(r".*(_norm|ffn_gate_inp|position_embd|token_types|ssm_conv1d)\.weight")
"""Small tensors that every plan leaves as they are."""
_NAMES = {number: name for name, number in TYPES.items()}
_P, _I, _L, _S = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_char_p


class _Reading(ctypes.Structure):
    """`gguf_init_params`"""

    _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.POINTER(_P))]


def quantize(source: Path, target: Path, file_type: int, types: Sequence[tuple[str, str]]) -> None:
    """Writes `target`. Raises ValueError for a plan that cannot be followed."""
    ggml = _library()
    tensors = _P()
    old = ggml.gguf_init_from_file(os.fsencode(source), _Reading(False, ctypes.pointer(tensors)))
    if not old:
        raise ValueError(f"{source} cannot be read as GGUF")
    new = ggml.gguf_init_empty()
    ggml.gguf_set_kv(new, old)
    ggml.gguf_set_val_u32(new, b"general.file_type", file_type)
    kept: list[Any] = []  # the new file points to these until it is written
    for index in range(ggml.gguf_get_n_tensors(old)):
        name: bytes = ggml.gguf_get_tensor_name(old, index)
        tensor = ggml.ggml_get_tensor(tensors, name)
        ggml.gguf_add_tensor(new, tensor)
        present = _NAMES.get(ggml.gguf_get_tensor_type(old, index), "")
        row = ggml.ggml_nelements(tensor) // ggml.ggml_nrows(tensor)
        wanted = fitting_type(wanted_type(name.decode(), types), row)
        if ggml.ggml_n_dims(tensor) < 2 or _LEFT_ALONE.fullmatch(name.decode()):
            continue
        if present not in (*_TO_FLOATS, "F32") or wanted in (None, present):
            continue
        data = _converted(ggml, tensor, present, wanted)
        kept.append(data)
        ggml.gguf_set_tensor_type(new, name, TYPES[wanted])
        ggml.gguf_set_tensor_data(new, name, data)
    if not ggml.gguf_write_to_file(new, os.fsencode(target), False):
        raise ValueError(f"{target} cannot be written")


def wanted_type(name: str, types: Sequence[tuple[str, str]]) -> str | None:
    """The type of the first pattern that matches; None: as it is."""
    return next((kind for pattern, kind in types if re.fullmatch(pattern, name)), None)


def fitting_type(wanted: str | None, row: int) -> str | None:
    """The type for rows of so many weights; None where no block fits them.

    >>> fitting_type("Q4_K", 576), fitting_type("Q4_K", 1536), fitting_type("Q8_0", 100)
    ('Q5_0', 'Q4_K', None)
    """
    if wanted in FALLBACKS and row % _BLOCK:
        wanted = FALLBACKS[wanted]
    return None if wanted not in (*FLOATS, None) and row % _SMALL_BLOCK else wanted


def _converted(ggml: ctypes.CDLL, tensor: int, present: str, wanted: str) -> "ctypes.Array[ctypes.c_uint8]":
    count, rows = ggml.ggml_nelements(tensor), ggml.ggml_nrows(tensor)
    per_row = count // rows
    floats = (ctypes.c_float * count)()
    if present == "F32":
        ctypes.memmove(floats, ggml.ggml_get_data(tensor), ctypes.sizeof(floats))
    else:
        getattr(ggml, _TO_FLOATS[present])(ggml.ggml_get_data(tensor), floats, count)
    data = (ctypes.c_uint8 * (rows * ggml.ggml_row_size(TYPES[wanted], per_row)))()
    written = ggml.ggml_quantize_chunk(TYPES[wanted], floats, data, 0, rows, per_row, None)
    if written != len(data):
        raise ValueError(f"ggml made {written} bytes of {wanted}, not {len(data)}")
    return data


def _library() -> ctypes.CDLL:
    package = importlib.metadata.distribution("xllamacpp")
    name = next(file for file in package.files or () if file.parts[:1] == ("xllamacpp",) and file.suffix == ".so")
    ggml = ctypes.CDLL(str(package.locate_file(name)))
    for function, result, arguments in (
        ("gguf_init_from_file", _P, [_S, _Reading]),
        ("gguf_init_empty", _P, []),
        ("gguf_set_kv", None, [_P, _P]),
        ("gguf_set_val_u32", None, [_P, _S, ctypes.c_uint32]),
        ("gguf_get_n_tensors", _L, [_P]),
        ("gguf_get_tensor_name", _S, [_P, _L]),
        ("gguf_get_tensor_type", _I, [_P, _L]),
        ("gguf_add_tensor", None, [_P, _P]),
        ("gguf_set_tensor_type", None, [_P, _S, _I]),
        ("gguf_set_tensor_data", None, [_P, _S, _P]),
        ("gguf_write_to_file", ctypes.c_bool, [_P, _S, ctypes.c_bool]),
        ("ggml_get_tensor", _P, [_P, _S]),
        ("ggml_get_data", _P, [_P]),
        ("ggml_nelements", _L, [_P]),
        ("ggml_nrows", _L, [_P]),
        ("ggml_n_dims", _I, [_P]),
        ("ggml_row_size", ctypes.c_size_t, [_I, _L]),
        ("ggml_quantize_chunk", ctypes.c_size_t, [_I, _P, _P, _L, _L, _L, _P]),
        *((name, None, [_P, _P, _L]) for name in _TO_FLOATS.values()),
    ):
        getattr(ggml, function).restype, getattr(ggml, function).argtypes = result, arguments
    return ggml


def main() -> None:
    """The plan on stdin, one line on stderr where it cannot be followed."""
    plan = json.load(sys.stdin)
    try:
        quantize(Path(sys.argv[1]), Path(sys.argv[2]), plan["file_type"], plan["types"])
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
