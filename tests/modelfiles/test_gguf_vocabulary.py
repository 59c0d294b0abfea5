"""The number of words of a GGUF file, from its list of words or from its embedding."""

from pathlib import Path

import pytest

from edgeprof.modelfiles.gguf_vocabulary import vocabulary_size
from edgeprof.modelfiles.window import ModelFileError
from tests.agent.gguf_models import tiny_llama


@pytest.mark.parametrize("listed", [True, False])
def test_words_are_counted_by_the_list_or_by_the_rows_of_the_embedding(listed: bool, tmp_path: Path) -> None:
    assert vocabulary_size(tiny_llama(tmp_path / "m.gguf", words=321, listed=listed)) == 321


def test_a_file_that_ends_early_has_no_number(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(tiny_llama(tmp_path / "whole.gguf").read_bytes()[:200])
    with pytest.raises(ModelFileError):
        vocabulary_size(path)
