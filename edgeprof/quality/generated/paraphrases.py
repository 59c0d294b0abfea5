"""One question in three wordings: the answer must be the same, right or wrong. Counted by group, see `consistency`."""

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.generated.base import Generator, Made, StreamOf
from edgeprof.quality.generated.forms import ANSWER, CHOICES, facts_of, item_of
from edgeprof.quality.generated.needle import TEMPLATE
from edgeprof.quality.generated.words import ANSWERS, PEOPLE, PLACES
from edgeprof.quality.groups import GROUP, member_id
from edgeprof.quality.parameters import Parameter, Values

FACTS = 3
WORDINGS = (
    ("{who} left the {what} at the {where}.", "What did {who} leave at the {where}?"),
    ("At the {where}, {who} left the {what}.", "Which thing was left at the {where} by {who}?"),
    ("The {what} was left at the {where} by {who}.", "{who} left something at the {where}. What was it?"),
)


def _make(values: Values, stream_of: StreamOf) -> Made:
    items = [item for number in range(1, int(values["groups"]) + 1) for item in _group(number, values, stream_of)]
    return Made(facts_of("paraphrases", values, TEMPLATE), items)


def _group(number: int, values: Values, stream_of: StreamOf) -> list[Item]:
    group = f"p{number}"
    stream = stream_of(group)
    things = stream.sample(ANSWERS, CHOICES)
    facts = [
        {"who": who, "what": what, "where": where}
        for who, what, where in zip(
            stream.sample(PEOPLE, FACTS), things[:FACTS], stream.sample(PLACES, FACTS), strict=True
        )
    ]
    asked = facts[int(stream.random() * FACTS)]
    wrong = [thing for thing in things if thing != asked["what"]]
    order = stream_of(f"{group} choices")
    # One order of the choices for the whole group: its wording is all that differs.
    seed = int(order.random() * 2**32)
    items: list[Item] = []
    for place, (told, question) in enumerate(WORDINGS, start=1):
        fields = {
            "context": " ".join(told.format(**each) for each in facts),
            "question": question.format(**asked),
            GROUP: group,
        }
        items.append(item_of(member_id(group, place), fields, asked["what"], wrong, values, type(order)(seed)))
    return items


PARAPHRASES = Generator(
    name="paraphrases",
    title="One question in three wordings",
    parameters=(
        Parameter(name="groups", default=40, low=1, high=2_000, meaning="questions, each in three wordings"),
        ANSWER,
    ),
    make=_make,
)
