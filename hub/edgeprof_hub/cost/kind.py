"""What one piece of a model's work is: what it is measured by, and what a cloud charges for it, follow from that."""

from collections.abc import Mapping
from math import prod
from typing import Literal

from edgeprof.wire.formats import is_language

WorkKind = Literal["inference", "answer", "reading", "listening"]
"""One answer at once; a prompt read and a reply written; a text read and nothing written; a length of audio heard."""

UNSET_TASK = "other"
LANGUAGE_TASK = "llm"
READING_TASK = "embedding"
LISTENING_TASK = "speech-recognition"
TOKEN_INPUT = "input_ids"
"""What exporters of text models call the input that holds the tokens."""

PIECES: Mapping[WorkKind, str] = {
    "inference": "inferences",
    "answer": "answers",
    "reading": "inferences",
    "listening": "inferences",
}


def compared_as(task: str, format: str) -> str:
    """A language model of which nobody said what it is for is taken for one that writes text."""
    return LANGUAGE_TASK if task == UNSET_TASK and is_language(format) else task


def kind_of(task: str, format: str) -> WorkKind:
    """The kind of a model's work. A language model writes answers, unless it is for embedding."""
    if task == READING_TASK:
        return "reading"
    if is_language(format):
        return "answer"
    return "listening" if task == LISTENING_TASK else "inference"


def fed_tokens(inputs: Mapping[str, str]) -> int | None:
    """How many tokens one inference of a run was fed, from `int64[1,256]`; None where the run does not say."""
    _, _, sizes = inputs.get(TOKEN_INPUT, "").removesuffix("]").partition("[")
    numbers = [size.strip() for size in sizes.split(",")]
    if not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    return prod(map(int, numbers)) or None
