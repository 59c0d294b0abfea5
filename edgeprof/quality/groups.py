"""Items that belong together: repeats, paraphrases, pairs. One answer is expected to all of a group.

An item of a group names it in its field `group`. Its id is the group's, a `~` and its place, as `q17~2`: outcomes hold
ids alone, and so they can be grouped without the set.
"""

from collections.abc import Iterable

from edgeprof.quality.outcomes import Outcome

GROUP = "group"
_MARK = "~"


def member_id(group: str, place: int) -> str:
    """The id of a group's item; places begin at 1.

    >>> member_id("q17", 2)
    'q17~2'
    """
    return f"{group}{_MARK}{place}"


def group_of(item_id: str) -> str:
    """The group in an item's id; the id itself where it has none.

    >>> group_of("q17~2"), group_of("q17"), group_of("a~b")
    ('q17', 'q17', 'a~b')
    """
    group, mark, place = item_id.rpartition(_MARK)
    return group if mark and group and place.isascii() and place.isdecimal() else item_id


def grouped(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Outcomes by group, in their order."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(group_of(outcome.item_id), []).append(outcome)
    return groups
