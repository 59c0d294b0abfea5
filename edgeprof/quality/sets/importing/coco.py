"""COCO: a JSON file with `images`, `annotations` and `categories`, and a folder of images.

Format: cocodataset.org, "Data format", object detection. Boxes are [x, y, width, height] in pixels.
"""

import json
from pathlib import Path
from typing import Any, cast

from edgeprof.errors import EdgeprofError
from edgeprof.quality.sets.checks import bad_item
from edgeprof.quality.sets.importing.base import (
    MAX_WARNINGS,
    Imported,
    ImportRequest,
    Placed,
    class_index,
    found_file,
    read_text,
    stored_path,
)
from edgeprof.quality.sets.importing.images import check_image, pillow

_OVERHANG_PX = 1.0
"""COCO's own boxes reach so far beyond their images by rounding."""


class Coco:
    """Object detection; an item's id is the name of its image's file."""

    name = "coco"
    title = "COCO annotations (JSON) and a folder of images"

    def fits(self, path: Path, task: str) -> bool:
        return path.is_file() and path.suffix.lower() == ".json" and task == "object-detection"

    def read(self, request: ImportRequest) -> Imported:
        pillow()
        path = request.path
        document = _document(path)
        names = _categories(document, path)
        classes = request.classes or tuple(names.values())
        folder = request.files_folder or _images_folder(path)
        images, places = _images(document, path)
        objects: dict[Any, list[dict[str, Any]]] = {each: [] for each in images}
        for number, found in enumerate(_entries(document, "annotations", path)):
            place = f"{path}: annotations[{number}]"
            image = found.get("image_id")
            if not _is_key(image, images):
                raise bad_item(place, f"image_id {image!r} is in no `images` entry")
            if not _is_key(found.get("category_id"), names):
                raise bad_item(place, f"category_id {found.get('category_id')!r} is in no `categories` entry")
            label = class_index(names[found["category_id"]], classes, place)
            objects[image].append(_object(found, label, place))
        items: list[Placed] = []
        files: dict[str, Path | bytes] = {}
        warnings: list[str] = []
        for key, name in images.items():
            file = found_file(folder, name, places[key])
            size = check_image(file, places[key])
            stored = stored_path(folder, file)
            files[stored] = file
            warnings += [f"{places[key]}: {text}" for text in _outside(objects[key], size)]
            items.append(Placed({"id": name, "file": stored, "objects": objects[key]}, places[key]))
        return Imported(items=items, files=files, classes=classes, warnings=tuple(warnings[:MAX_WARNINGS]))


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise bad_item(f"{path}:{error.lineno}", f"not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise bad_item(str(path), f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise bad_item(str(path), "not a JSON object with `images`, `annotations` and `categories`")
    return cast("dict[str, Any]", document)


def _entries(document: dict[str, Any], field: str, path: Path) -> list[dict[str, Any]]:
    found = document.get(field)
    if not isinstance(found, list):
        raise bad_item(str(path), f"has no list `{field}`")
    for number, each in enumerate(cast("list[Any]", found)):
        if not isinstance(each, dict):
            raise bad_item(f"{path}: {field}[{number}]", "not an object")
    return cast("list[dict[str, Any]]", found)


def _categories(document: dict[str, Any], path: Path) -> dict[Any, str]:
    """Names by id, in the order of the ids, which models trained on COCO keep."""
    names: dict[Any, str] = {}
    for number, each in enumerate(_entries(document, "categories", path)):
        if not isinstance(each.get("id"), int) or not isinstance(each.get("name"), str) or each["id"] in names:
            raise bad_item(f"{path}: categories[{number}]", "has no whole number `id` of its own and `name`")
        names[each["id"]] = each["name"]
    return dict(sorted(names.items()))


def _images(document: dict[str, Any], path: Path) -> tuple[dict[Any, str], dict[Any, str]]:
    """Files and places of images, by id."""
    images: dict[Any, str] = {}
    places: dict[Any, str] = {}
    for number, each in enumerate(_entries(document, "images", path)):
        place = f"{path}: images[{number}]"
        if not isinstance(each.get("id"), (int, str)) or not isinstance(each.get("file_name"), str):
            raise bad_item(place, "has no `id` and `file_name`")
        if each["id"] in images:
            raise bad_item(place, f"id {each['id']!r} is taken by {places[each['id']]}")
        images[each["id"]], places[each["id"]] = each["file_name"], place
    if not images:
        raise EdgeprofError("empty_set", f"{path}: `images` is empty.")
    return images, places


def _images_folder(path: Path) -> Path:
    beside = path.parent / "images"
    return beside if beside.is_dir() else path.parent


def _object(found: dict[str, Any], label: int, place: str) -> dict[str, Any]:
    box = found.get("bbox")
    numbers = cast("list[Any]", box) if isinstance(box, list) else []
    if len(numbers) != 4 or not all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in numbers):
        raise bad_item(place, f"bbox {box!r} is not [x, y, width, height]")
    if numbers[2] <= 0 or numbers[3] <= 0:
        raise bad_item(place, f"bbox {box!r} has no area")
    return {"box": numbers, "label": label, **({"is_crowd": True} if found.get("iscrowd") else {})}


def _outside(objects: list[dict[str, Any]], size: tuple[int, int]) -> list[str]:
    """Boxes that reach beyond their image, which often means that x and y, or the scale, are mixed up."""
    found: list[str] = []
    for each in objects:
        x, y, width, height = each["box"]
        over = max(-x, -y, x + width - size[0], y + height - size[1])
        if over > _OVERHANG_PX:
            found.append(f"box {each['box']} reaches {over:g} pixels beyond the image of {size[0]} x {size[1]}.")
    return found


def _is_key(value: Any, known: dict[Any, str]) -> bool:
    return isinstance(value, (int, str)) and value in known
