"""A CSV file with a header: a column of files or columns of numbers, and a column of labels; else texts by column."""

import csv
import io
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.sets.arrays import ROWS_FILE, npy_bytes
from edgeprof.quality.sets.checks import bad_item
from edgeprof.quality.sets.importing.base import (
    Imported,
    ImportRequest,
    Placed,
    class_index,
    class_names,
    found_file,
    read_text,
    same_files,
    stored_path,
)
from edgeprof.quality.sets.importing.images import SUFFIXES, check_image

CLASSIFICATIONS = ("image-classification", "series-classification")
_LABELS = ("label", "class", "target")
_FILES = ("file", "path", "image", "filename")
MAX_BYTE = 255

Row = tuple[str, dict[str, str]]
"""Where it is, and its cells by column."""


class CsvTable:
    """Classification of image files or of rows of numbers; for other tasks each column is a field of its name."""

    name = "csv"
    title = "a CSV file: image file or numbers, and a label"

    def fits(self, path: Path, task: str) -> bool:
        return path.is_file() and path.suffix.lower() in (".csv", ".tsv")

    def read(self, request: ImportRequest) -> Imported:
        rows = list(rows_of(request.path))
        if not rows:
            raise EdgeprofError("empty_set", f"{request.path}: no rows below the header. Add one an item.")
        columns = list(rows[0][1])
        file_column = _column(columns, request.file_column, _FILES, "--file-column", request)
        if request.task not in CLASSIFICATIONS:
            return _texts(request, rows, file_column)
        label_column = _column(columns, request.label_column, _LABELS, "--label-column", request)
        if not label_column:
            raise UsageError(
                "bad_import",
                f"{request.path} has no column {', '.join(_LABELS)}. Name the labels: --label-column COLUMN.",
            )
        classes = class_names((cells[label_column] for _, cells in rows), request.classes)
        labels = [class_index(cells[label_column], classes, place) for place, cells in rows]
        if file_column:
            return _files(request, rows, file_column, labels, classes)
        return _numbers(request, rows, [each for each in columns if each not in (label_column, "id")], labels, classes)


def rows_of(path: Path) -> Iterator[Row]:
    """Rows below the header. Raises EdgeprofError `bad_item` for one of another length, by file and line."""
    text = read_text(path)
    head = text.split("\n", 1)[0]
    delimiter = next((each for each in ("\t", ";") if each in head and "," not in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    try:
        for cells in reader:
            place = f"{path}:{reader.line_num}"
            if not cells:
                continue
            if not columns:
                columns = _header(cells, place)
            elif len(cells) != len(columns):
                raise bad_item(place, f"{len(cells)} cells; the header has {len(columns)} columns")
            else:
                yield place, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise bad_item(f"{path}:{reader.line_num}", f"not CSV: {error}") from None


def _header(cells: list[str], place: str) -> list[str]:
    columns = [cell.strip() for cell in cells]
    twice = next((name for name in columns if columns.count(name) > 1 or not name), None)
    if twice is not None:
        raise bad_item(place, f"column {twice!r} stands twice or has no name. The first line names every column")
    if all(_is_number(cell) for cell in columns):
        raise bad_item(place, "the first line holds numbers. It must name the columns")
    return columns


def _column(columns: list[str], wanted: str, usual: tuple[str, ...], option: str, request: ImportRequest) -> str:
    if wanted and wanted not in columns:
        raise UsageError(
            "bad_import", f"{option}: {request.path} has no column {wanted!r}. Columns: {', '.join(columns[:20])}."
        )
    return wanted or next((name for name in usual if name in columns), "")


def _files(
    request: ImportRequest, rows: list[Row], column: str, labels: list[int], classes: tuple[str, ...]
) -> Imported:
    folder = request.files_folder or request.path.parent
    items: list[Placed] = []
    files: dict[str, Path | bytes] = {}
    for (place, cells), label in zip(rows, labels, strict=True):
        path = found_file(folder, cells[column], place)
        check_image(path, place)
        stored = stored_path(folder, path)
        files[stored] = path
        items.append(Placed({"id": cells.get("id", cells[column]), "file": stored, "label": label}, place))
    return Imported(items=items, files=files, classes=classes, warnings=tuple(same_files(files)))


def _numbers(
    request: ImportRequest, rows: list[Row], columns: list[str], labels: list[int], classes: tuple[str, ...]
) -> Imported:
    """All numbers as one array: uint8 where each fits, else float32."""
    shape = request.shape or (len(columns),)
    if math.prod(shape) != len(columns):
        sizes = " x ".join(map(str, shape))
        raise UsageError("bad_import", f"--shape {sizes} has {math.prod(shape)} values; the rows have {len(columns)}.")
    values = [[_number(cells[name], name, place) for name in columns] for place, cells in rows]
    flat = [value for row in values for value in row]
    if all(value.is_integer() and 0 <= value <= MAX_BYTE for value in flat):
        array = npy_bytes(bytes(map(int, flat)), "|u1", (len(rows), *shape))
    else:
        array = npy_bytes(struct.pack(f"<{len(flat)}f", *flat), "<f4", (len(rows), *shape))
    items = [
        Placed({"id": cells.get("id", f"row-{number}"), "row": number, "label": label}, place)
        for number, ((place, cells), label) in enumerate(zip(rows, labels, strict=True))
    ]
    return Imported(items=items, files={ROWS_FILE: array}, classes=classes, preparation={"array": ROWS_FILE})


def _texts(request: ImportRequest, rows: list[Row], file_column: str) -> Imported:
    folder = request.files_folder or request.path.parent
    items: list[Placed] = []
    files: dict[str, Path | bytes] = {}
    for place, cells in rows:
        item: dict[str, Any] = {"id": place.rpartition(":")[2], **cells}
        if file_column:
            path = found_file(folder, cells[file_column], place)
            if path.suffix.lower() in SUFFIXES:
                check_image(path, place)
            item["file"] = stored_path(folder, path)
            files[item["file"]] = path
        if cells.get("label", "").isdecimal():
            item["label"] = int(cells["label"])
        items.append(Placed(item, place))
    return Imported(items=items, files=files)


def _number(text: str, column: str, place: str) -> float:
    if not _is_number(text):
        raise bad_item(place, f"column {column!r}: {text!r} is not a number")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and abs(float(text)) < 3e38 and "_" not in text
    except ValueError:
        return False
