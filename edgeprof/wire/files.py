"""Files by content: of a model, or of an evaluation set."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FileRef:
    """One file, by content."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The files of a model and the one that a runtime is given; of an evaluation set and its description."""

    entry: str
    files: tuple[FileRef, ...]
