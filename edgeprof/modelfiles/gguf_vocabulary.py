"""How many words a GGUF model's vocabulary has, from the file's head alone: a prompt may hold no id beyond them."""

from pathlib import Path

from edgeprof.modelfiles import gguf_file, parse
from edgeprof.modelfiles.window import FileWindow

_WORDS, _EMBEDDING = b"tokenizer.ggml.tokens", b"token_embd.weight"


def vocabulary_size(path: Path) -> int | None:
    """Words of the file's own list, else rows of its embedding; None where the file has neither.

    Raises ModelFileError and OSError for a file that cannot be read. The rows of `token_embd.weight` are its second
    dimension (ggml/docs/gguf.md: the first one lies together in memory).
    """
    with parse.open_window(path) as window:
        if window.read(0, 4) != gguf_file.MAGIC:
            raise window.damaged("it does not start like a GGUF file")
        tensors, pairs = window.u64(8), window.u64(16)
        words, at = _listed_words(window, pairs)
        return words if words is not None else _embedding_rows(window, at, tensors)


def _listed_words(window: FileWindow, pairs: int) -> tuple[int | None, int]:
    """The length of the word list, which is all that is read of it; else where the tensors begin."""
    at = 24
    for _ in range(pairs):
        window.step()
        key, at = gguf_file.read_key(window, at)
        kind = window.u32(at)
        if key == _WORDS and kind == gguf_file.ARRAY:
            return window.u64(at + 8), at
        at = gguf_file.skip_value(window, kind, at + 4)
    return None, at


def _embedding_rows(window: FileWindow, at: int, tensors: int) -> int | None:
    for _ in range(tensors):
        window.step()
        name, at = gguf_file.read_key(window, at)
        dimensions = window.u32(at)
        if name == _EMBEDDING and dimensions == 2:
            return window.u64(at + 12)
        at += 4 + 8 * dimensions + 12
    return None
