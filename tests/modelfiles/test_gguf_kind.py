"""GGUF files that are no language model are named for what they are before anything is sent."""

from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from tests.modelfiles import makers
from tests.modelfiles.makers import gguf_flag, gguf_text, gguf_whole

ADDITIONS = {
    "a LoRA adapter": (gguf_text("general.architecture", "llama"), gguf_text("general.type", "adapter")),
    "Merge it": (gguf_text("general.architecture", "qwen2"), gguf_text("adapter.type", "lora")),
    "multimodal projector": (gguf_text("general.architecture", "clip"), gguf_text("general.type", "mmproj")),
    "own file": (gguf_text("general.architecture", "clip"),),
    "importance matrix": (gguf_text("general.type", "imatrix"),),
    "type 'dataset'": (gguf_text("general.type", "dataset"),),
}
OTHER_MODELS = {
    "embedding model (bert)": (gguf_text("general.architecture", "bert"), gguf_flag("bert.attention.causal", False)),
    "embedding model (nomic-bert)": (gguf_text("general.architecture", "nomic-bert"),),
    "embedding model (qwen9)": (
        gguf_text("general.architecture", "qwen9"),
        gguf_flag("qwen9.attention.causal", False),
        gguf_whole("qwen9.pooling_type", 1),
    ),
    "embedding model (t5encoder)": (gguf_text("general.architecture", "t5encoder"),),
    "encoder-decoder model (t5)": (gguf_text("general.architecture", "t5"),),
    "encoder-decoder model (bart)": (
        gguf_text("general.architecture", "bart"),
        gguf_whole("bart.decoder_start_token_id", 2),
    ),
    "token by token": (gguf_text("general.architecture", "dream"), gguf_flag("dream.attention.causal", False)),
    "audio decoder": (gguf_text("general.architecture", "wavtokenizer-dec"),),
}


def refusal(folder: Path, data: bytes) -> EdgeprofError:
    (folder / "x.gguf").write_bytes(data)
    with pytest.raises(EdgeprofError) as caught:
        inspect(folder / "x.gguf")
    return caught.value


@pytest.mark.parametrize("said", ADDITIONS)
def test_a_part_of_a_model_is_named_and_refused(tmp_path: Path, said: str) -> None:
    error = refusal(tmp_path, makers.gguf(ADDITIONS[said]))
    assert error.code == "not_a_model"
    assert said in error.message
    assert error.message.startswith("x.gguf is a")


@pytest.mark.parametrize("said", OTHER_MODELS)
def test_a_model_that_generates_no_text_is_named_and_refused(tmp_path: Path, said: str) -> None:
    error = refusal(tmp_path, makers.gguf(OTHER_MODELS[said]))
    assert error.code == "unsupported_model"
    assert said in error.message


def test_a_vocabulary_without_weights_is_named(tmp_path: Path) -> None:
    error = refusal(tmp_path, makers.gguf(makers.GGUF_PAIRS, tensors=(), data_bytes=0))
    assert (error.code, "vocabulary without weights" in error.message) == ("not_a_model", True)


def test_a_causal_model_that_can_pool_is_measured(tmp_path: Path) -> None:
    """Such as Qwen3-Embedding: a decoder, which reads prompts and writes tokens."""
    pairs = (gguf_text("general.architecture", "qwen3"), gguf_whole("qwen3.pooling_type", 3))
    (tmp_path / "x.gguf").write_bytes(makers.gguf(pairs))
    assert inspect(tmp_path / "x.gguf").format == "gguf"
