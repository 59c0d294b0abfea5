"""People compared in pairs, in mixed order: who is the tallest, or the shortest? Four people to seven."""

import itertools

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.generated.arithmetic import EACH_OF_LEVEL, EXAMPLES, LEVELS_SHOWN
from edgeprof.quality.generated.base import Generator, Made, StreamOf
from edgeprof.quality.generated.forms import ANSWER, CHOICES, facts_of, item_of
from edgeprof.quality.generated.needle import TEMPLATE
from edgeprof.quality.generated.words import PEOPLE
from edgeprof.quality.parameters import Values

PEOPLE_OF_LEVELS = (4, 5, 6, 7)


def _make(values: Values, stream_of: StreamOf) -> Made:
    items = [
        _item(level, number, values, stream_of)
        for level in range(1, len(PEOPLE_OF_LEVELS) + 1)
        for number in range(1, int(values["each"]) + 1)
    ]
    examples = [_item(level, number, values, stream_of) for number in EXAMPLES for level in LEVELS_SHOWN]
    return Made(facts_of("ordering", values, TEMPLATE, examples), items)


def _item(level: int, number: int, values: Values, stream_of: StreamOf) -> Item:
    item_id = f"{level}l-{number}"
    stream = stream_of(item_id)
    people = stream.sample(PEOPLE, PEOPLE_OF_LEVELS[level - 1])
    lines = [
        f"{tall} is taller than {short}." if stream.random() < 0.5 else f"{short} is shorter than {tall}."
        for tall, short in itertools.pairwise(people)
    ]
    stream.shuffle(lines)
    right, asked = (people[0], "tallest") if stream.random() < 0.5 else (people[-1], "shortest")
    wrong = stream.sample([name for name in people if name != right], CHOICES - 1)
    fields = {"context": " ".join(lines), "question": f"Who is the {asked}?", "level": level}
    return item_of(item_id, fields, right, wrong, values, stream)


ORDERING = Generator(name="ordering", title="Order from pairs", parameters=(EACH_OF_LEVEL, ANSWER), make=_make)
