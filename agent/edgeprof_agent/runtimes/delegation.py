"""A silent fallback made an error: part of a model ran elsewhere than asked, though all of it had to run there."""

from collections.abc import Sequence
from typing import NamedTuple

from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

_NAMED = 5


class Placed(NamedTuple):
    """One node: its operator, and whether it runs where it was asked to."""

    operator: str
    is_there: bool


def check_all_there(provider: str, elsewhere: str, nodes: Sequence[Placed]) -> None:
    """Raises RuntimeFailure `partial_delegation`, with the counts and the first operators that fell back."""
    fallen = [node.operator for node in nodes if not node.is_there]
    if not fallen:
        return
    first = list(dict.fromkeys(fallen))
    more = ", ..." if len(first) > _NAMED else ""
    raise RuntimeFailure(
        "partial_delegation",
        f"Full delegation to {provider} was required, but {len(fallen)} of {len(nodes)} nodes run on {elsewhere}. "
        f"First operators that fell back: {', '.join(first[:_NAMED])}{more}.",
    )
