"""All letters in capitals, in lower case, or the other way round."""

import random

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import TextPerturbation


def _recased(text: str, values: Values, stream: random.Random) -> str:
    return {"upper": text.upper, "lower": text.lower, "swap": text.swapcase}[str(values["to"])]()


LETTER_CASE = TextPerturbation(
    name="letter-case",
    title="Letter case",
    parameters=(Parameter(name="to", default="upper", words=("upper", "lower", "swap"), meaning="the new case"),),
    change=_recased,
)
