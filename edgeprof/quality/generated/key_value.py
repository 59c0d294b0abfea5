"""Many records of one form, and a question about one: recall among what looks alike."""

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.generated.base import Generator, Made, StreamOf
from edgeprof.quality.generated.filler import CHARS_PER_TOKEN, DEPTHS_PERCENT, lengths_up_to
from edgeprof.quality.generated.forms import ANSWER, facts_of, item_of, others
from edgeprof.quality.generated.needle import EACH, MAX_TOKENS_PARAMETER, TEMPLATE
from edgeprof.quality.generated.words import ANSWERS
from edgeprof.quality.parameters import Values
from edgeprof.quality.places import Place, place_id

_FIRST_LOCKER, _LOCKERS = 10_000, 90_000


def _make(values: Values, stream_of: StreamOf) -> Made:
    items = [
        _item(Place(tokens, depth), number, values, stream_of)
        for tokens in lengths_up_to(int(values["max_tokens"]))
        for depth in DEPTHS_PERCENT
        for number in range(1, int(values["each"]) + 1)
    ]
    return Made(facts_of("key-value", values, TEMPLATE), items)


def _item(place: Place, number: int, values: Values, stream_of: StreamOf) -> Item:
    item_id = place_id(place, number)
    stream = stream_of(item_id)
    question = "What is in locker 00000?"
    room = place.tokens * CHARS_PER_TOKEN - len(TEMPLATE.format(context="", question=question))
    longest = len(_record(0, max(ANSWERS, key=len))) + 1
    keys = stream.sample(range(_FIRST_LOCKER, _FIRST_LOCKER + _LOCKERS), room // longest)
    kept = [ANSWERS[int(stream.random() * len(ANSWERS))] for _ in keys]
    asked = round((len(keys) - 1) * place.depth_percent / 100)
    fields = {
        "context": " ".join(_record(key, word) for key, word in zip(keys, kept, strict=True)),
        "question": f"What is in locker {keys[asked]}?",
        "nominal_tokens": place.tokens,
        "depth_percent": place.depth_percent,
    }
    return item_of(item_id, fields, kept[asked], others(ANSWERS, kept[asked], stream), values, stream)


def _record(locker: int, word: str) -> str:
    return f"Locker {locker:05} holds the {word}."


KEY_VALUE = Generator(
    name="key-value",
    title="Recall of one record among many",
    parameters=(MAX_TOKENS_PARAMETER, EACH, ANSWER),
    make=_make,
)
