"""The same request in other words, by fixed rules: negations contracted or written out, and a frame around it."""

import random
import re

from edgeprof.quality.parameters import Values
from edgeprof.quality.perturbations.base import TextPerturbation

_CONTRACTIONS = (
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("did not", "didn't"),
    ("is not", "isn't"),
    ("are not", "aren't"),
    ("cannot", "can't"),
    ("was not", "wasn't"),
    ("will not", "won't"),
)
_FRAMES = ("Please consider this. {}", "Here is what I would like to know. {}", "A short task: {}", "Read this: {}")


def _paraphrased(text: str, values: Values, stream: random.Random) -> str:
    for long, short in _CONTRACTIONS:
        given, other = (long, short) if re.search(rf"\b{long}\b", text, re.IGNORECASE) else (short, long)
        text = re.sub(rf"\b{given}\b", lambda match, new=other: _cased(new, match[0]), text, flags=re.IGNORECASE)
    return _FRAMES[int(stream.random() * len(_FRAMES))].format(text)


def _cased(new: str, old: str) -> str:
    return new[0].upper() + new[1:] if old[0].isupper() else new


PARAPHRASE = TextPerturbation(name="paraphrase", title="Paraphrase by rules", change=_paraphrased, language="en")
