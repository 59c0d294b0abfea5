"""What an importer is given and what it finds. Standard library only; Pillow inside `images`."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.evaluation_set import FILES_FOLDER, Item, SetFacts
from edgeprof.quality.sets.checks import bad_item

MAX_WARNINGS = 20


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    """What a person asks for. Empty texts: as the importer finds it."""

    path: Path
    task: str
    name: str = ""
    template: str = ""
    language: str = ""
    licence: str = ""
    source: str = ""
    classes: tuple[str, ...] = ()
    """In the order of the model's outputs; empty: as found, in the order of their names."""
    preparation: Mapping[str, Any] = field(default_factory=lambda: {})
    label_column: str = ""
    file_column: str = ""
    shape: tuple[int, ...] = ()
    """Of one row of numbers; empty: as long as it is."""
    files_folder: Path | None = None
    """What files are named from; None: the folder of the file that names them."""
    documents: Path | None = None
    """Of a retrieval set: JSONL with `id` and `text` a line."""


class Placed(NamedTuple):
    """An item and where it is from, as `labels.csv:17`."""

    item: Item
    place: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What was found: items in the set's order, what their files hold, and what the data decides of the facts."""

    items: list[Placed]
    files: dict[str, Path | bytes] = field(default_factory=lambda: {})
    classes: tuple[str, ...] = ()
    preparation: dict[str, Any] = field(default_factory=lambda: {})
    warnings: tuple[str, ...] = ()
    facts: SetFacts | None = None
    """What holds where the request says nothing."""


class Importer(Protocol):
    """One form of data. An instance is stateless."""

    name: str
    title: str

    def fits(self, path: Path, task: str) -> bool:
        """Whether this looks like the form, for a task."""
        ...

    def read(self, request: ImportRequest) -> Imported:
        """Everything in it. Raises EdgeprofError that names file and line."""
        ...


P = TypeVar("P", bound=Placed)


def scattered(items: Iterable[P]) -> list[P]:
    """In an order that follows from the ids and no class, for the first N items stand for all of them."""
    return sorted(items, key=lambda placed: hashlib.sha256(str(placed.item["id"]).encode()).digest())


def class_names(found: Iterable[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The classes in order: as wanted, else by name, whole numbers by value."""
    if wanted:
        return wanted
    names = set(found)
    if all(name.isdecimal() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def class_index(name: str, classes: tuple[str, ...], place: str) -> int:
    """Raises EdgeprofError `bad_item` for a class that the set does not have."""
    try:
        return classes.index(name)
    except ValueError:
        raise bad_item(place, f"class {name!r} is not one of the set's classes: {', '.join(classes[:20])}") from None


def found_file(folder: Path, name: str, place: str) -> Path:
    """The file that data names, which lies in its folder. Raises EdgeprofError `bad_item`."""
    path = folder / name
    inside = os.path.abspath(path).startswith(os.path.join(os.path.abspath(folder), ""))
    if not name or not inside:
        raise bad_item(place, f"{name!r} is not a path within {folder}")
    if not path.is_file():
        raise bad_item(place, f"{path} is not there")
    return path


def stored_path(folder: Path, path: Path) -> str:
    """Where a file goes in the set: its own path below `files/`."""
    return f"{FILES_FOLDER}/{Path(os.path.relpath(path, folder)).as_posix()}"


def class_folders(path: Path, suffixes: frozenset[str]) -> dict[str, list[Path]]:
    """Files by the name of their class folder, deeper folders included; hidden ones are passed over.

    Raises EdgeprofError for a file of another kind, and for one outside of every class folder.
    """
    found: dict[str, list[Path]] = {}
    for each in sorted(path.rglob("*")):
        parts = each.relative_to(path).parts
        if any(part.startswith(".") for part in parts) or each.is_dir():
            continue
        if len(parts) == 1:
            raise bad_item(str(each), f"lies in no class folder. Move it into {path}/CLASS")
        if each.suffix.lower() not in suffixes:
            raise bad_item(str(each), f"not one of {' '.join(sorted(suffixes))}. Convert it, or move it elsewhere")
        found.setdefault(parts[0], []).append(each)
    if not found:
        raise EdgeprofError("empty_set", f"{path}: no files in class folders. Put each class into {path}/CLASS.")
    return found


def read_text(path: Path) -> str:
    """A file's text, UTF-8 with or without a byte order mark. Raises EdgeprofError that names the line."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise bad_item(f"{path}:{line}", "not UTF-8. Save the file as UTF-8") from None


def same_files(files: Mapping[str, Path | bytes]) -> list[str]:
    """A warning for each file that has the content of an earlier one."""
    first: dict[bytes, str] = {}
    warnings: list[str] = []
    for path, content in files.items():
        data = content if isinstance(content, bytes) else content.read_bytes()
        other = first.setdefault(hashlib.sha256(data).digest(), path)
        if other != path:
            warnings.append(f"{path} is the same as {other}: it counts twice.")
    more = len(warnings) - MAX_WARNINGS
    return warnings if more <= 0 else [*warnings[:MAX_WARNINGS], f"{more} more files are the same as others."]


def wrong_form(path: Path, names: Iterable[str]) -> UsageError:
    """The error of data in no form that is known."""
    return UsageError("unknown_form", f"{path} is in no known form for this task. Use --form: {', '.join(names)}.")
