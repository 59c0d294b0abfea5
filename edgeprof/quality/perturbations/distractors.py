"""True sentences that have nothing to do with the question, before it."""

import random

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import TextPerturbation

SENTENCES = (
    "The kettle on the stove is made of copper.",
    "A blue bicycle leans against the fence.",
    "The train to the coast leaves every hour.",
    "Rain fell on the roof during the night.",
    "The library opens at nine in the morning.",
    "Two pigeons sit on the church tower.",
    "The baker closes his shop on Mondays.",
    "A green lamp stands next to the window.",
    "The river is narrow near the old mill.",
    "Someone left an umbrella in the hall.",
)


def _distracted(text: str, values: Values, stream: random.Random) -> str:
    return " ".join([*stream.sample(SENTENCES, int(values["sentences"])), text])


DISTRACTORS = TextPerturbation(
    name="distractors",
    title="Distractor sentences",
    parameters=(
        Parameter(name="sentences", default=2, low=1, high=len(SENTENCES), meaning="sentences before the text"),
    ),
    change=_distracted,
    language="en",
)
