"""What a GGUF file is, by its metadata: a language model that can be measured, or something else with its name.

Keys as in ggml/docs/gguf.md and gguf-py's constants; architectures as llama.cpp names them. Pure.
"""

from edgeprof.modelfiles.gguf_file import GgufContents
from edgeprof.modelfiles.window import ModelFileError

_TYPE, _ARCHITECTURE = "general.type", "general.architecture"
_ENCODERS = frozenset(
    (
        *("bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "modern-bert", "neo-bert"),
        *("eurobert", "gemma-embedding", "llama-embed", "t5encoder"),
    )
)
"""Architectures that only embed a text."""
_NO_TEXT = {"wavtokenizer-dec": "an audio decoder"}
_TO_ONNX = "Export it to ONNX or TFLite, and profile that file."


def check_measurable(name: str, contents: GgufContents) -> None:
    """Raises ModelFileError for a file that no runtime here can measure as a language model.

    `not_a_model`: a part or an addition to a model. `unsupported_model`: a model of another kind.
    """
    _check_type(name, contents)
    architecture = contents.text(_ARCHITECTURE)
    if architecture in _NO_TEXT:
        raise _unsupported(f"{name} is {_NO_TEXT[architecture]} ({architecture}); it generates no text.")
    if architecture == "t5" or f"{architecture}.decoder_start_token_id" in contents.values:
        raise _unsupported(
            f"{name} is an encoder-decoder model ({architecture}); only decoder-only GGUF models can be measured."
        )
    is_causal = contents.values.get(f"{architecture}.attention.causal", True)
    if architecture in _ENCODERS or (not is_causal and f"{architecture}.pooling_type" in contents.values):
        raise _unsupported(f"{name} is an embedding model ({architecture}); it generates no text.")
    if not is_causal:
        raise _unsupported(f"{name} ({architecture}) does not generate text token by token.")


def _check_type(name: str, contents: GgufContents) -> None:
    kind, architecture = contents.text(_TYPE), contents.text(_ARCHITECTURE)
    if kind == "adapter" or "adapter.type" in contents.values:
        raise _not_a_model(
            f"{name} is a LoRA adapter, not a model. Merge it into its base model with `llama-export-lora`, "
            "and profile the merged file."
        )
    if kind == "mmproj" or architecture == "clip":
        raise _not_a_model(
            f"{name} is a multimodal projector (mmproj), not a language model. Name the language model's own file."
        )
    if kind == "imatrix" or architecture == "imatrix":
        raise _not_a_model(f"{name} is an importance matrix, not a model. Name the model that was quantized with it.")
    if kind not in ("", "model"):
        raise _not_a_model(f"{name} is a GGUF file of type {kind[:40]!r}, not a model. Name the model's own file.")
    if not contents.tensor_count:
        raise _not_a_model(f"{name} is a vocabulary without weights, not a model. Name the file with the weights.")


def _not_a_model(sentence: str) -> ModelFileError:
    return ModelFileError("not_a_model", sentence)


def _unsupported(sentence: str) -> ModelFileError:
    return ModelFileError("unsupported_model", f"{sentence} {_TO_ONNX}")
