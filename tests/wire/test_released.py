"""A message that a release has sent is read by every later one of the same wire version, with each of its fields.

`released/v1/` holds messages of version 0.1.0, one per file. Files are added and never changed: agents in the field
still send these messages.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from edgeprof.wire import WIRE_VERSION, codec

FOLDER = Path(__file__).parent / "released" / f"v{WIRE_VERSION}"
FILES = sorted(FOLDER.glob("*.json"))


def message_class(file: Path) -> str:
    """`result-failed.json` is one more `result`."""
    return file.stem.partition("-")[0]


def leaves(document: object, where: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a document that holds no others, by its path. What is empty is a value."""
    if isinstance(document, dict) and document:
        for key, value in cast(dict[str, object], document).items():
            yield from leaves(value, f"{where}.{key}")
    elif isinstance(document, list) and document:
        for position, value in enumerate(cast(list[object], document)):
            yield from leaves(value, f"{where}[{position}]")
    else:
        yield where, document


def lost(sent: object, read: object) -> list[str]:
    """The paths of a sent document that are missing or have another value. Fields added since are ignored."""
    found = dict(leaves(read))
    return [path for path, value in leaves(sent) if path not in found or found[path] != value]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_released_message_is_read_with_every_field(file: Path) -> None:
    sent = file.read_bytes()
    read = codec.decode(message_class(file), sent)
    assert lost(json.loads(sent), json.loads(codec.encode(read))) == []


def test_there_is_one_of_every_class() -> None:
    assert {message_class(file) for file in FILES} == set(codec.MESSAGE_TYPES)


def test_a_renamed_field_would_be_noticed() -> None:
    assert lost({"a": [{"b": 1}]}, {"a": [{"c": 1}], "d": 2}) == [".a[0].b"]
