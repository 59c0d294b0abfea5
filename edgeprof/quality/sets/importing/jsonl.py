"""A JSONL file: each line an item with its task's own fields. `id` may be left out, and labels may be names."""

from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError
from edgeprof.quality.sets.checks import bad_item, parse_item
from edgeprof.quality.sets.importing.base import (
    Imported,
    ImportRequest,
    Placed,
    class_index,
    class_names,
    found_file,
    read_text,
    stored_path,
)
from edgeprof.quality.sets.importing.images import SUFFIXES, check_image

CHOICES_TASK = "multiple-choice"


class Jsonl:
    """Every task. Files are named from the file's own folder."""

    name = "jsonl"
    title = "a JSONL file: one item a line"

    def fits(self, path: Path, task: str) -> bool:
        return path.is_file() and path.suffix.lower() in (".jsonl", ".ndjson")

    def read(self, request: ImportRequest) -> Imported:
        lines = list(_lines(request.path))
        if not lines:
            raise EdgeprofError("empty_set", f"{request.path}: no items. Write one JSON object a line.")
        classes = _labelled(request, lines)
        folder = request.files_folder or request.path.parent
        files: dict[str, Path | bytes] = {}
        for item, place in lines:
            if "file" in item:
                _take_file(item, folder, place, files)
        preparation = {"documents": documents_of(request.documents)} if request.documents else {}
        return Imported(
            items=[Placed(item, place) for item, place in lines],
            files=files,
            classes=classes,
            preparation=preparation,
        )


def documents_of(path: Path) -> dict[str, str]:
    """Texts by id, of a JSONL file with `id` and `text` a line. Raises EdgeprofError by file and line."""
    found: dict[str, str] = {}
    for document, place in _lines(path):
        identity, text = document["id"], document.get("text")
        if not isinstance(identity, str) or not isinstance(text, str) or not text.strip():
            raise bad_item(place, "a document has an `id` and a `text`, both texts")
        if identity in found:
            raise bad_item(place, f"the id {identity!r} is taken. Give each document its own")
        found[identity] = text
    return found


def _lines(path: Path) -> list[tuple[dict[str, Any], str]]:
    found: list[tuple[dict[str, Any], str]] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            found.append((parse_item(line.encode(), f"{path}:{number}", f"line-{number}"), f"{path}:{number}"))
    return found


def _labelled(request: ImportRequest, lines: list[tuple[dict[str, Any], str]]) -> tuple[str, ...]:
    """Names of classes in the place of labels become indices; for multiple choice without choices, choices, too."""
    names = [item["label"] for item, _ in lines if isinstance(item.get("label"), str)]
    if not names:
        return request.classes
    classes = class_names(names, request.classes)
    for item, place in lines:
        if isinstance(item.get("label"), int) and any(name.isdecimal() for name in classes):
            raise bad_item(
                place, f"label {item['label']} is a number, and others are texts. Write all as one of the two"
            )
        if isinstance(item.get("label"), str):
            item["label"] = class_index(item["label"], classes, place)
            if request.task == CHOICES_TASK:
                item.setdefault("choices", list(classes))
    return () if request.task == CHOICES_TASK else classes


def _take_file(item: dict[str, Any], folder: Path, place: str, files: dict[str, Path | bytes]) -> None:
    if not isinstance(item["file"], str):
        raise bad_item(place, f"`file` must be a path, not {item['file']!r}")
    path = found_file(folder, item["file"], place)
    if path.suffix.lower() in SUFFIXES:
        check_image(path, place)
    item["file"] = stored_path(folder, path)
    files[item["file"]] = path
