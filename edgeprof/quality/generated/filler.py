"""Text without meaning around a fact, of a stated length in characters.

How many tokens a text has depends on the model. A nominal token is `CHARS_PER_TOKEN` characters, which is ours and near
that of English in current vocabularies; the real number is in each outcome's `prompt_tokens`.
"""

import random

from edgeprof.quality.generated.words import FILLER_PLACES, FILLER_SUBJECTS, FILLER_TIMES, FILLER_VERBS

CHARS_PER_TOKEN = 4
DEPTHS_PERCENT = (0, 25, 50, 75, 100)
MIN_TOKENS = 256
MAX_TOKENS = 131_072


def lengths_up_to(max_tokens: int) -> tuple[int, ...]:
    """Powers of two from 256 tokens.

    >>> lengths_up_to(1500)
    (256, 512, 1024)
    """
    powers = (MIN_TOKENS << step for step in range(MAX_TOKENS.bit_length()))
    return tuple(length for length in powers if length <= min(max_tokens, MAX_TOKENS))[: MAX_TOKENS.bit_length()]


def filler(chars: int, stream: random.Random) -> list[str]:
    """Sentences that together, with blanks between, have at most so many characters."""
    sentences: list[str] = []
    size = 0
    while True:
        parts = (FILLER_SUBJECTS, FILLER_VERBS, FILLER_PLACES, FILLER_TIMES)
        sentence = " ".join(words[int(stream.random() * len(words))] for words in parts) + "."
        size += len(sentence) + 1
        if size > chars:
            return sentences
        sentences.append(sentence)


def at_depth(sentences: list[str], fact: str, depth_percent: int) -> str:
    """The sentences with a fact after so much of them: 0 is before the first, 100 after the last."""
    place = round(len(sentences) * depth_percent / 100)
    return " ".join([*sentences[:place], fact, *sentences[place:]])
