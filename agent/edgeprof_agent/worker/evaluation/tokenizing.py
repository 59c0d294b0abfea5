"""Texts as the token ids of an encoder, by the package `tokenizers`: a `tokenizer.json`, or BERT's `vocab.txt`.

The file is `model.tokenizer.json` or `model.vocab.txt` next to `model.onnx`, else the set's `tokenizer`, below
`files/`. Keys: `max_tokens`, 256, cuts a text; `lowercase`, true, with a `vocab.txt` only: a `tokenizer.json` says so
itself.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeprof_agent.worker.evaluation.base import NoAnswer, Question
from edgeprof_agent.worker.evaluation.set_files import set_file
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

MAX_TOKENS = 256
NO_TOKENIZERS = "The task needs the package tokenizers. Install it with: pip install 'edgeprof[retrieval]'"
_SUFFIXES = (".tokenizer.json", ".vocab.txt")


class Encoded:
    """One text: ids, their mask and their segments, each a list of whole numbers."""

    def __init__(self, encoding: Any) -> None:
        self.ids: list[int] = list(encoding.ids)
        self.mask: list[int] = list(encoding.attention_mask)
        self.segments: list[int] = list(encoding.type_ids)


class Tokens:
    """A tokenizer with its limit."""

    def __init__(self, question: Question) -> None:
        """Raises RuntimeFailure `bad_set` where the package or the file is missing."""
        keys = question.facts.preparation
        self._tokenizer = _opened(_file(question), keys)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(int(keys.get("max_tokens", MAX_TOKENS)))

    def of(self, text: str) -> Encoded:
        """Raises NoAnswer for a text without a token."""
        encoded = Encoded(self._tokenizer.encode(text))
        if not any(encoded.mask):
            raise NoAnswer("the tokenizer makes no token of the text")
        return encoded


def _file(question: Question) -> Path:
    for suffix in _SUFFIXES:
        if (own := question.model_file(suffix)) is not None:
            return own
    given = question.facts.preparation.get("tokenizer")
    if not isinstance(given, str):
        raise RuntimeFailure(
            "bad_set", "The model has no tokenizer. Put MODEL.tokenizer.json next to it, or add 'tokenizer' to the set."
        )
    return set_file(question.folder, given)


def _opened(path: Path, keys: Mapping[str, Any]) -> Any:
    try:
        package: Any = importlib.import_module("tokenizers")
    except ImportError as error:
        raise RuntimeFailure("bad_set", NO_TOKENIZERS) from error
    try:
        if path.suffix == ".json":
            return package.Tokenizer.from_file(str(path))
        return package.BertWordPieceTokenizer(str(path), lowercase=bool(keys.get("lowercase", True)))
    except Exception as error:  # the package raises bare Exceptions for files that it cannot read
        raise RuntimeFailure("bad_set", f"Cannot read the tokenizer {path.name}: {error}.") from error
