"""A fact hidden in filler at five depths, in lengths from 256 nominal tokens upwards: is it found again?"""

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.generated.base import Generator, Made, StreamOf
from edgeprof.quality.generated.filler import (
    CHARS_PER_TOKEN,
    DEPTHS_PERCENT,
    MAX_TOKENS,
    MIN_TOKENS,
    at_depth,
    filler,
    lengths_up_to,
)
from edgeprof.quality.generated.forms import ANSWER, facts_of, item_of, others
from edgeprof.quality.generated.words import ANSWERS, PLACES
from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.places import Place, place_id

TEMPLATE = "{context}\n\nQuestion: {question}\nAnswer:"
MAX_TOKENS_PARAMETER = Parameter(
    name="max_tokens",
    default=2_048,
    low=MIN_TOKENS,
    high=MAX_TOKENS,
    meaning="the longest nominal length; shorter ones are its powers of two from 256",
)
EACH = Parameter(name="each", default=5, low=1, high=200, meaning="items for each length and depth")


def _make(values: Values, stream_of: StreamOf) -> Made:
    items = [
        _item(Place(tokens, depth), number, values, stream_of)
        for tokens in lengths_up_to(int(values["max_tokens"]))
        for depth in DEPTHS_PERCENT
        for number in range(1, int(values["each"]) + 1)
    ]
    return Made(facts_of("needle", values, TEMPLATE), items)


def _item(place: Place, number: int, values: Values, stream_of: StreamOf) -> Item:
    item_id = place_id(place, number)
    stream = stream_of(item_id)
    where = PLACES[int(stream.random() * len(PLACES))]
    right = ANSWERS[int(stream.random() * len(ANSWERS))]
    fact = f"The password of the {where} is {right}."
    question = f"What is the password of the {where}?"
    room = place.tokens * CHARS_PER_TOKEN - len(fact) - len(TEMPLATE.format(context="", question=question))
    fields = {
        "context": at_depth(filler(room, stream), fact, place.depth_percent),
        "question": question,
        "nominal_tokens": place.tokens,
        "depth_percent": place.depth_percent,
    }
    return item_of(item_id, fields, right, others(ANSWERS, right, stream), values, stream)


NEEDLE = Generator(
    name="needle",
    title="Retrieval of one fact at a depth",
    parameters=(MAX_TOKENS_PARAMETER, EACH, ANSWER),
    make=_make,
)
