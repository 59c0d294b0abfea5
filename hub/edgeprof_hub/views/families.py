"""Contexts of the page of families, and of the page that shows what a change moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof.wire import rest

TITLES = {
    "merge": "Merge two families",
    "split": "Split a family",
    "rename": "Rename a family",
    "move": "Move to another family",
}


@dataclass(frozen=True)
class FamiliesPage:
    """`models`: by id. `changed`: the family that was just changed; `problem`: why none was."""

    families: Sequence[rest.FamilyRecord]
    models: Mapping[str, rest.ModelRecord]
    changes: Sequence[rest.LabelChange]
    problem: str = ""
    changed: str = ""

    def others(self, family: str) -> list[str]:
        """Names of the other families."""
        return [one.name for one in self.families if one.name != family]


@dataclass(frozen=True)
class FamilyChangePage:
    """A change that waits for its confirmation. `fields`: name and value of what its form sends to `action`."""

    effects: rest.FamilyEffects
    action: str
    fields: tuple[tuple[str, str], ...]
    back: str

    @property
    def title(self) -> str:
        """What is about to be done."""
        return TITLES[self.effects.change.act]
