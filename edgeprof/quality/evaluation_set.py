"""An evaluation set: its description, its items, and the id that follows from both.

A set is a folder: `set.json` (a `SetFacts`), `items.jsonl` (one JSON object a line, each with an `id`), and the files
that items name, below `files/`. Two folders with the same items, template and files have one id, whatever their names.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgeprof.wire.files import FileRef
from edgeprof.wire.identity import canonical_json, sha256_hex

FACTS_FILE = "set.json"
ITEMS_FILE = "items.jsonl"
FILES_FOLDER = "files"

Item = Mapping[str, Any]
"""One item. Every task reads `id` (text, unique within the set); the rest is the task's own, see its module.

What several tasks share: `file` is a path within the set, as `files/cat.png`; `files` is a list of such paths. `row` is
an index into the rows of an array that the whole set shares, which `preparation["array"]` names, as `files/rows.npy`.
`label` is an index into the set's classes, or a class's name.
"""


@dataclass(frozen=True, kw_only=True)
class SetFacts:
    """What a set says of itself. Everything that changes an answer is part of its id; the rest only describes it."""

    name: str
    """To recognise it by; no part of the id."""
    task: str
    """A name in `tasks.table.TASKS`."""
    domain: str
    """`vision`, `audio`, `sensor` or `language`."""
    language: str = ""
    """BCP 47 of its texts, as `en`; empty where it has none."""
    licence: str = ""
    """SPDX, or the words of its owner; no part of the id."""
    source: str = ""
    """Where it is from, with the version; no part of the id."""
    template: str = ""
    """The prompt with its slots, as `{question}`; empty where the task has none."""
    classes: tuple[str, ...] = ()
    """Names of the classes, in the order of the model's outputs."""
    preparation: dict[str, Any] = field(default_factory=lambda: {})
    """How an item becomes the model's input and its output an answer, see the task's module."""
    parent: str = ""
    """Of a perturbed set: the id of the set that it was made from. Its items have the same ids."""
    perturbation: str = ""
    """What was done to the parent's items, as `noise(sigma=0.1, seed=1)`."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSet:
    """A set that was read and checked. `files`: what lies below `files/`, as paths within the set."""

    facts: SetFacts
    items: tuple[Item, ...]
    files: tuple[FileRef, ...] = ()

    @property
    def set_id(self) -> str:
        """SHA-256 of the set's canonical form, in hexadecimal."""
        return set_id(self.facts, self.items, self.files)

    @property
    def size_bytes(self) -> int:
        """What the set takes on a device's disk: its description, its items and its files."""
        own = len(facts_bytes(self.facts)) + len(items_bytes(self.items))
        return own + sum(file.size for file in self.files)


def set_id(facts: SetFacts, items: Iterable[Item], files: Iterable[FileRef]) -> str:
    """The id of a set: SHA-256 of its canonical items, template, classes, preparation, origin and files.

    Names, licence and source are no part of it: the same set under two names has one id.

    >>> facts = SetFacts(name="a", task="image-classification", domain="vision")
    >>> set_id(facts, [], []) == set_id(SetFacts(name="b", task="image-classification", domain="vision"), [], [])
    True
    """
    document = {
        "task": facts.task,
        "language": facts.language,
        "template": facts.template,
        "classes": list(facts.classes),
        "preparation": facts.preparation,
        "parent": facts.parent,
        "perturbation": facts.perturbation,
        "items": sha256_hex(b"\n".join(canonical_json(item) for item in items)),
        "files": [[file.path, file.sha256] for file in sorted(files, key=lambda file: file.path)],
    }
    return sha256_hex(canonical_json(document))


def items_bytes(items: Iterable[Item]) -> bytes:
    """`items.jsonl`: one canonical object a line, in the set's order."""
    return b"".join(canonical_json(item) + b"\n" for item in items)


def facts_bytes(facts: SetFacts) -> bytes:
    """`set.json`, for people to read, too."""
    from dataclasses import asdict

    return (json.dumps(asdict(facts), indent=1, ensure_ascii=False) + "\n").encode()
