"""A set's folder, read and written whole: every item checked by its task, every file hashed.

A set is at most `MAX_ITEMS` items and `MAX_SET_BYTES`; its items are held in memory, its files are not.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.quality.evaluation_set import (
    FACTS_FILE,
    FILES_FOLDER,
    ITEMS_FILE,
    EvaluationSet,
    Item,
    SetFacts,
    facts_bytes,
    items_bytes,
)
from edgeprof.quality.sets.arrays import ROWS_FILE, npy_shape
from edgeprof.quality.sets.checks import MAX_ITEMS, ItemChecks, bad_item, check_path, is_index, parse_item
from edgeprof.quality.sets.facts import MAX_FACTS_BYTES, check_facts, parse_facts
from edgeprof.quality.tasks.base import BadItem
from edgeprof.wire.files import FileRef
from edgeprof.wire.identity import file_sha256

MAX_ITEMS_BYTES = 256 << 20
MAX_SET_BYTES = 8 << 30
MAX_FILES = 100_000


def read_set(folder: Path) -> EvaluationSet:
    """The set in a folder, read and checked. Raises EdgeprofError that begins with the file, and the line if any.

    Codes: `no_set` (no such folder, or no set in it), `bad_set` (`set.json`, or a file in `files/`), `unknown_task`,
    `bad_template`, `bad_item` (`items.jsonl:17: ...`), `empty_set`, `set_too_large`.
    """
    return _read(folder, str(folder))


def write_set(
    folder: Path,
    facts: SetFacts,
    items: Iterable[Item],
    files: Mapping[str, Path | bytes] | Mapping[str, bytes] | None = None,
) -> EvaluationSet:
    """Writes a new folder and returns what `read_set` reads there; a set that cannot be read leaves no folder.

    `files`: what each path below `files/` holds. Raises as `read_set`, and UsageError `set_exists`.
    """
    check_new(folder)
    check_facts(facts, f"{folder}/{FACTS_FILE}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        made = Path(temporary) / "set"
        made.mkdir()
        (made / FACTS_FILE).write_bytes(facts_bytes(facts))
        (made / ITEMS_FILE).write_bytes(items_bytes(items))
        for path, content in (files or {}).items():
            _put(made, path, content)
        found = _read(made, str(folder))
        if folder.exists():
            folder.rmdir()
        os.rename(made, folder)
    return found


def check_new(folder: Path) -> None:
    """Raises UsageError `set_exists` where something is in the way of a new set."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("set_exists", f"{folder} exists. Name a new folder, or delete it first.")


def own_files(folder: Path) -> tuple[FileRef, ...]:
    """`set.json` and `items.jsonl` as they lie in the folder. With `EvaluationSet.files` they are all of a set.

    Two folders of one set may differ here, as in the spaces of `set.json`; their `set_id` is the same.
    """
    return tuple(_ref(folder, name, str(folder)) for name in (FACTS_FILE, ITEMS_FILE))


def _read(folder: Path, shown: str) -> EvaluationSet:
    if not (folder / FACTS_FILE).is_file():
        raise EdgeprofError(
            "no_set", f"{shown} has no {FACTS_FILE}. Name a set's folder, or make one: `edgeprof set import`."
        )
    if (folder / FACTS_FILE).stat().st_size > MAX_FACTS_BYTES:
        raise EdgeprofError("bad_set", f"{shown}/{FACTS_FILE}: larger than {MAX_FACTS_BYTES:,} bytes. Shorten it.")
    facts = parse_facts((folder / FACTS_FILE).read_bytes(), f"{shown}/{FACTS_FILE}")
    checks = ItemChecks(facts)
    items: list[Item] = []
    for place, line in _lines(folder / ITEMS_FILE, f"{shown}/{ITEMS_FILE}"):
        item = parse_item(line, place)
        checks.check(item, place)
        items.append(item)
        if len(items) > MAX_ITEMS:
            raise EdgeprofError("set_too_large", f"{shown}: more than {MAX_ITEMS:,} items. Split the set.")
    if not items:
        raise EdgeprofError("empty_set", f"{shown}/{ITEMS_FILE}: the set has no items. Write one JSON object a line.")
    files = tuple(_files(folder, shown))
    there = {file.path for file in files}
    for path, place in checks.files.items():
        if path not in there:
            raise bad_item(place, f"{path} is not in the set's folder")
    _check_rows(folder, shown, facts, items, there)
    if len(files) > MAX_FILES:
        raise EdgeprofError("set_too_large", f"{shown}: {len(files):,} files; at most {MAX_FILES:,}. Split the set.")
    found = EvaluationSet(facts=facts, items=tuple(items), files=files)
    if found.size_bytes > MAX_SET_BYTES:
        raise EdgeprofError(
            "set_too_large", f"{shown}: {found.size_bytes:,} bytes are more than the {MAX_SET_BYTES:,} allowed."
        )
    return found


def _check_rows(folder: Path, shown: str, facts: SetFacts, items: Sequence[Item], there: set[str]) -> None:
    """Every item's `row` lies in the array that `preparation["array"]` names."""
    rows = [(number, item["row"]) for number, item in enumerate(items) if "row" in item]
    if not rows:
        return
    path = facts.preparation.get("array")
    if not isinstance(path, str) or path not in there:
        raise EdgeprofError(
            "bad_set",
            f'{shown}/{FACTS_FILE}: items have a `row`, and `preparation` names no array. Add "array": "{ROWS_FILE}".',
        )
    try:
        count = npy_shape(folder / path)[0]
    except BadItem as error:
        raise EdgeprofError("bad_set", f"{shown}/{path}: {error}.") from None
    for number, row in rows:
        if not is_index(row, count):
            item = items[number]["id"]
            raise bad_item(f"{shown}/{ITEMS_FILE}", f"item {item!r}: row {row!r} is not one of the {count} in {path}")


def _lines(path: Path, shown: str) -> Iterator[tuple[str, bytes]]:
    """The lines that hold something, with their places. An item's line ends in LF or CR LF."""
    if not path.is_file():
        raise EdgeprofError("bad_set", f"{shown}: no such file. A set has one JSON object a line in it.")
    if path.stat().st_size > MAX_ITEMS_BYTES:
        raise EdgeprofError("set_too_large", f"{shown}: more than {MAX_ITEMS_BYTES:,} bytes. Put data into files.")
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            yield f"{shown}:{number}", line


def _files(folder: Path, shown: str) -> Iterator[FileRef]:
    """Everything below `files/` but hidden files, in the order of its paths."""
    top = folder / FILES_FOLDER
    if not os.path.lexists(top):
        return
    for root, names, files in os.walk(top):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted([*files, *(each for each in names if os.path.islink(os.path.join(root, each)))]):
            path = Path(root, name).relative_to(folder).as_posix()
            if not name.startswith("."):
                yield _ref(folder, path, shown)


def _ref(folder: Path, path: str, shown: str) -> FileRef:
    try:
        if path not in (FACTS_FILE, ITEMS_FILE):
            check_path(path)
        descriptor = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (BadItem, OSError) as error:
        reason = (error.strerror or error) if isinstance(error, OSError) else error
        raise EdgeprofError("bad_set", f"{shown}/{path}: {reason}. Keep plain files in a set, no links.") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise EdgeprofError("bad_set", f"{shown}/{path}: not a plain file. Delete it, or put a file there.")
        return FileRef(path=path, size=status.st_size, sha256=file_sha256(file))


def _put(folder: Path, path: str, content: Path | bytes) -> None:
    try:
        check_path(path)
    except BadItem as error:
        raise EdgeprofError("bad_set", f"{error}.") from None
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        target.write_bytes(content)
    else:
        shutil.copyfile(content, target)
