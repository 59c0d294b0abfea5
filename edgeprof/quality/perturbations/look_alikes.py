"""Latin letters replaced by letters of other scripts that look the same; people read on, a tokenizer does not."""

import random

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import TextPerturbation

LOOK_ALIKES_OF = dict(
    zip(
        "aceijopsxyABCEHIJKMOPSTXY",
        "\u0430\u0441\u0435\u0456\u0458\u043e\u0440\u0455\u0445\u0443"
        "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425\u03a5",
        strict=True,
    )
)
"""Pairs of Unicode's confusables (UTS #39, confusables.txt): Cyrillic, and the Greek capital upsilon."""


def _replaced(text: str, values: Values, stream: random.Random) -> str:
    places = [place for place, char in enumerate(text) if char in LOOK_ALIKES_OF]
    if not places:
        return text
    chars = list(text)
    for place in stream.sample(places, min(len(places), max(1, round(float(values["share"]) * len(places))))):
        chars[place] = LOOK_ALIKES_OF[chars[place]]
    return "".join(chars)


LOOK_ALIKES = TextPerturbation(
    name="look-alikes",
    title="Unicode look-alikes",
    parameters=(
        Parameter(name="share", default=0.1, meaning="share of the letters that have a look-alike, at least one"),
    ),
    change=_replaced,
)
