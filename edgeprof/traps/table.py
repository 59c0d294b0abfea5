"""What a run and a page say of a trap: read from `table.json`, without YAML."""

from functools import lru_cache
from pathlib import Path

import msgspec

from edgeprof.tables.figures import clean
from edgeprof.wire.evidence import FoundTrap

FILE = Path(__file__).with_name("table.json")
PAGE = "docs/traps.md"
KNOWN_TRAP = "Known trap"
"""How a cell's note of a trap begins."""


class ShownTrap(msgspec.Struct, frozen=True, kw_only=True):
    """One trap in the words that stand next to a figure."""

    title: str
    effect: str
    way_out: str


@lru_cache(maxsize=1)
def table() -> dict[str, ShownTrap]:
    """By id."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, ShownTrap])


def plain(found: FoundTrap) -> str:
    """The same sentence for a page: without the backticks of a terminal, in one line whatever the agent sent."""
    return clean(sentence(found)).replace("`", "")


def sentence(found: FoundTrap) -> str:
    """For a line: the finding, what it does, the way out. Of a trap that only a newer agent knows: the finding."""
    known = table().get(found.trap)
    if known is None:
        return f"{found.evidence}."
    return f"{found.evidence}. {known.effect}. {known.way_out}"
