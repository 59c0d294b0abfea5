"""More blanks between words, as text copied from a page has."""

import random
import re

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import TextPerturbation

_BLANKS = ("  ", "   ", " \t", "\n")


def _spaced(text: str, values: Values, stream: random.Random) -> str:
    gaps = [match.start() for match in re.finditer(r"(?<=\S) (?=\S)", text)]
    if not gaps:
        return f"  {text} "
    chars = list(text)
    for place in stream.sample(gaps, max(1, round(float(values["share"]) * len(gaps)))):
        chars[place] = _BLANKS[int(stream.random() * len(_BLANKS))]
    return "".join(chars)


WHITESPACE = TextPerturbation(
    name="whitespace",
    title="Whitespace",
    parameters=(Parameter(name="share", default=0.3, meaning="share of the gaps that become wider, at least one"),),
    change=_spaced,
)
