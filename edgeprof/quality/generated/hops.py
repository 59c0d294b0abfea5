"""A thing handed from person to person, with filler between: who has it at the end? One hop to several."""

import itertools

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.generated.base import Generator, Made, StreamOf
from edgeprof.quality.generated.filler import CHARS_PER_TOKEN, filler
from edgeprof.quality.generated.forms import ANSWER, CHOICES, facts_of, item_of
from edgeprof.quality.generated.needle import TEMPLATE
from edgeprof.quality.generated.words import ANSWERS, PEOPLE
from edgeprof.quality.parameters import Parameter, Values

_MAX_HOPS = 8


def _make(values: Values, stream_of: StreamOf) -> Made:
    items = [
        _item(hops, number, values, stream_of)
        for hops in range(1, int(values["max_hops"]) + 1)
        for number in range(1, int(values["each"]) + 1)
    ]
    return Made(facts_of("hops", values, TEMPLATE), items)


def _item(hops: int, number: int, values: Values, stream_of: StreamOf) -> Item:
    item_id = f"{hops}h-{number}"
    stream = stream_of(item_id)
    people = stream.sample(PEOPLE, hops + 1 + CHOICES)
    chain, strangers = people[: hops + 1], people[hops + 1 :]
    thing, other = stream.sample(ANSWERS, 2)
    # The other thing ends with a stranger after the last hand-over: the last name of the text is not the answer.
    moves = [
        f"{chain[0]} has the {thing}.",
        f"{strangers[0]} has the {other}.",
        *(f"{giver} gives the {thing} to {taker}." for giver, taker in itertools.pairwise(chain)),
        f"{strangers[0]} gives the {other} to {strangers[1]}.",
    ]
    question = f"Who has the {thing} now?"
    room = int(values["tokens"]) * CHARS_PER_TOKEN - sum(map(len, moves)) - len(TEMPLATE) - len(question)
    sentences = filler(max(0, room), stream)
    places = sorted(int(stream.random() * (len(sentences) + 1)) for _ in moves)
    for shift, (place, move) in enumerate(zip(places, moves, strict=True)):
        sentences.insert(place + shift, move)
    wrong = [*chain[:-1][-1:], strangers[0], strangers[1]]
    fields = {"context": " ".join(sentences), "question": question, "hops": hops}
    return item_of(item_id, fields, chain[-1], wrong, values, stream)


HOPS = Generator(
    name="hops",
    title="Recall over several hand-overs",
    parameters=(
        Parameter(name="max_hops", default=4, low=1, high=_MAX_HOPS, meaning="hand-overs of the hardest items"),
        Parameter(name="tokens", default=256, low=128, high=131_072, meaning="nominal length of the text"),
        Parameter(name="each", default=10, low=1, high=200, meaning="items for each number of hand-overs"),
        ANSWER,
    ),
    make=_make,
)
