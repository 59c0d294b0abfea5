"""Text out of a column-by-column reader: greedy CTC decoding, and the characters that its outputs stand for.

Keys of `preparation`: `characters`, a list in the order of the outputs or the path of a text file with one a line, as
`files/characters.txt`; `blank`, the place of "no character", 0. Without `characters`, `model.characters.txt` next to
`model.onnx` is read, else the file's own metadata. A reader with one output more than blank and characters reads a
space with its last (PaddleOCR's readers do).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker.evaluation.base import NoAnswer, Question
from edgeprof_agent.worker.evaluation.set_files import set_file
from edgeprof_agent.worker.evaluation.tensors import Floats
from edgeprof_agent.worker_protocol.adapter import HasMetadata, RuntimeFailure

CHARACTERS_SUFFIX = ".characters.txt"
METADATA_KEY = "character"
"""Under which PaddleOCR's exports carry their characters, one a line."""


class Reading(NamedTuple):
    """A text and the mean of the largest values of the columns that its characters came from."""

    text: str
    confidence: float


class Alphabet:
    """The characters of a reader's outputs."""

    def __init__(self, characters: Sequence[str], blank: int) -> None:
        self._characters = tuple(characters)
        self._blank = blank

    @classmethod
    def of(cls, keys: Mapping[str, Any], question: Question) -> "Alphabet":
        """Raises RuntimeFailure `bad_set` where nobody names the characters."""
        given = keys.get("characters")
        blank = int(keys.get("blank", 0))
        if isinstance(given, (list, tuple)):
            return cls([str(each) for each in cast(Sequence[object], given)], blank)
        if isinstance(given, str):
            return cls(_lines(set_file(question.folder, given)), blank)
        if (own := question.model_file(CHARACTERS_SUFFIX)) is not None:
            return cls(_lines(own), blank)
        metadata = question.model.metadata() if isinstance(question.model, HasMetadata) else {}
        if METADATA_KEY in metadata:
            return cls(metadata[METADATA_KEY].removesuffix("\n").split("\n"), blank)
        raise RuntimeFailure(
            "bad_set",
            "Nothing names the reader's characters. Add 'characters' to the preparation, or MODEL.characters.txt.",
        )

    def read(self, columns: Floats) -> Reading:
        """[columns, outputs] as text: the likeliest of each column, repeats as one, blanks out. Raises NoAnswer."""
        if not np.isfinite(columns).all():
            raise NoAnswer("the reader's outputs have values that are NaN or infinite")
        places = self._of(columns.shape[1])
        best: npt.NDArray[np.intp] = columns.argmax(axis=1)
        is_new = np.ones(len(best), bool)
        is_new[1:] = best[1:] != best[:-1]
        taken: npt.NDArray[np.intp] = np.flatnonzero(is_new & (best != self._blank))
        text = "".join(places[best[column]] for column in taken)
        return Reading(text, float(columns[taken, best[taken]].mean()) if taken.size else 0.0)

    def _of(self, outputs: int) -> tuple[str, ...]:
        characters = self._characters
        if len(characters) + 2 == outputs:
            characters = (*characters, " ")
        if len(characters) + 1 != outputs or not 0 <= self._blank < outputs:
            raise NoAnswer(f"the reader has {outputs} outputs; blank and {len(self._characters)} characters are named")
        return (*characters[: self._blank], "", *characters[self._blank :])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RuntimeFailure("bad_set", f"Cannot read the characters in {path.name}: {error}.") from error
