"""What a variant was made from, and by what: a JSON file next to the model."""

from pathlib import Path
from typing import Any

import msgspec

SUFFIX = ".made.json"


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A file by its content."""

    name: str
    size_bytes: int
    sha256: str


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs that a tool saw. `first_item`, `last_item`: their places in the set."""

    set_name: str
    set_id: str
    first_item: int
    last_item: int
    inferences: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One variant. `seconds` are those of the tool's process, its start included."""

    step: str
    title: str
    quantization: str
    source: FileFacts
    file: FileFacts
    tools: dict[str, str]
    settings: dict[str, Any]
    data: Data | None
    seconds: float
    requantized: bool = False
    """Whether the source's weights were quantized already: its losses are in every variant."""


def path_of(model: Path) -> Path:
    """Where a variant's manifest lies."""
    return model.with_name(model.name + SUFFIX)


def write(manifest: Manifest, model: Path) -> None:
    """Next to the model."""
    path_of(model).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def read(model: Path) -> Manifest | None:
    """None where there is none, or one of another release."""
    try:
        return msgspec.json.decode(path_of(model).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError):
        return None
