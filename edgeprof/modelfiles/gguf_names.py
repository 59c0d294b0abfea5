"""What a GGUF file says of its quantization, its name and its size. Pure.

File types as in llama.h (`llama_ftype`), tensor types as in ggml.h.
"""

from collections.abc import Mapping

from edgeprof.modelfiles.gguf_file import UNKNOWN, GgufContents

_FILE_TYPES: Mapping[int, str] = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S"},
    **{12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K"},
    **{19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL"},
    **{26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16"},
    **{36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4", 40: "Q1_0"},
}
_TENSOR_TYPES: Mapping[int, str] = {
    **{0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K"},
    **{11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS"},
    **{19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32"},
    **{28: "F64", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0"},
}
_MIX = {"IQ3_XS": "IQ3_S", "IQ3_M": "IQ3_S", "IQ2_M": "IQ2_S", "IQ1_M": "IQ1_M", "MXFP4_MOE": "MXFP4"}
"""The main tensor type of a mix whose name does not begin with it."""


def quantization_of(contents: GgufContents) -> str | None:
    """The file type where the tensors agree with it, else the type that most values have. None: newer than the table.

    Some converters leave a wrong file type behind, so that it must be that of some tensor.
    """
    file_type = contents.whole("general.file_type")
    named = None if file_type is None else _FILE_TYPES.get(file_type)
    there = {_TENSOR_TYPES.get(kind, "") for kind in contents.elements}
    if named and any(kind and (kind == _MIX.get(named, named) or named.startswith(f"{kind}_")) for kind in there):
        return named
    known = {kind: count for kind, count in contents.elements.items() if kind != UNKNOWN}
    most = max(known, key=lambda kind: known[kind], default=None)
    return None if most is None or UNKNOWN in contents.elements else _TENSOR_TYPES.get(most)


def named_type(contents: GgufContents) -> str | None:
    """The quantization that the file gives itself, whatever its tensors are."""
    file_type = contents.whole("general.file_type")
    return None if file_type is None else _FILE_TYPES.get(file_type)


def values_by_type(contents: GgufContents) -> dict[str, int]:
    """How many values of each tensor type; types newer than the table are left out."""
    return {_TENSOR_TYPES[kind]: count for kind, count in contents.elements.items() if kind in _TENSOR_TYPES}


def own_name(contents: GgufContents) -> str:
    """The name in the file, with its size where the name has none: `SmolLM2 135M`. Empty: none."""
    name = contents.text("general.name") or contents.text("general.basename")
    size = contents.text("general.size_label")
    return f"{name} {size}" if name and size and size.lower() not in name.lower() else name


def parameters_of(contents: GgufContents) -> int | None:
    """Values in all tensors."""
    return sum(contents.elements.values()) or None


def experts_of(contents: GgufContents) -> int:
    """Experts of a mixture, of which a token uses a few; 0 of a dense model."""
    return contents.whole(f"{contents.text('general.architecture')}.expert_count") or 0


def trained_context(contents: GgufContents) -> int | None:
    """Tokens of context that the model was trained for."""
    return contents.whole(f"{contents.text('general.architecture')}.context_length")
