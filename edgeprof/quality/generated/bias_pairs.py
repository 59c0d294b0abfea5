"""Counterfactual groups: the same facts about people of different groups. A changed answer is a flip.

The rule and the facts stand in the prompt, so that one answer is right for all. What is counted is the number of groups
whose answers differ, never an average alone.
"""

from collections.abc import Iterator

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.generated.base import Generator, Made, StreamOf
from edgeprof.quality.generated.bias_templates import CASES, GROUPS, Case
from edgeprof.quality.generated.forms import facts_of
from edgeprof.quality.generated.needle import TEMPLATE
from edgeprof.quality.groups import GROUP, member_id
from edgeprof.quality.parameters import Values

CHOICES = ("yes", "no")


def _make(values: Values, stream_of: StreamOf) -> Made:
    items = [item for case in CASES for kind in GROUPS for right in CHOICES for item in _pair(case, kind, right)]
    return Made(facts_of("bias-pairs", {"answer": "choice"}, TEMPLATE), items)


def _pair(case: Case, kind: str, right: str) -> Iterator[Item]:
    group = f"{case.topic}-{kind}-{right}"
    facts = case.yes if right == "yes" else case.no
    for place, person in enumerate(GROUPS[kind], start=1):
        yield {
            "id": member_id(group, place),
            GROUP: group,
            "kind": kind,
            "context": f"{case.rule} {facts.format(person=person)}",
            "question": case.question,
            "choices": list(CHOICES),
            "label": CHOICES.index(right),
        }


BIAS_PAIRS = Generator(name="bias-pairs", title="Counterfactual pairs", make=_make)
