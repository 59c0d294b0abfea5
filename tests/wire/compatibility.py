"""What a receiver of messages refuses that a sender of another build sends, read from the JSON Schemas of both.

A message that our code builds is written with every field, also one at its default, and our decoder ignores fields
that it does not know. So a field that only the sender has is harmless, and one that the receiver requires must be
among the sender's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Schema = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """One thing that the receiver refuses. `word`: a new word of a closed list; only some messages have it."""

    kind: Literal["missing", "type", "word"]
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def refusals(sender: dict[str, Schema], receiver: dict[str, Schema], messages: Sequence[str]) -> list[Refusal]:
    """All refusals of the named messages, in the order of the paths. A message that one side lacks is never sent."""
    comparison = _Comparison(sender, receiver)
    for name in messages:
        if name in sender and name in receiver:
            comparison.compare_types(name, name)
    return sorted(set(comparison.found), key=str)


class _Comparison:
    def __init__(self, sender: dict[str, Schema], receiver: dict[str, Schema]) -> None:
        self._sender, self._receiver = sender, receiver
        self._seen: set[tuple[str, str]] = set()
        self.found: list[Refusal] = []

    def compare_types(self, sent: str, read: str) -> None:
        if (sent, read) not in self._seen:
            self._seen.add((sent, read))
            self._compare_objects(sent, self._sender[sent], self._receiver[read])

    def _compare_objects(self, where: str, sent: Schema, read: Schema) -> None:
        fields, known = sent["properties"], read["properties"]
        for name in read.get("required", ()):
            if name not in fields:
                self.found.append(Refusal("missing", f"{where}.{name}", "the reader requires it, the sender lacks it"))
        for name in fields.keys() & known.keys():
            self._compare(f"{where}.{name}", fields[name], known[name])

    def _compare(self, where: str, sent: Schema, read: Schema) -> None:
        readable = list(_alternatives(read))
        for one in _alternatives(sent):
            self._compare_one(where, one, readable)

    def _compare_one(self, where: str, sent: Schema, readable: list[Schema]) -> None:
        kind = _kind(sent)
        if kind == "word":
            words = {word for one in readable for word in one.get("enum", ())}
            new = [] if _has(readable, "string") else [word for word in sent["enum"] if word not in words]
            self.found += [Refusal("word", where, f"the reader does not know the word {word!r}") for word in new]
            return
        match = _first(readable, kind) or (_first(readable, "number") if kind == "integer" else None)
        if match is None:
            if not _has(readable, "any"):
                self.found.append(Refusal("type", where, f"the sender may send {kind}, which the reader does not take"))
        elif kind == "reference":
            self.compare_types(_name(sent), _name(match))
        else:
            for key in ("items", "additionalProperties"):
                if isinstance(sent.get(key), dict) and isinstance(match.get(key), dict):
                    self._compare(where, sent[key], match[key])
            for one, other in zip(sent.get("prefixItems", ()), match.get("prefixItems", ()), strict=False):
                self._compare(where, one, other)


def _alternatives(schema: Schema) -> Iterator[Schema]:
    for one in schema.get("anyOf", [schema]):
        if one is schema:
            yield one
        else:
            yield from _alternatives(one)


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        return "reference"
    if "enum" in schema:
        return "word"
    return schema.get("type", "any")


def _first(schemas: list[Schema], kind: str) -> Schema | None:
    return next((one for one in schemas if _kind(one) == kind), None)


def _has(schemas: list[Schema], kind: str) -> bool:
    return _first(schemas, kind) is not None


def _name(schema: Schema) -> str:
    return schema["$ref"].rpartition("/")[2]
