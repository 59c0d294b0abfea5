"""The network that a file is a variant of, by its name without quantization, or by its folder. Pure."""

import re
from collections.abc import Sequence

_PRECISION = (
    r"(?:u|q)?int(?:2|4|8|16)|[iuw](?:4|8)(?:a(?:8|16))?|bf16|bfloat16|fp8|fp4|nf4|f(?:p|loat)?_?(?:16|32|64)|float"
    r"|q4f(?:16|32)?|bnb4|i?q[1-8](?:_(?:0|1|k|nl|xxs|xs|s|m)(?:_(?:s|m|l|xl))?)?|tq[12]_0|mxfp4(?:_moe)?|nvfp4|[248]-?bits?"
    r"|(?:full_?|dynamic_?range_?)?(?:integer_?|dynamic_?|static_?)?quant(?:i[sz]ed)?|qdq|qop|qoperator|ptq|qat|awq|gptq|half"
)
_ENDING = re.compile(
    rf"[-_. ]+(?:ud[-_])?(?:{_PRECISION})(?:[-_. ](?:static|dynamic|dyn|sym|asym))?$|\.with_runtime_opt$|[-_.]onnx$",
    re.IGNORECASE,
)
_ONLY_PRECISION = re.compile(rf"(?:{_PRECISION})", re.IGNORECASE)
_GENERIC = frozenset(
    (
        *("model", "models", "ggml-model", "net", "network", "best", "last"),
        *("final", "latest", "weights", "checkpoint", "ckpt", "saved_model", "savedmodel"),
        *("graph", "frozen_graph", "pytorch_model", "tf_model", "export", "exported", "output"),
        *("test", "unnamed", "download", "file", "onnx", "tflite", "main"),
        *("inference", "converted", "converted_model", "optimized", "model_optimized", "tflite_model"),
    )
)
_PARTS = re.compile(
    r"(?:text_|vision_|audio_)?(?:encoder|decoder)(?:_model)?(?:_merged|_with_past)?|decoder_with_past_model"
    r"|decoder_model_merged|(?:text|vision|audio|prompt)_model|vae|unet|embed_tokens|joiner|vocoder",
    re.IGNORECASE,
)
_FOLDERS = frozenset(
    (
        *("onnx", "tflite", "gguf", "ort", "litert", "models", "model"),
        *("weights", "export", "exports", "output", "outputs", "out", "dist"),
        *("build", "download", "downloads", "tmp", "temp", "snapshots", "blobs"),
        *("files", "data", "home", "root", "users", "quantized", "pretrained"),
        *("checkpoints", "artifacts", "assets"),
    )
)
_HASH = re.compile(r"[0-9a-f]{12,64}|\d+")
_MAX_FOLDERS = 6


def family_of(stem: str, folders: Sequence[str], own_name: str = "") -> str | None:
    """The family by a file's stem, or None where neither it nor a folder says more than "model".

    `folders`: those that the file lies in, the nearest first. `own_name`: the name that the file itself carries,
    used for a stem that says nothing.

    >>> family_of("resnet50-int8", ["onnx"])
    'resnet50'
    >>> family_of("model_quantized", ["onnx", "whisper-tiny"])
    'whisper-tiny'
    """
    plain = without_precision(stem)
    is_part = bool(_PARTS.fullmatch(plain))
    if not is_part and plain.lower() not in _GENERIC and not _ONLY_PRECISION.fullmatch(plain):
        return plain
    place = own_name.strip() or _named_folder(folders)
    if place is None:
        return None
    return f"{place} {plain}" if is_part else place


def without_precision(text: str) -> str:
    """The text without endings such as `-int8`, `_fp16`, `.Q4_K_M`; never empty."""
    plain = text
    while found := _ENDING.search(plain):
        if not found.start():
            break
        plain = plain[: found.start()]
    return plain or text


def _named_folder(folders: Sequence[str]) -> str | None:
    for folder in folders[:_MAX_FOLDERS]:
        name = folder.rpartition("--")[2]  # models--owner--name, as a download cache has it
        plain = without_precision(name)
        if plain.lower() in _FOLDERS or _HASH.fullmatch(plain) or _ONLY_PRECISION.fullmatch(plain) or not plain.strip():
            continue
        return plain
    return None
