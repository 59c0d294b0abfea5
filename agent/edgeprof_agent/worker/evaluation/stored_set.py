"""A set's folder as the worker reads it: the parent has checked it before."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from edgeprof.quality.evaluation_set import FACTS_FILE, ITEMS_FILE, Item, SetFacts


class StoredSet(NamedTuple):
    """What a set says of itself, its items in order, and where its files lie."""

    facts: SetFacts
    items: list[Item]
    folder: Path


def stored_set(folder: str) -> StoredSet:
    """The set in a folder that was checked."""
    place = Path(folder)
    document: dict[str, Any] = json.loads((place / FACTS_FILE).read_bytes())
    document["classes"] = tuple(document.get("classes", ()))
    facts = SetFacts(**document)
    lines = (place / ITEMS_FILE).read_bytes().split(b"\n")
    return StoredSet(facts, [json.loads(line) for line in lines if line.strip()], place)
